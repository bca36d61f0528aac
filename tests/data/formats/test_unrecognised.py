"""A source of no known layout: what is in it, and the options to type."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from sources import counts, opened

from airybench.data.formats.dispatch import open_source
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
from airybench.errors import DataError, MissingOptionError

IMAGES = np.random.default_rng(6).poisson(4, (3, 9, 10)).astype(np.uint16)


def test_one_image_a_file(tmp_path: Path) -> None:
    for number, image in enumerate(IMAGES):
        with h5py.File(tmp_path / f"shot_{number}.h5", "w") as file:
            file["image"], file["bunch_id"], file["mask"] = image, 70 + number, np.ones(image.shape, bool)
    with pytest.raises(MissingOptionError, match=r"and 2 more files.*/image \(9, 10\)") as caught:
        open_source([tmp_path])
    assert caught.value.option == "--images image --ids bunch_id"
    keys = StackKeys(images="image", ids=("bunch_id",), photon_energy=900.0)
    source, _ = opened(tmp_path, options=SourceOptions(keys=keys))
    np.testing.assert_array_equal(counts(source), IMAGES)
    assert source.ids.tolist() == [70, 71, 72]


def test_one_data_set_a_shot(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for number, image in enumerate(IMAGES):
            file[f"entry_{number:03}/image"] = image
    with pytest.raises(MissingOptionError, match="of no known layout") as caught:
        open_source([tmp_path / "a.h5"])
    assert caught.value.option == "--images 'entry_*/image'"


@pytest.mark.parametrize("columns", [True, False])
def test_fewer_shots_than_the_side_of_an_image_along_the_last_axis(tmp_path: Path, columns: bool) -> None:
    path = tmp_path / "last.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.moveaxis(np.pad(IMAGES, ((0, 0), (0, 9), (0, 9))), 0, -1)
        file["centre"] = np.zeros((18, 19, 2))  # of no column's length
        if columns:
            file["ids"], file["photon_energy"] = [70, 71, 72], np.full(3, 900.0)
    if not columns:
        with h5py.File(path, "a") as file:
            del file["centre"]
    with pytest.raises(MissingOptionError) as caught:
        open_source([path])
    asked = "--axis last" if columns else "--images images"
    assert caught.value.option == asked
    keys = StackKeys() if columns else StackKeys(images="images", photon_energy=900.0)
    source, _ = opened(path, options=SourceOptions(keys=keys, frames=FrameOptions(axis="last")))
    np.testing.assert_array_equal(counts(source)[:, :9, :10], IMAGES)
    assert source.ids.tolist() == ([70, 71, 72] if columns else [0, 1, 2])
    assert set(source.photon_energy.tolist()) == {900.0}


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"], file["ids"] = IMAGES.repeat(3, axis=1), h5py.ExternalLink("../b.h5", "/ids")
        file["photon_energy"] = 900.0
    _, said = opened(path)
    assert any("/ids leads to ../b.h5, outside the folder" in line and line.endswith("it is not used") for line in said)
    with h5py.File(path, "a") as file:
        del file["images"]
        file["images"] = h5py.ExternalLink("../b.h5", "/images")
    with pytest.raises(DataError, match=r"a\.h5: /i[a-z]+ leads to \.\./b\.h5, outside .*give --images KEY"):
        open_source([path])


def test_an_impossible_number_of_shots_is_refused_before_their_columns_are_made(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", (10**9, 9, 10), "u2", chunks=(1, 9, 10))
    with pytest.raises(DataError, match="has 1000000000 shots, at most 50000000 are read at once"):
        open_source([tmp_path / "a.h5"])


@pytest.mark.parametrize("ids", [True, False])
def test_parts_of_one_stack_are_proposed_together(tmp_path: Path, ids: bool) -> None:
    parts = [IMAGES, IMAGES + 1, IMAGES[: None if ids else 2] + 2]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for number, part in enumerate(parts):
            file[f"part{number}/frames"] = part
            if ids:
                file[f"part{number}/id"] = 10 * number + np.arange(len(part))
    with pytest.raises(MissingOptionError) as caught:
        open_source([tmp_path / "a.h5"])
    assert caught.value.option == "--images 'part*/frames'" + " --ids 'part*/id'" * ids
    keys = StackKeys(images="part*/frames", ids=("part*/id",) * ids, photon_energy=900.0)
    source, _ = opened(tmp_path / "a.h5", options=SourceOptions(keys=keys))
    np.testing.assert_array_equal(counts(source), np.concatenate(parts))
    assert source.ids.tolist() == ([0, 1, 2, 10, 11, 12, 20, 21, 22] if ids else list(range(8)))


def test_stacks_of_one_length_may_be_of_several_detectors(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["camera1/frames"], file["camera2/frames"], file["id"] = IMAGES, IMAGES + 1, [7, 8, 9]
    with pytest.raises(MissingOptionError) as caught:
        open_source([tmp_path / "a.h5"])
    assert caught.value.option == "--images camera1/frames --ids id"
