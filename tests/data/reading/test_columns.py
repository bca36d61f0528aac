"""Columns with ids of their own: energies and labels go to the shots that the list names, never by position."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from sources import counts, opened, refused

from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys

IMAGES = np.random.default_rng(5).poisson(4, (6, 9, 10)).astype(np.uint16)
TAGS = 100 + 2 * np.arange(8)
WITH_IMAGE = (0, 1, 2, 4, 5, 6)
LISTED = (5, 4, 3, 2, 1, 0)
"""As many as images, and yet without one of them; in another order."""


def cancelled(path: Path) -> None:
    """Six shots by tag and six energies and labels, of which five belong together."""
    with h5py.File(path, "w") as file:
        for image, row in zip(IMAGES, WITH_IMAGE, strict=True):
            file[f"run_7/detector_2d_assembled_1/tag_{TAGS[row]}/detector_data"] = image
        file["run_7/event_info/tag_number_list"] = TAGS[list(LISTED)]
        file["run_7/event_info/bl_3/oh_2/photon_energy_in_eV"] = 7000.0 + np.array(LISTED)
        file["run_7/sorted"] = np.eye(2, dtype=np.uint8)[np.array(LISTED) % 2]


def test_a_list_as_long_as_the_images_is_matched_by_id(tmp_path: Path) -> None:
    cancelled(tmp_path / "a.h5")
    labels = LabelOptions(class_names=("even", "odd"))
    source, _ = opened(tmp_path / "a.h5", options=SourceOptions(keys=StackKeys(labels="run_7/sorted"), labels=labels))
    both = [row for row in WITH_IMAGE if row in LISTED]
    assert source.ids.tolist() == TAGS[both].tolist()
    assert source.photon_energy is not None
    assert source.labels is not None
    assert source.photon_energy.tolist() == [7000.0 + row for row in both]
    assert source.labels.tolist() == np.eye(2)[np.array(both) % 2].tolist()
    np.testing.assert_array_equal(counts(source), IMAGES[:5])
    assert {one.ids for one in source.left_out} == {("112",), ("106",)}


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_class_numbers_in_one_column(tmp_path: Path, shape: tuple[int, ...]) -> None:
    numbers = np.array([2, 0, 1, 1, 2, 0])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["y"] = IMAGES, numbers.reshape(shape)
    keys = StackKeys(photon_energy=900.0, labels="y")
    assert "name all 3 in order with --class-names" in refused(tmp_path / "a.h5", options=SourceOptions(keys=keys))
    options = SourceOptions(keys=keys, labels=LabelOptions(class_names=("a", "b", "c")))
    source, _ = opened(tmp_path / "a.h5", options=options)
    assert source.labels is not None
    assert source.labels.tolist() == np.eye(3)[numbers].tolist()


def test_a_growing_file_is_read_as_far_as_all_its_columns_go(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["shot"] = IMAGES, 70 + np.arange(9)
        file["ev"] = 900.0 + np.arange(4)
    keys = StackKeys(images="images", ids=("shot",), energy="ev")
    assert "one entry for each of the 6 images" in refused(tmp_path / "a.h5", options=SourceOptions(keys=keys))
    source, said = opened(tmp_path / "a.h5", options=SourceOptions(keys=keys, swmr=True))
    assert any("6 images and columns of 4 to 9 entries are written by now; the first 4 shots" in line for line in said)
    np.testing.assert_array_equal(counts(source), IMAGES[:4])
    assert source.ids.tolist() == [70, 71, 72, 73]
    assert source.photon_energy is not None
    assert source.photon_energy.tolist() == [900.0, 901.0, 902.0, 903.0]
