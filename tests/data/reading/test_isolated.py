"""Stacks whose decoder crashes on a chunk in their middle: one line, no store, and the program goes on."""

import re
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from airybench.cores import usable_cores
from airybench.data.formats.description import describe_source
from airybench.data.formats.dispatch import import_data, open_shots, open_source
from airybench.data.hdf5.tree import file_tree, may_crash
from airybench.data.hdf5.workers import WORKERS
from airybench.data.reading import isolated
from airybench.data.reading.isolated import IsolatedReader, joined
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.errors import EXIT_INPUT, DataError

OPTIONS = SourceOptions(keys=StackKeys(images="images", photon_energy=9300.0))
COUNT = 40


def stack(path: Path, *, damaged: int | None = None, masks: bool = False) -> Path:
    """Bitshuffle-LZ4 as Eiger detectors write it; one chunk may name a block that is far larger than the chunk."""
    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        key = "masks" if masks else "images"
        file["images"] = rng.poisson(3, (COUNT, 64, 64)).astype(np.uint16)
        if masks:
            file["masks"] = np.zeros((COUNT, 64, 64), np.uint8)
        values = file[key][()]
        del file[key]
        kept = file.create_dataset(key, data=values, chunks=(1, 64, 64), **hdf5plugin.Bitshuffle(cname="lz4"))
        if damaged is not None:
            _, chunk = kept.id.read_direct_chunk((damaged, 0, 0))
            kept.id.write_direct_chunk((damaged, 0, 0), chunk[:5] + b"\xa5" + chunk[6:])
    return path


@pytest.mark.parametrize(("masks", "damaged"), [(False, 21), (True, 21), (True, 26)])  # masks are sampled at 26
def test_a_chunk_that_crashes_the_decoder_is_one_line(tmp_path: Path, *, masks: bool, damaged: int) -> None:
    path, output = stack(tmp_path / "run.h5", damaged=damaged, masks=masks), tmp_path / "store.h5"
    keys = StackKeys(
        images="images", photon_energy=9300.0, **({"mask": "masks", "mask_convention": "cxi"} if masks else {})
    )
    with pytest.raises(
        DataError, match=r"run\.h5: /(images|masks).* (crashes the decoder \(SIG\w+\)|cannot be read)"
    ) as caught:
        import_data([path], output, SourceOptions(keys=keys))
    assert caught.value.exit_code == EXIT_INPUT
    assert "\n" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir() if "store" in one.name and not one.name.endswith(".lock")] == []
    with pytest.raises(DataError, match=r"crashes the decoder|cannot be read"):
        open_shots(path, SourceOptions(keys=keys)).read(0, COUNT)
    sound = import_data([stack(tmp_path / "sound.h5")], output, OPTIONS)
    assert len(sound.ids()) == COUNT


def test_a_first_chunk_that_crashes_is_told_by_the_description(tmp_path: Path) -> None:
    path = stack(tmp_path / "run.h5", damaged=2)
    facts = describe_source([path], OPTIONS)
    assert re.search("crashes the decoder|cannot be read", " ".join(facts["missing"]))


def test_the_shots_are_those_that_one_process_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stack(tmp_path / "run.h5")
    monkeypatch.setattr("airybench.data.reading.parts._BYTES", 5 * 64 * 64 * 2)  # five frames a block
    for options in (OPTIONS, SourceOptions(keys=OPTIONS.keys, factor=2)):
        read = open_source([path], options).read
        assert isinstance(read, IsolatedReader)
        rows = np.array([0, 3, 4, 5, 17, 18, 39])
        for chosen in (rows, np.arange(COUNT)):
            ours, alone = list(read.blocks(chosen)), list(read.reader.blocks(chosen))
            assert [len(block.counts) for block in ours] == [len(block.counts) for block in alone]
            for one, other in zip(ours, alone, strict=True):
                np.testing.assert_array_equal(one.counts, other.counts)
        pieces = list(read.pieces(rows))
        assert [piece.tolist() for piece in pieces] == [[0, 3, 4], [5], [17, 18], [39]]


def test_small_work_without_risk_stays_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["images"] = np.arange(8 * 16 * 16, dtype=np.uint16).reshape(8, 16, 16)
    source = open_source([tmp_path / "plain.h5"], OPTIONS)
    expected = source.read(0, 8)
    monkeypatch.setattr(WORKERS, "stream", lambda *_: pytest.fail("another process reads"))
    np.testing.assert_array_equal(source.read(0, 8), expected)
    monkeypatch.setattr(isolated, "WORTH", 1)
    with pytest.raises(pytest.fail.Exception):
        source.read(0, 8)


def test_small_pieces_are_asked_for_together() -> None:
    pieces = [np.arange(first, first + 3) for first in range(0, 300, 3)]
    jobs = joined(pieces, 30)
    np.testing.assert_array_equal(np.concatenate(jobs), np.arange(300))
    assert all(len(job) % 3 == 0 and len(job) <= 30 for job in jobs)
    assert len(jobs) <= 2 * 4 * usable_cores() + 10
    assert [len(job) for job in joined([np.arange(50), np.arange(50, 100)], 30)] == [50, 50]


@pytest.mark.parametrize("what", ["ids", "mask"])
def test_a_column_or_mask_that_crashes_is_found_by_the_listing(tmp_path: Path, what: str) -> None:
    path = stack(tmp_path / "run.h5")
    values = np.arange(6000) if what == "ids" else np.zeros((64, 64), np.uint8)
    with h5py.File(path, "a") as file:
        chunks = (1000,) if what == "ids" else (16, 64)
        kept = file.create_dataset(what, data=values, chunks=chunks, **hdf5plugin.Bitshuffle(cname="lz4"))
        middle = (2000,) if what == "ids" else (16, 0)
        _, chunk = kept.id.read_direct_chunk(middle)
        kept.id.write_direct_chunk(middle, chunk[:5] + b"\xa5" + chunk[6:])
    try:
        said = file_tree(path).datasets[what].fault  # some damage is an error, some a crash
    except DataError as error:
        said = str(error)
    assert re.search(rf"reading /{what} crashes the HDF5 library|cannot be read", said)


def test_a_checksum_makes_a_decoder_safe(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for key, checksum in (("bare", False), ("summed", True)):
            file.create_dataset(
                key, data=np.zeros((2, 8, 8), "u2"), chunks=(1, 8, 8), fletcher32=checksum,
                **hdf5plugin.Bitshuffle(cname="lz4"),
            )  # fmt: skip
        file["plain"] = np.zeros((2, 8, 8), "u2")
        file.create_dataset("zipped", data=np.zeros((2, 8, 8), "u2"), compression="gzip")
    found = {key: may_crash(tmp_path / "a.h5", [key]) for key in ("bare", "summed", "plain", "zipped", "missing")}
    assert found == {"bare": True, "summed": False, "plain": False, "zipped": False, "missing": True}
