"""What of a stack is read at a time, and what is not read at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from airybench.data.formats.dispatch import open_source
from airybench.data.reading.frames import Framing
from airybench.data.reading.options import SourceOptions, StackKeys

COUNT, SHAPE, CHUNK = 23, (6, 8), 3
IMAGES = np.random.default_rng(4).integers(0, 900, (COUNT, *SHAPE)).astype(np.uint16)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, Any]]:
    """First frame, the one after the last, and the memory of each read."""
    monkeypatch.setattr("airybench.data.reading.stack_frames._PIECE", 4 * IMAGES[0].nbytes)
    noted: list[tuple[int, int, Any]] = []
    original = Framing.read

    def note(self: Framing, data: h5py.Dataset, first: int, stop: int, into: Any = None) -> Any:
        noted.append((first, stop, into if into is None else into.ctypes.data))
        return original(self, data, first, stop, into)

    monkeypatch.setattr(Framing, "read", note)
    return noted


def shots(folder: Path, rows: Sequence[int]) -> np.ndarray:
    with h5py.File(folder / "run.h5", "w") as file:
        file.create_dataset("images", data=IMAGES, chunks=(CHUNK, 4, 8), compression="gzip")
    source = open_source([folder / "run.h5"], SourceOptions(keys=StackKeys(images="images", photon_energy=9300.0)))
    return np.concatenate([block.counts for block in source.read.blocks(np.array(rows))])


def test_what_is_read_at_a_time_is_bounded(tmp_path: Path, read: list[tuple[int, int, Any]]) -> None:
    np.testing.assert_array_equal(shots(tmp_path, range(COUNT)), IMAGES)
    assert [(first, stop) for first, stop, _ in read] == [(0, 6), (6, 12), (12, 18), (18, 23)]  # two chunks each
    assert len({memory for *_, memory in read}) == 1


def test_chunks_between_the_shots_are_not_read(tmp_path: Path, read: list[tuple[int, int, Any]]) -> None:
    rows = [1, 2, 13, 22]
    np.testing.assert_array_equal(shots(tmp_path, rows), IMAGES[rows])
    assert [(first, stop) for first, stop, _ in read] == [(1, 3), (13, 14), (22, 23)]
