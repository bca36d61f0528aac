"""Foreign files are opened by another process first: what kills or hangs that one is a line, and all is well after."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import psutil
import pytest

from airybench.data.hdf5.inspection import _KNOWN, LIMIT, Inspector, inspect, made_here
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import file_tree
from airybench.errors import EXIT_INPUT, DataError


def sound(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["run/data"] = np.arange(6).reshape(2, 3)
    return path


def crashing(path: Path) -> Path:
    """A stack whose first chunk makes the decoder of bitshuffle read far beyond it."""
    with h5py.File(path, "w") as file:
        file["before"] = np.arange(3)
        images = np.zeros((2, 64, 64), np.uint16)
        stack = file.create_dataset("images", data=images, chunks=(1, 64, 64), **hdf5plugin.Bitshuffle(cname="lz4"))
        _, chunk = stack.id.read_direct_chunk((0, 0, 0))
        stack.id.write_direct_chunk((0, 0, 0), chunk[:5] + b"\xa5" + chunk[6:])
    return path


def repeated(action: Callable[[Path], object], path: Path) -> None:
    """What lies beyond the chunk may by chance be readable, but not ten times."""
    for _ in range(10):
        action(path)


def test_a_crash_is_one_line_and_the_next_file_is_read(tmp_path: Path) -> None:
    path = crashing(tmp_path / "bad.h5")
    for action in (file_tree, lambda path: open_hdf5(path).__enter__()):
        with pytest.raises(DataError, match=r"bad\.h5: reading /images crashes the HDF5 library \(SIG\w+\)") as caught:
            repeated(action, path)
        assert caught.value.exit_code == EXIT_INPUT
        assert "\n" not in str(caught.value)
    assert file_tree(sound(tmp_path / "good.h5")).datasets["run/data"].shape == (2, 3)


def test_a_view_of_itself_is_a_fault_of_that_data_set_alone(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        layout = h5py.VirtualLayout((3,), "u2")
        layout[:] = h5py.VirtualSource(".", "self", (3,))
        file.create_virtual_dataset("self", layout)
        file["good"] = np.arange(3)
    tree = file_tree(tmp_path / "a.h5")
    assert "/self is a view that reads itself" in tree.datasets["self"].fault
    assert not tree.datasets["good"].fault


def test_a_hang_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sound(tmp_path / "slow.h5")
    inspector = Inspector()
    try:
        inspector.ask(path)
        process = inspector._process
        assert process is not None
        psutil.Process(process.pid).suspend()  # as a file on a server that does not answer would do
        monkeypatch.setenv(LIMIT, "0.2")
        with pytest.raises(DataError, match=rf"slow\.h5: not listed within 0\.2 s .* give it longer with {LIMIT}=600"):
            inspector.ask(path)
        monkeypatch.delenv(LIMIT)
        assert "run/data" in inspector.ask(path)["datasets"]
    finally:
        inspector.close()


def test_a_file_is_listed_again_only_when_it_or_a_source_changed(tmp_path: Path) -> None:
    sound(tmp_path / "far.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["far"] = h5py.ExternalLink("far.h5", "/run/data")
    first = inspect(tmp_path / "a.h5")
    assert inspect(tmp_path / "a.h5") is first
    os.utime(tmp_path / "far.h5", ns=(0, 0))
    assert inspect(tmp_path / "a.h5") is not first


def test_files_of_this_process_need_no_inspection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sound(tmp_path / "own.h5")
    monkeypatch.setattr("airybench.data.hdf5.inspection.inspect", lambda path: pytest.fail("inspected"))
    with pytest.raises(pytest.fail.Exception), open_hdf5(path):
        pass
    made_here(path)
    with open_hdf5(path) as file:
        assert "run" in file


def test_a_deposit_of_thousands_of_entries_is_listed_by_its_first_ones(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "d.cxi", "w") as file:
        for number in range(3000):
            file[f"entry_{number}/data"] = np.uint16(number)
    tree = file_tree(tmp_path / "d.cxi")
    assert len(tree.children[""]) == 3000
    assert len(tree.datasets) == 64


def test_circles_and_towers_of_groups_end(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("a")
        group["up"] = file
        for level in range(40):  # two ways on each of forty floors: 2^40 paths
            below = group.create_group("left")
            group["right"] = below
            group, _ = below, level
        group["end"] = np.arange(2)
    began = time.monotonic()
    assert "a" in file_tree(tmp_path / "a.h5").children[""]
    assert time.monotonic() - began < 30


def test_the_listing_holds_attributes_links_and_faults(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["run/energy"] = 9.3
        file["run/energy"].attrs["units"] = np.bytes_(b"keV")
        file["run/energy"].attrs["range"] = np.array([1, 2], "u2")
        file["run"].attrs["numEvents"] = np.array([7])
        file["soft"] = h5py.SoftLink("/run/energy")
        file["dead"] = h5py.SoftLink("/gone")
        file["out"] = h5py.ExternalLink("../x.h5", "/y")
        file["null"] = h5py.Empty("f4")
    tree = file_tree(tmp_path / "a.h5")
    assert tree.attributes["run"] == {"numEvents": [7]}
    assert tree.datasets["run/energy"].attributes == {"units": "keV", "range": [1, 2]}
    assert tree.datasets["soft"].target == "run/energy"
    assert "links to a file or key that is not there" in tree.datasets["dead"].fault
    assert "leads to ../x.h5, outside the folder of this file" in tree.datasets["out"].fault
    assert tree.datasets["null"].empty


def test_listings_are_kept_by_the_names_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airybench.data.hdf5.inspection._KNOWN", type(_KNOWN)())
    files = [sound(tmp_path / f"{number}.h5") for number in range(5)]
    first = [inspect(path) for path in files]
    assert all(inspect(path) is listing for path, listing in zip(files, first, strict=True))
    names = 1 + len(first[0]["datasets"]) + sum(map(len, first[0]["children"].values()))
    monkeypatch.setattr("airybench.data.hdf5.inspection._MOST_KNOWN", 3 * names)
    os.utime(files[4], ns=(0, 0))
    last = inspect(files[4])
    assert inspect(files[4]) is last is not first[4]
    assert inspect(files[3]) is first[3]
    assert inspect(files[0]) is not first[0]  # the oldest gave way
