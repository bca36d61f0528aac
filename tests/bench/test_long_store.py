"""A long store repeats few simulated shots."""

from pathlib import Path

import numpy as np
import pytest

from airybench.bench import long_store as module
from airybench.bench.long_store import long_store
from airybench.config import DataConfig


def test_it_repeats_its_shots_under_identifiers_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SIMULATED", 24)
    few = long_store(24, DataConfig(), tmp_path)
    assert not list(tmp_path.iterdir())
    long = long_store(60, DataConfig(), tmp_path)
    assert long.path.parent == tmp_path
    assert (long.count, long.class_names) == (60, few.class_names)
    assert len(set(long.ids().tolist())) == 60
    rows = np.arange(60) % 24
    assert np.array_equal(long.read_images(), few.read_images(rows))
    assert np.array_equal(long.labels(), few.labels()[rows])
