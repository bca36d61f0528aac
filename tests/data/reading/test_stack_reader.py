"""Stacks are read a few frames at a time into memory that is used again: the shots are those of the file."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.data.formats.dispatch import open_source
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys

COUNT, SHAPE = 23, (6, 8)
IMAGES = np.random.default_rng(4).integers(0, 900, (COUNT, *SHAPE)).astype(np.uint16)
SIZE = IMAGES[0].nbytes


def as_stack(file: h5py.File) -> str:
    file["images"] = IMAGES
    return "images"


def in_chunks(file: h5py.File) -> str:
    file.create_dataset("images", data=IMAGES, chunks=(3, 4, 8), compression="gzip")
    return "images"


def one_by_one(file: h5py.File) -> str:
    for number, image in enumerate(IMAGES):
        file[f"tag_{number}/data"] = image
    return "tag_*/data"


def in_two_parts(file: h5py.File) -> str:
    file["part_1"], file["part_2"] = IMAGES[:11], IMAGES[11:]
    return "part_*"


def along_the_last_axis(file: h5py.File) -> str:
    file["images"] = np.moveaxis(IMAGES, 0, -1)
    return "images"


def as_a_view(file: h5py.File) -> str:
    file["kept"] = IMAGES
    layout = h5py.VirtualLayout(IMAGES.shape, IMAGES.dtype)
    layout[:] = h5py.VirtualSource(".", "kept", IMAGES.shape)
    file.create_virtual_dataset("images", layout)
    return "images"


@pytest.mark.parametrize("written", [as_stack, in_chunks, one_by_one, in_two_parts, along_the_last_axis, as_a_view])
@pytest.mark.parametrize("held", [1, 4, 100])
def test_shots_are_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: object, held: int
) -> None:
    monkeypatch.setattr("airybench.data.reading.stack_frames._STEP", 2 * held * SIZE)
    monkeypatch.setattr("airybench.data.reading.stack_frames._PIECE", held * SIZE)
    monkeypatch.setattr("airybench.data.reading.parts._BYTES", 10 * SIZE)
    with h5py.File(tmp_path / "run.h5", "w") as file:
        key = written(file)  # type: ignore[operator]
    axis = "last" if written is along_the_last_axis else None
    options = SourceOptions(keys=StackKeys(images=key, photon_energy=9300.0), frames=FrameOptions(axis=axis))
    read = open_source([tmp_path / "run.h5"], options).read
    np.testing.assert_array_equal(read(0, COUNT), IMAGES)
    rows = np.array([1, 2, 7, 10, 11, 12, 22])
    np.testing.assert_array_equal(np.concatenate([block.counts for block in read.blocks(rows)]), IMAGES[rows])
