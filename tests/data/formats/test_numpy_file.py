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


def test_ids_that_begin_again_in_each_file_are_told_apart(tmp_path: Path) -> None:
    for name, part in {"a": IMAGES[:3], "b": IMAGES[3:6]}.items():
        np.savez(tmp_path / f"{name}.npz", images=part, ids=[1, 2, 3])
    source, notices = opened(tmp_path / "a.npz", tmp_path / "b.npz")
    assert source.ids.tolist() == ["a:1", "a:2", "a:3", "b:1", "b:2", "b:3"]
    assert any("begin again in every file" in line for line in notices)


def test_columns_of_an_npy_stack_are_npy_files(tmp_path: Path) -> None:
    for name, values in {"a": IMAGES, "ids": IDS}.items():
        np.save(tmp_path / f"{name}.npy", values)
    source, _ = opened(tmp_path / "a.npy", options=asked(ids=(str(tmp_path / "ids.npy"),), photon_energy=800.0))
    assert source.ids.tolist() == IDS.tolist()
    assert source.photon_energy.tolist() == [800.0] * 7


def test_what_is_called_a_mask_is_no_stack_and_may_have_an_axis_of_one_shot(tmp_path: Path) -> None:
    flags = (RNG.random(IMAGES.shape) > 0.9).astype(np.uint8)
    for mask in (flags, flags[:1]):
        np.savez(tmp_path / "a.npz", im=IMAGES, pixel_mask=mask, run=[1.0] * 3 + [2.0] * 4)
        message = refused(tmp_path / "a.npz", options=asked(mask="pixel_mask"))
        assert "--mask-convention" in message
        keys = asked(mask="pixel_mask", mask_convention="cxi", groups="run")
        source, _ = opened(tmp_path / "a.npz", options=keys)
        expected = np.broadcast_to(mask == 0, IMAGES.shape)
        np.testing.assert_array_equal(good(source), expected)
        np.testing.assert_array_equal(counts(source), np.where(expected, IMAGES, 0))
        assert source.groups.tolist() == [1, 1, 1, 2, 2, 2, 2]


def test_one_image_with_one_id(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=IMAGES[0], id=77)
    source, notices = opened(tmp_path / "a.npz")
    np.testing.assert_array_equal(counts(source), IMAGES[:1])
    assert source.ids.tolist() == [77]
    assert not any("not used" in line for line in notices)


@pytest.mark.parametrize("each", [True, False])
def test_masks(tmp_path: Path, each: bool) -> None:
    flags = (RNG.random(IMAGES.shape if each else IMAGES.shape[1:]) > 0.9).astype(np.uint8)
    np.savez(tmp_path / "a.npz", im=IMAGES, flags=flags)
    source, _ = opened(tmp_path / "a.npz", options=asked(images="im", mask="flags", mask_convention="cxi"))
    expected = np.broadcast_to(flags == 0, IMAGES.shape)
    np.testing.assert_array_equal(good(source), expected)
    np.testing.assert_array_equal(counts(source), np.where(expected, IMAGES, 0))
    assert "--mask-convention" in refused(tmp_path / "a.npz", options=asked(images="im", mask="flags"))


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize("dtype", ["u1", "f4", "?"])
def test_masks_that_leave_less_than_half_of_the_pixels_are_doubted(tmp_path: Path, each: bool, dtype: str) -> None:
    flags = np.zeros(IMAGES.shape if each else IMAGES.shape[1:], dtype)
    flags[..., :5] = 1
    np.savez(tmp_path / "a.npz", im=IMAGES, flags=flags)
    keys = {"images": "im", "mask": "flags"}
    _, notices = opened(tmp_path / "a.npz", options=asked(**keys, mask_convention="good-is-one"))
    assert any("only 33.33 % of the pixels are good by the convention good-is-one" in line for line in notices)
    source, notices = opened(tmp_path / "a.npz", options=asked(**keys, mask_convention="cxi"))
    assert not any("only" in line for line in notices)
    np.testing.assert_array_equal(good(source), np.broadcast_to(flags == 0, IMAGES.shape))
    np.savez(tmp_path / "b.npz", im=IMAGES, flags=np.ones_like(flags))
    assert "no pixel is good" in refused(tmp_path / "b.npz", options=asked(**keys, mask_convention="cxi"))
    np.savez(tmp_path / "c.npz", im=IMAGES, flags=flags * 0.5)
    assert "a mask holds whole numbers" in refused(tmp_path / "c.npz", options=asked(**keys, mask_convention="cxi"))


@pytest.mark.parametrize("kind", ["U", "S"])
def test_labels_that_are_words(tmp_path: Path, kind: str) -> None:
    words = np.array(["Round", "Empty", "Streak", "Round", "Round", "Empty", "Streak"], kind)
    np.savez(tmp_path / "a.npz", im=IMAGES, y=words)
    source, notices = opened(tmp_path / "a.npz", options=asked(labels="y"))
    assert source.class_names == ("Empty", "Round", "Streak")
    assert [source.class_names[column] for column in source.labels.argmax(axis=1)] == words.astype("U").tolist()
    assert any("Empty 2, Round 3, Streak 2" in line for line in notices)
    np.savez(tmp_path / "b.npz", im=IMAGES, y=np.where(words == words[1], "MAYBE", "Round"))
    assert "--unsure unlabelled" in refused(tmp_path / "b.npz", options=asked(labels="y"))
    np.savez(tmp_path / "c.npz", im=IMAGES, y=np.arange(7))
    options = replace(asked(labels="y"), labels=LabelOptions(class_names=tuple("abcdefg")))
    assert "other columns" in refused(tmp_path / "a.npz", tmp_path / "c.npz", options=options)


MODULES = RNG.poisson(20, (7, 3, 4, 5)).astype(np.uint16)


@pytest.mark.parametrize("last", [False, True])
def test_modules_are_asked_about_stacked_and_taken(tmp_path: Path, last: bool) -> None:
    np.savez(tmp_path / "a.npz", im=np.moveaxis(MODULES, 0, -1) if last else MODULES, id=IDS)
    axis = "last" if last else None
    assert "3 modules a" in refused(tmp_path / "a.npz", options=SourceOptions(frames=FrameOptions(axis=axis)))
    stacked, taken = FrameOptions(stack_modules=True, axis=axis), FrameOptions(index=1, axis=axis)
    source, _ = opened(tmp_path / "a.npz", options=SourceOptions(frames=stacked))
    np.testing.assert_array_equal(counts(source), MODULES.reshape(7, 12, 5))
    assert source.ids.tolist() == IDS.tolist()
    assert "modules below one another" in source.choices["images"]
    source, _ = opened(tmp_path / "a.npz", options=SourceOptions(frames=taken))
    np.testing.assert_array_equal(counts(source), MODULES[:, 1])


@pytest.mark.parametrize("shape", [(7, 3, 4, 5), (3, 4, 5), (12, 5), (7, 12, 5)])
def test_masks_of_modules(tmp_path: Path, shape: tuple[int, ...]) -> None:
    flags = (RNG.random(shape) > 0.9).astype(np.uint8)
    np.savez(tmp_path / "a.npz", im=MODULES, flags=flags)
    keys = asked(images="im", mask="flags", mask_convention="cxi")
    source, _ = opened(tmp_path / "a.npz", options=replace(keys, frames=FrameOptions(stack_modules=True)))
    whole = flags.reshape(7, 12, 5) if shape[0] == 7 else flags.reshape(12, 5)
    expected = np.broadcast_to(whole == 0, (7, 12, 5))
    np.testing.assert_array_equal(good(source), expected)
    np.testing.assert_array_equal(counts(source), np.where(expected, MODULES.reshape(7, 12, 5), 0))


def test_raw_frames_and_a_needless_axis(tmp_path: Path) -> None:
    np.save(tmp_path / "raw.npy", RAW := RNG.poisson(9, (5, 2, 6, 7)).astype(np.uint16))
    assert "--channel 0" in refused(tmp_path / "raw.npy")
    source, _ = opened(tmp_path / "raw.npy", options=SourceOptions(frames=FrameOptions(channel=1)))
    np.testing.assert_array_equal(counts(source), RAW[:, 1])
    np.save(tmp_path / "one.npy", IMAGES[:, None])
    np.testing.assert_array_equal(counts(opened(tmp_path / "one.npy")[0]), IMAGES)
    np.save(tmp_path / "grey.npy", IMAGES[..., None])
    np.testing.assert_array_equal(counts(opened(tmp_path / "grey.npy")[0]), IMAGES)


def test_columns_of_obvious_names_are_taken_or_named(tmp_path: Path) -> None:
    columns = {"photon_energy": np.full(7, 9300.0), "run": np.arange(7) // 3, "mask": np.zeros((12, 15)), "y": IDS % 2}
    np.savez(tmp_path / "a.npz", images=IMAGES, ids=IDS.astype(float), **columns)
    source, notices = opened(tmp_path / "a.npz")
    assert source.ids.tolist() == list(range(7))
    assert source.groups.tolist() == columns["run"].tolist()
    assert source.photon_energy.tolist() == [9300.0] * 7
    said = "\n".join(notices)
    for option in ("--ids ids", "--mask mask --mask-convention", "--labels y --class-names"):
        assert f"add {option}" in said
    assert "not used: " not in said
    assert opened(tmp_path / "a.npz", options=asked(ids=("ids",)))[0].ids.tolist() == IDS.tolist()
    np.savez(tmp_path / "b.npz", images=IMAGES, ids=IDS + 0.5)
    assert "identifiers are whole numbers or text" in refused(tmp_path / "b.npz", options=asked(ids=("ids",)))
    np.savez(tmp_path / "c.npz", images=IMAGES, energy=np.full(7, 9.3))
    assert "without a unit" in refused(tmp_path / "c.npz")


def test_pictures_in_colour_are_no_modules(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.repeat(IMAGES[..., None], 3, axis=-1))
    assert "in colour" in refused(tmp_path / "a.npy")


def test_objects_beside_the_images_hinder_nothing_until_they_are_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", im=IMAGES, note=np.array(["x"] * 7, object), allow_pickle=True)
    source, notices = opened(tmp_path / "a.npz")
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert any("not used: note object" in line for line in notices)
    assert ".astype(str)" in refused(tmp_path / "a.npz", options=asked(images="im", labels="note"))


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
