"""The benchmark of stacks: its numbers fit each other, and what it imports and decodes is what it wrote."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.bench import decoding, stacks
from airybench.bench.decoding import decode, forget_cached, read_bytes, stretches
from airybench.bench.stacks import GOAL, STORAGES, bench_stacks, write_stack
from airybench.errors import ConfigError


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "SIDE", 64)


def test_the_numbers_fit_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = []
    plain = stacks.import_data

    def noted(*arguments: object, **named: object) -> object:
        store = plain(*arguments, **named)  # type: ignore[arg-type]
        imported.append(len(store.ids()))
        return store

    monkeypatch.setattr(stacks, "import_data", noted)
    reporter = CollectingReporter()
    rows = bench_stacks(count=40, repeats=1, storages=["gzip"], reporter=reporter)
    disk, same, decoder, whole, ratio, memory, added = rows
    assert [row.unit for row in rows] == ["MB/s", "images/s", "images/s", "images/s", "ratio", "MB", "MB"]
    assert {row.subject for row in rows} == {"stack, gzip"}
    assert ratio.median == pytest.approx(whole.median / min(same.median, decoder.median))
    assert ratio.goal == GOAL
    assert 0 < disk.median / same.median < 64 * 64 * 2 / 1e6  # MB of an image in the file, which is compressed
    assert memory.median > 50
    assert 0 <= added.median < memory.median
    assert added.quantity == "memory added by 40 images to that of 10"
    assert imported == [10, 40]
    assert reporter.steps == [(1, 3), (2, 3), (3, 3)]


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ConfigError, match="count 3: at least 4"):
        bench_stacks(count=3)
    with pytest.raises(ConfigError, match="gzap"):
        bench_stacks(storages=["gzap"])


@pytest.mark.parametrize("storage", STORAGES)
def test_all_images_are_decoded_and_no_two_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    monkeypatch.setattr(decoding, "AT_ONCE", 7)
    path = write_stack(tmp_path / "a.h5", 17, storage)
    forget_cached(path)
    assert read_bytes(path) == path.stat().st_size
    assert [stop - first for _, first, stop in stretches(path, 17)] == [7, 7, 3]
    assert sum(sum(decode(one)) for one in stretches(path, 17)) == 17
    with h5py.File(path) as file:
        images = file["images"][()]
    assert len(np.unique(images.reshape(17, -1), axis=0)) == 17
