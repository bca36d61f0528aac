"""Predictions of runs: those of older versions are completed by the tags of the run and by the store."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from airybench.inference.predictions import Predictions
from airybench.tracking.predictions import predictions
from tests.run_store import CLASSES, GROUPS, run_store


@dataclass
class _KeptRun:
    """A run that keeps predictions, without MLflow."""

    kept: Predictions
    known: dict[str, str]

    def fetch(self, artifact: str, into: Path) -> Path:
        assert artifact == "predictions/test.h5"
        self.kept.write(into / "test.h5")
        return into / "test.h5"

    def tags(self) -> dict[str, str]:
        return self.known


LABELS = np.zeros((8, 2), np.uint8)
OLD = Predictions(np.arange(24, 32), LABELS.astype(np.float32), LABELS, CLASSES, "multilabel")


def test_older_predictions_take_their_runs_from_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))  # `helium` is simulated for the other tests
    store = run_store(tmp_path / "helium.h5")
    tags = {"airybench.data_sha256": store.content_sha256, "airybench.split_digest": "c128"}
    found = predictions(_KeptRun(OLD, tags), "test")
    assert (found.store_sha256, found.split_digest) == (store.content_sha256, "c128")
    np.testing.assert_array_equal(found.groups, GROUPS[24:])


@pytest.mark.parametrize("tags", [{}, {"airybench.data_sha256": "c0ffee"}])
def test_runs_stay_unknown_without_the_store(tags: dict[str, str]) -> None:
    found = predictions(_KeptRun(OLD, tags), "test")
    assert found.groups is None
    assert found.store_sha256 == tags.get("airybench.data_sha256", "")


def test_what_predictions_say_themselves_stays() -> None:
    groups = np.arange(8, dtype=np.int32)
    told = replace(OLD, groups=groups, store_sha256="669e", split_digest="c128")
    found = predictions(_KeptRun(told, {"airybench.data_sha256": "c0ffee"}), "test")
    assert (found.store_sha256, found.split_digest) == ("669e", "c128")
    np.testing.assert_array_equal(found.groups, groups)
