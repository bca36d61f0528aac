"""Masks of stacks: doubted where they leave little, for all shots or for each, in this file or in another."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.formats.dispatch import import_data, open_source
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.errors import DataError

INVERTED = np.ones((6, 8), np.uint8)
INVERTED[0, :4] = 0


def notices(path: Path, mask: np.ndarray, convention: str, *, outside: bool = False) -> str:
    """What opening a stack of five images with a mask says."""
    where = path.with_name("mask.h5") if outside else path
    with h5py.File(path, "w") as file:
        file["raw"] = np.ones((5, 6, 8), np.uint16)
    with h5py.File(where, "a") as file:
        file["m"] = mask
    key = f"{where}:m" if outside else "m"
    reporter = CollectingReporter()
    keys = StackKeys(images="raw", photon_energy=25.0, mask=key, mask_convention=convention)
    open_source([path], SourceOptions(keys=keys), reporter)
    return "\n".join(reporter.notices)


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("each", [False, True])
def test_a_mask_read_by_the_wrong_convention_is_doubted(tmp_path: Path, each: bool, outside: bool) -> None:
    mask = np.tile(INVERTED, (5, 1, 1)) if each else INVERTED
    said = notices(tmp_path / "a.h5", mask, "nxmx", outside=outside)
    assert "/m: only 8.333 % of the pixels are good by the convention nxmx" in said
    assert "good-is-one 91.67 %" in said
    (tmp_path / "mask.h5").unlink(missing_ok=True)
    assert "of the pixels" not in notices(tmp_path / "a.h5", mask, "good-is-one", outside=outside)


def test_a_key_that_the_file_of_the_mask_lacks(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = np.ones((5, 6, 8), np.uint16)
    with h5py.File(tmp_path / "there.h5", "w") as file:
        file["m"] = INVERTED
    keys = StackKeys(images="raw", mask=f"{tmp_path / 'there.h5'}:other", mask_convention="cxi")
    with pytest.raises(DataError, match="/other is missing"):
        open_source([tmp_path / "a.h5"], SourceOptions(keys=keys))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((6, 8), np.uint8), "no pixel is good by the convention nxmx.*--mask-convention"),
        (np.full((5, 6, 8), 0.5), "/m holds 0.5 .*a mask holds whole numbers"),
    ],
)
def test_masks_that_cannot_be_are_refused(tmp_path: Path, mask: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        notices(tmp_path / "a.h5", mask, "nxmx")


def test_one_mask_with_an_axis_of_shots(tmp_path: Path) -> None:
    counts = np.random.default_rng(5).poisson(5, (5, 6, 8)).astype("u2")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["m"] = counts, INVERTED[None]
    keys = StackKeys(images="raw", photon_energy=25.0, mask="m", mask_convention="good-is-one")
    store = import_data([tmp_path / "a.h5"], tmp_path / "out.h5", SourceOptions(keys=keys))
    np.testing.assert_array_equal(store.read_images(), counts * INVERTED)
    np.testing.assert_array_equal(store.mask(), INVERTED)


def test_a_file_without_a_key_is_no_mask(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "mask.h5", "w") as file:
        file["good"] = INVERTED
    np.save(tmp_path / "mask.npy", INVERTED)
    for name, remedy in (
        ("mask.h5", "give --mask mask.h5:KEY"),
        ("mask.npy", "an HDF5 file, and give --mask FILE:KEY"),
    ):
        with pytest.raises(DataError, match=rf"{name} is .*file, and --mask takes a key; .*{remedy}"):
            with_mask(tmp_path / "a.h5", name)
    with pytest.raises(DataError, match=r"/gone.h5 is missing"):
        with_mask(tmp_path / "b.h5", "gone.h5")


def with_mask(path: Path, given: str) -> None:
    """Open a stack with what `--mask` says."""
    with h5py.File(path, "w") as file:
        file["raw"] = np.ones((5, 6, 8), np.uint16)
    keys = StackKeys(images="raw", photon_energy=25.0, mask=given, mask_convention="cxi")
    open_source([path], SourceOptions(keys=keys))
