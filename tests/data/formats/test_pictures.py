"""Folders of pictures: values are those that were saved, pixel by pixel."""

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from sources import counts, opened, refused

from airybench.data.formats.dispatch import import_data
from airybench.data.reading.options import FrameOptions, LabelOptions, SourceOptions, StackKeys
from airybench.data.store.check import check
from airybench.errors import DataError

RNG = np.random.default_rng(9)
IMAGES = RNG.poisson(200, (5, 14, 11)).astype(np.uint16)


def save(path: Path, image: np.ndarray, **how: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, image)
    else:
        Image.fromarray(image).save(path, **how)


def folder(path: Path, suffix: str = ".png", images: np.ndarray = IMAGES, name: str = "shot_{:d}") -> Path:
    for number, image in enumerate(images, start=8):
        save(path / (name.format(number) + suffix), image)
    return path


def raw_tiff(path: Path, image: np.ndarray, *, photometric: int = 1) -> None:
    """A plain TIFF of any dtype and order of bytes."""
    order = ">" if image.dtype.byteorder == ">" else "<"
    height, width = image.shape
    content, kind = image.tobytes(), {"u": 1, "i": 2, "f": 3}[image.dtype.kind]
    long, short = {256: width, 257: height, 273: 8, 278: height, 279: len(content)}, {
        258: image.dtype.itemsize * 8, 259: 1, 262: photometric, 277: 1, 339: kind,
    }  # fmt: skip
    tags = b""
    for tag, value in sorted((long | short).items()):
        packed = struct.pack(order + "I", value) if tag in long else struct.pack(order + "HH", value, 0)
        tags += struct.pack(order + "HHI", tag, 4 if tag in long else 3, 1) + packed
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(content))
    end = struct.pack(order + "H", len(long | short)) + tags + struct.pack(order + "I", 0)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(head + content + end)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".npy"])
def test_a_folder_is_read_in_natural_order_by_file_name(tmp_path: Path, suffix: str) -> None:
    source, notices = opened(folder(tmp_path / "p", suffix))
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert source.ids.tolist() == [f"shot_{number}" for number in range(8, 13)]
    assert source.files[0] == f"shot_8{suffix}"
    assert not notices


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<u4", ">u4", "<i2", ">i4", "<f4", ">f8"])
def test_tiff_of_every_type(tmp_path: Path, dtype: str) -> None:
    images = (IMAGES % 251).astype(dtype)
    for number, image in enumerate(images):
        raw_tiff(tmp_path / "t" / f"{number}.tif", image)
    source, _ = opened(tmp_path / "t")
    np.testing.assert_array_equal(counts(source), images)
    assert source.ids.tolist() == [0, 1, 2, 3, 4]
    assert source.ids.dtype == np.int64


def test_pages_of_a_tiff_are_shots(tmp_path: Path) -> None:
    pages = [Image.fromarray(image) for image in IMAGES]
    pages[0].save(tmp_path / "m.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    source, _ = opened(tmp_path / "m.tif")
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert source.ids.tolist() == [f"m:{page}" for page in range(5)]
    content = (tmp_path / "m.tif").read_bytes()
    (tmp_path / "m.tif").write_bytes(content[:-30])
    assert "damaged" in refused(tmp_path / "m.tif")


def test_a_png_that_claims_more_than_its_file_holds_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path / "p")
    content = bytearray((tmp_path / "p" / "shot_9.png").read_bytes())
    opened(tmp_path / "p")
    monkeypatch.setattr(cv2, "imdecodemulti", None)
    data = content.index(b"IDAT")
    for place, value in ((data - 4, 0x7FFFFFFF), (data - 8, 0x00FFFFFF), (16, 0x7FFFFFFF), (20, 0x00FFFFFF)):
        spoilt = bytearray(content)
        spoilt[place : place + 4] = value.to_bytes(4, "big")
        for file in (tmp_path / "p").iterdir():
            file.write_bytes(spoilt if place != data - 8 else content[: data + 40])
        assert "truncated or damaged" in refused(tmp_path / "p")


def test_a_picture_of_one_value_is_no_claim(tmp_path: Path) -> None:
    blank = np.zeros((1500, 1500), np.uint16)  # zlib packs it by nearly the most that it can
    save(tmp_path / "p" / "a.png", blank, optimize=True)
    assert opened(tmp_path / "p")[0].detector_shape == (1500, 1500)


def test_a_sub_folder_is_a_class(tmp_path: Path) -> None:
    for name, images in {"Round": IMAGES[:2], "Streak": IMAGES[2:]}.items():
        folder(tmp_path / "p" / name, images=images)
    source, _ = opened(tmp_path / "p")
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert source.class_names == ("Round", "Streak")
    np.testing.assert_array_equal(source.labels, [[1, 0]] * 2 + [[0, 1]] * 3)
    assert source.ids.tolist() == ["Round/shot_8", "Round/shot_9", "Streak/shot_8", "Streak/shot_9", "Streak/shot_10"]
    other = SourceOptions(labels=LabelOptions(class_names=("Streak", "Round")))
    assert opened(tmp_path / "p", options=other)[0].labels.tolist() == [[0, 1]] * 2 + [[1, 0]] * 3
    wrong = SourceOptions(labels=LabelOptions(class_names=("Streak", "Rond")))
    assert "sub-folder Round" in refused(tmp_path / "p", options=wrong)


def test_sub_folders_that_are_called_like_runs_are_asked_about(tmp_path: Path) -> None:
    for name, images in {"run_1": IMAGES[:2], "run_2": IMAGES[2:]}.items():
        folder(tmp_path / "p" / name, images=images)
    assert "--group-by folder" in refused(tmp_path / "p")
    source, _ = opened(tmp_path / "p", options=SourceOptions(keys=StackKeys(group_by="folder")))
    assert source.groups.tolist() == [1, 1, 2, 2, 2]
    assert source.labels is None


def test_runs_by_a_part_of_the_name_beside_classes_by_folder(tmp_path: Path) -> None:
    for number, image in enumerate(IMAGES):
        save(tmp_path / "p" / ("Round", "Streak")[number % 2] / f"run{10 - number // 2}_{number}.png", image)
    source, _ = opened(tmp_path / "p", options=SourceOptions(keys=StackKeys(group_by=r"run(\d+)_")))
    assert source.groups.tolist() == [int(one.partition("_")[0].removeprefix("run")) for one in source.ids.tolist()]
    assert source.class_names == ("Round", "Streak")
    assert source.labels.argmax(axis=1).tolist() == [int(one.rpartition("_")[2]) % 2 for one in source.ids.tolist()]


def test_files_of_several_pictures_are_runs(tmp_path: Path) -> None:
    for number in range(3):
        np.save(tmp_path / f"s{number}.npy", IMAGES[number : number + 2])
    (tmp_path / "p").mkdir()
    for file in tmp_path.glob("*.npy"):
        file.rename(tmp_path / "p" / file.name)
    source, _ = opened(tmp_path / "p")
    assert source.groups.tolist() == [1, 1, 2, 2, 3, 3]
    np.testing.assert_array_equal(counts(source), np.concatenate([IMAGES[k : k + 2] for k in range(3)]))
    np.save(tmp_path / "p" / "s0.npy", np.repeat(IMAGES[0][..., None], 3, axis=-1))
    assert "a picture in colour" in refused(tmp_path / "p")


def test_npy_files_of_one_image_have_the_ids_of_their_names_however_they_are_given(tmp_path: Path) -> None:
    files = [tmp_path / "p" / f"{number}.npy" for number in (7, 10, 8)]
    files[0].parent.mkdir()
    for file, image in zip(files, IMAGES, strict=False):
        np.save(file, image)
    for paths, ids in ((files, [7, 10, 8]), (sorted(files, key=str), [7, 8, 10]), ([tmp_path / "p"], [7, 8, 10])):
        source, _ = opened(*paths)
        assert source.ids.tolist() == ids
        np.testing.assert_array_equal(counts(source), IMAGES[[{7: 0, 10: 1, 8: 2}[one] for one in ids]])


def test_pictures_further_down_are_named(tmp_path: Path) -> None:
    folder(tmp_path / "p" / "x" / "y" / "Round")
    assert "pictures such as x/y/Round/shot_" in refused(tmp_path / "p")


def test_what_is_no_picture_is_named_and_hidden_files_are_not(tmp_path: Path) -> None:
    path = folder(tmp_path / "p")
    for name in ("labels.csv", ".DS_Store", "._shot_8.png"):
        (path / name).write_text("x")
    (path / "thumbs").mkdir()
    (path / "link.png").symlink_to(path / "shot_8.png")
    source, notices = opened(path)
    assert notices == ["p: not read: labels.csv, thumbs"]
    assert source.count == 6
    (path / "dead.png").symlink_to(path / "nothing.png")
    assert "dead.png" in refused(path)


def test_eight_bits_and_equal_channels_are_said(tmp_path: Path) -> None:
    grey = (IMAGES % 256).astype(np.uint8)
    path = folder(tmp_path / "g", images=np.repeat(grey[..., None], 3, axis=-1))
    source, notices = opened(path)
    np.testing.assert_array_equal(counts(source), grey)
    assert any("no counts" in line for line in notices)
    assert any("all channels are equal" in line for line in notices)
    for number, image in enumerate(grey):
        cv2.imwrite(str(path / f"shot_{number + 8}.png"), cv2.cvtColor(image, cv2.COLOR_GRAY2BGRA))
    np.testing.assert_array_equal(counts(opened(path)[0]), grey)


@pytest.mark.parametrize(
    ("name", "image", "message"),
    [
        ("c.png", RNG.integers(0, 255, (14, 11, 3), dtype=np.uint8), "colour"),
        ("a.png", RNG.integers(0, 255, (14, 11, 4), dtype=np.uint8), "colour"),
        ("b.png", IMAGES[0] > 200, "pixels of 1 bits"),
        ("f.npy", IMAGES[0] + 0.5, "not whole"),
        ("n.npy", IMAGES[0, 0], "one image"),
        ("j.jpg", IMAGES[0].astype(np.uint8), "lose counts"),
    ],
)
def test_what_holds_no_counts_is_refused(tmp_path: Path, name: str, image: np.ndarray, message: str) -> None:
    save(tmp_path / "p" / name, image)
    assert message in refused(tmp_path / "p")


def test_pictures_of_two_sizes_types_or_kinds_are_refused_by_name(tmp_path: Path) -> None:
    path = folder(tmp_path / "p")
    for image in (IMAGES[0, :9], IMAGES[0].astype(np.uint8)):
        save(path / "z.png", image)
        message = refused(path)
        assert "z.png" in message
        assert "shot_8.png" in message
    (path / "z.png").unlink()
    save(path / "z.npy", IMAGES[0])
    assert "--images" in refused(path)
    source, notices = opened(path, options=SourceOptions(keys=StackKeys(images="*.npy")))
    np.testing.assert_array_equal(counts(source), IMAGES[:1])
    assert "shot_8.png" in notices[0]
    assert "no picture is called" in refused(path, options=SourceOptions(keys=StackKeys(images="*.tif")))


def test_damaged_pictures_are_one_line_by_name(tmp_path: Path) -> None:
    for suffix in (".png", ".tif", ".npy"):
        path = folder(tmp_path / suffix[1:], suffix, images=IMAGES[:2])
        broken = path / f"shot_9{suffix}"
        whole = broken.read_bytes()
        for cut in (0, 5, 20, len(whole) // 2):
            broken.write_bytes(whole[:cut])
            assert broken.name in refused(path), (suffix, cut)
    raw_tiff(tmp_path / "w" / "inverted.tif", IMAGES[0], photometric=0)
    assert "WhiteIsZero" in refused(tmp_path / "w")
    endless = tmp_path / "w" / "inverted.tif"
    raw_tiff(endless, IMAGES[0])
    endless.write_bytes(endless.read_bytes()[:-4] + struct.pack("<I", 8 + IMAGES[0].nbytes))
    assert "damaged" in refused(tmp_path / "w")


@pytest.mark.parametrize("image", [np.zeros((0, 14, 11), np.uint16), np.zeros((0, 11), np.uint16)])
def test_files_without_a_picture_are_named(tmp_path: Path, image: np.ndarray) -> None:
    save(folder(tmp_path / "p", ".npy") / "shot_9.npy", image)
    assert "shot_9.npy: holds " in refused(tmp_path / "p")
    raw_tiff(tmp_path / "t" / "a.tif", np.zeros((0, 11), np.uint16))
    assert "a.tif: holds 1 pictures of 0 x 11 uint16" in refused(tmp_path / "t")


def test_options_for_stacks_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "p")
    for options in (
        SourceOptions(keys=StackKeys(ids=("id",))),
        SourceOptions(frames=FrameOptions(stack_modules=True)),
        SourceOptions(keys=StackKeys(group_by="file")),
    ):
        assert "pictures" in refused(path, options=options)


def test_an_import_of_numbered_pictures(tmp_path: Path) -> None:
    path = folder(tmp_path / "p", name="{:05d}")
    store = import_data([path], tmp_path / "s.h5", SourceOptions(keys=StackKeys(photon_energy=700.0)))
    check(store)
    np.testing.assert_array_equal(store.read_images(), IMAGES)
    assert store.ids().tolist() == [8, 9, 10, 11, 12]
    save(path / "00013.png", IMAGES[0, :5])
    with pytest.raises(DataError, match="00013"):
        import_data([path], tmp_path / "t.h5", SourceOptions(keys=StackKeys(photon_energy=700.0)))
