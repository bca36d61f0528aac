"""NPY and NPZ files: values, columns and masks are NumPy's own; what is damaged or unclear is one line."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sources import counts, good, opened, refused

from airybench.data.reading.options import FrameOptions, LabelOptions, SourceOptions, StackKeys

RNG = np.random.default_rng(8)
IMAGES = RNG.poisson(20, (7, 12, 15)).astype(np.uint16)
IDS = np.arange(7) * 3 + 40


def asked(**keys: object) -> SourceOptions:
    return SourceOptions(keys=StackKeys(**keys))


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "i4", "f4", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_stack_is_read_in_any_order_of_bytes_and_axes(tmp_path: Path, dtype: str, order: str) -> None:
    images = np.asarray((IMAGES > 20) if dtype == "?" else IMAGES, dtype=dtype, order=order)
    np.save(tmp_path / "a.npy", images)
    source, notices = opened(tmp_path / "a.npy")
    np.testing.assert_array_equal(counts(source), images)
    assert source.ids.tolist() == list(range(7))
    assert any("numbered from 0" in line for line in notices)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npz_file_is_recognised_by_its_one_stack_and_the_name_of_its_ids(tmp_path: Path, save, order: str) -> None:
    save(tmp_path / "a.npz", images=np.asarray(IMAGES, order=order), shot_id=IDS, other=np.arange(3))
    source, notices = opened(tmp_path / "a.npz")
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert source.ids.tolist() == IDS.tolist()
    assert source.choices["ids"] == "shot_id"
    assert any("not used: other" in line for line in notices)


def test_columns_of_an_npz_file(tmp_path: Path) -> None:
    names = np.array([f"s{number}" for number in IDS])
    kinds, energy = np.arange(7) % 2, np.linspace(7, 8, 7)
    runs = np.array(["b", "b", "a", "a", "a", "b", "b"])
    np.savez(tmp_path / "a.npz", im=IMAGES, names=names, run=IDS, y=kinds, kev=energy, g=runs, tick=IDS[::-1])
    keys = asked(ids=("names", "run"), labels="y", energy="kev", unit="keV", groups="g", events=("tick",))
    source, _ = opened(tmp_path / "a.npz", options=replace(keys, labels=LabelOptions(class_names=("u", "v"))))
    assert source.ids.tolist() == [f"{name}:{number}" for name, number in zip(names, IDS, strict=True)]
    np.testing.assert_array_equal(source.labels, np.eye(2)[kinds])
    np.testing.assert_allclose(source.photon_energy, energy * 1000, rtol=1e-6)
    assert source.groups.tolist() == [2, 2, 1, 1, 1, 2, 2]
    assert source.events["tick"].tolist() == IDS[::-1].tolist()


def test_columns_of_an_npy_stack_are_npy_files(tmp_path: Path) -> None:
    for name, values in {"a": IMAGES, "ids": IDS}.items():
        np.save(tmp_path / f"{name}.npy", values)
    source, _ = opened(tmp_path / "a.npy", options=asked(ids=(str(tmp_path / "ids.npy"),), photon_energy=800.0))
    assert source.ids.tolist() == IDS.tolist()
    assert source.photon_energy.tolist() == [800.0] * 7


@pytest.mark.parametrize("each", [True, False])
def test_masks(tmp_path: Path, each: bool) -> None:
    flags = (RNG.random(IMAGES.shape if each else IMAGES.shape[1:]) > 0.9).astype(np.uint8)
    np.savez(tmp_path / "a.npz", im=IMAGES, flags=flags)
    source, _ = opened(tmp_path / "a.npz", options=asked(images="im", mask="flags", mask_convention="cxi"))
    expected = np.broadcast_to(flags == 0, IMAGES.shape)
    np.testing.assert_array_equal(good(source), expected)
    np.testing.assert_array_equal(counts(source), np.where(expected, IMAGES, 0))
    assert "--mask-convention" in refused(tmp_path / "a.npz", options=asked(images="im", mask="flags"))


def test_shots_along_the_last_axis_are_asked_about(tmp_path: Path) -> None:
    square = IMAGES[:, :, :12]
    np.save(tmp_path / "a.npy", np.moveaxis(square, 0, -1))
    message = refused(tmp_path / "a.npy")
    assert "--axis last" in message
    source, _ = opened(tmp_path / "a.npy", options=SourceOptions(frames=FrameOptions(axis="last")))
    np.testing.assert_array_equal(counts(source), square)
    np.savez(tmp_path / "b.npz", im=np.moveaxis(IMAGES, 0, -1), id=IDS)
    assert "--axis last" in refused(tmp_path / "b.npz")
    source, _ = opened(tmp_path / "b.npz", options=SourceOptions(frames=FrameOptions(axis="last")))
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert source.ids.tolist() == IDS.tolist()


def test_several_files_are_groups(tmp_path: Path) -> None:
    for name, part in {"a": IMAGES[:3], "b": IMAGES[3:]}.items():
        np.save(tmp_path / f"{name}.npy", part)
    source, _ = opened(tmp_path / "a.npy", tmp_path / "b.npy")
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert source.groups.tolist() == [1, 1, 1, 2, 2, 2, 2]
    (tmp_path / "again.npy").symlink_to(tmp_path / "a.npy")
    assert "twice" in refused(tmp_path / "a.npy", tmp_path / "again.npy")


@pytest.mark.parametrize(
    ("arrays", "keys", "message"),
    [
        ({"a": IMAGES, "b": IMAGES}, {}, "--images NAME"),
        ({"a": IDS}, {"images": "b"}, "no array b"),
        ({"a": np.array(["x"])}, {}, "a stack of numbers"),
        ({"a": IMAGES.astype(np.complex64)}, {}, "a stack of numbers"),
        ({"a": IMAGES, "b": IDS[:3]}, {"images": "a", "ids": ("b",)}, "no value for each of the 7"),
        ({"a": IMAGES, "y": IDS}, {"images": "a", "labels": "y"}, "--class-names"),
        ({"a": IMAGES - 30.5}, {}, "negative"),
    ],
)
def test_what_is_unclear_is_asked_for(tmp_path: Path, arrays: dict, keys: dict, message: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    assert message in refused(tmp_path / "a.npz", options=asked(**keys))


def test_damaged_and_hostile_files_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, IMAGES)
    whole = path.read_bytes()
    for cut in (3, 8, 40, 200, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert "damaged" in refused(path), cut
    np.savez_compressed(tmp_path / "a.npz", im=IMAGES, id=IDS)
    whole = (tmp_path / "a.npz").read_bytes()
    for cut in (3, 40, len(whole) // 2, len(whole) - 5):
        (tmp_path / "a.npz").write_bytes(whole[:cut])
        assert "damaged" in refused(tmp_path / "a.npz"), cut
    broken = bytearray(whole)
    broken[300] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(bytes(broken))
    assert "damaged" in refused(tmp_path / "a.npz")
    path.write_bytes(pickle.dumps(IMAGES))
    assert "damaged" in refused(path)
    for name, save in {"o.npy": np.save, "o.npz": np.savez}.items():
        save(tmp_path / name, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        assert "Python objects" in refused(tmp_path / name)


def test_a_file_that_says_it_is_endless_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for shape in (b"(7, 12, 15000000)", b"(7, 12, 15", b"(-7, 12, 15)"):
        np.save(path, IMAGES)
        header = path.read_bytes()[:128]
        path.write_bytes(header.replace(b"(7, 12, 15)", shape)[:127] + b"\n" + IMAGES.tobytes())
        assert "damaged" in refused(path)
