"""Masks by convention and type, doubts about them, and masks in other files."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.reading.masks import check_flags, good_pixels, mask_place, settled_convention
from airybench.errors import DataError


@pytest.mark.parametrize(
    ("convention", "flags", "good"),
    [
        ("cxi", [0, 1, 512, 0x0800, 0x2000, 0x4000, 0x0801], [0, 3, 4, 5]),
        ("euxfel", [0, 1, 1 << 22, (1 << 22) + 1, 0xFFFFFFFF], [0, 2]),
        ("nxmx", [0, 1, 2, 1 << 8, 1 << 31], [0]),
        ("good-is-one", [0, 1, 2, 7], [1, 2, 3]),
        ("good-is-one", [False, True], [1]),
        ("nxmx", [False, True], [0]),
        ("cxi", [0.0, 1.0, 2048.0, np.nan], [0, 2]),
        ("good-is-one", [0.0, 1.0, np.nan], [1]),
    ],
)
def test_conventions(convention: str, flags: list[Any], good: list[int]) -> None:
    assert np.flatnonzero(good_pixels(np.array(flags), convention)).tolist() == good


@pytest.mark.parametrize(("values", "message"), [([0.5, 1.0], r"m holds 0\.5 \(1 of 2"), (["a"], "m is <U1")])
def test_what_is_no_mask(values: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_flags(np.array(values), "m")


def settled(mask: Any, convention: str, *, said: bool) -> tuple[str, list[str]]:
    reporter = CollectingReporter()
    return settled_convention(np.asarray(mask), convention, "a.h5: /m", reporter, said=said), reporter.notices


def test_a_mask_that_leaves_little_is_doubted() -> None:
    mask = np.ones((10, 10), int)
    mask[0] = 0
    assert settled(mask, "good-is-one", said=True) == ("good-is-one", [])
    name, (line,) = settled(mask, "nxmx", said=True)
    assert name == "nxmx"
    assert "only 10 % of the pixels are good by the convention nxmx" in line
    assert "good-is-one 90 %" in line


def test_a_format_that_leaves_no_pixel_gives_way() -> None:
    name, (line,) = settled(np.zeros((4, 4), bool), "good-is-one", said=False)
    assert name == "cxi"
    assert "no pixel is good by the convention good-is-one of this format; read as cxi" in line
    assert settled(np.ones((4, 4), bool), "nxmx", said=False)[0] == "good-is-one"


@pytest.mark.parametrize(("mask", "said"), [(np.zeros((4, 4), int), True), (np.array([[0, 1]]) + 1, True)])
def test_no_pixel_is_refused(mask: np.ndarray, said: bool) -> None:
    convention = "nxmx" if mask.any() else "good-is-one"
    with pytest.raises(DataError, match=r"no pixel is good .*--mask-convention"):
        settled(mask, convention, said=said)


def test_masks_in_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, static = tmp_path / "run" / "a.h5", tmp_path / "static.h5"
    images.parent.mkdir()
    (images.parent / "beside.h5").touch()
    static.touch()
    monkeypatch.chdir(tmp_path)
    for text in ("static.h5:0CH0:xtdf/mask", f"{static}:/0CH0:xtdf/mask"):
        path, key = mask_place(text, images, ())
        assert (path.resolve(), key) == (static.resolve(), "0CH0:xtdf/mask")
    assert mask_place("beside.h5:mask", images, ()) == (images.parent / "beside.h5", "mask")
    inside = "INSTRUMENT/DET/0CH0:xtdf/image/mask"
    assert mask_place(inside, images, {inside}) == (images, inside)
    assert mask_place("/mask", images, ()) == (images, "mask")


def test_masks_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone.h5: no such file, neither here"):
        mask_place("gone.h5:mask", tmp_path / "a.h5", ())


def test_a_mask_file_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("mask.npy", np.ones((4, 4)))
    with h5py.File("mask.h5", "w") as file:
        file["good"] = np.ones((4, 4))
    with pytest.raises(DataError, match=r"mask.npy is no HDF5 file, .*; write the mask into an HDF5 file, and give"):
        mask_place("mask.npy", tmp_path / "a.h5", ())
    with pytest.raises(DataError, match=r"mask.h5 is a file, .*; give --mask mask.h5:KEY"):
        mask_place("mask.h5", tmp_path / "a.h5", ())
