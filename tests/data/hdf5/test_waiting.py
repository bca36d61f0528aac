"""A file that another process really writes: said, waited for, or read as far as it is written."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import pytest

from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import file_tree
from airybench.data.hdf5.waiting import require_written
from airybench.errors import DataError

WRITER = """
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "w", libver="latest") as file:
    images = file.create_dataset("images", shape=(0, 4, 4), maxshape=(None, 4, 4), dtype="u2", chunks=(1, 4, 4))
    file.create_dataset("id", data=np.arange(9), maxshape=(None,))
    if sys.argv[2] == "swmr":
        file.swmr_mode = True
    images.resize(5, axis=0)
    images[:] = 3
    images.flush()
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def writer(path: Path, mode: str) -> Iterator["subprocess.Popen[str]"]:
    """A program that has a file open for writing; a line of input ends it."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.communicate("end\n")


def test_a_locked_file_is_said_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with writer(path, "plain"):
        require_written(path)  # leaves it to opening
        for action in (file_tree, lambda path: open_hdf5(path).__enter__()):
            with pytest.raises(DataError, match=r"a\.h5: is being written by another program, .*--wait SECONDS"):
                action(path)
        with pytest.raises(DataError, match=r"is being written by another program after 0\.3 s; wait longer"):
            require_written(path, wait=0.3)
    require_written(path)
    assert "images" in file_tree(path).datasets


def test_swmr_reads_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with writer(path, "swmr"):
        with pytest.raises(DataError, match=r"another program \(SWMR\); read it as it is with --swmr, or wait for it"):
            require_written(path)
        require_written(path, swmr=True)
        assert file_tree(path).live
        with open_hdf5(path) as file:
            assert file["images"].shape == (5, 4, 4)
            assert (file["images"][()] == 3).all()


def test_waiting_ends_when_the_writer_does(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with writer(path, "plain") as process:
        assert process.stdin is not None
        timer = threading.Timer(0.6, lambda: (process.stdin.write("end\n"), process.stdin.flush()))  # type: ignore[union-attr]
        timer.start()
        require_written(path, wait=30)
        timer.join()
    with h5py.File(path) as file:
        assert len(file["images"]) == 5


def test_waiting_begins_before_there_is_a_file_and_ends_when_it_rests(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"

    def write() -> None:
        for number in range(4):
            time.sleep(0.2)
            with path.open("a") as file:
                file.write(f"{number}\n")

    thread = threading.Thread(target=write)
    thread.start()
    require_written(path, wait=30)
    assert path.read_text() == "0\n1\n2\n3\n"
    thread.join()
    require_written(tmp_path / "none.csv")  # a file that is not there is for others to miss


def test_a_fresh_file_that_is_cut_may_still_be_growing(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = [1] * 1000
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(DataError, match="may still be being written: --wait SECONDS waits for it; copy"):
        file_tree(path)
