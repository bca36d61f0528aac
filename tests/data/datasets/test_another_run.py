"""Simulated stores in other runs, and stores for which that is not known."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from airybench.config import TrialConfig
from airybench.data.datasets.another_run import OtherRuns
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.errors import ConfigError
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import ANOTHER_RUN, CHANGES, stress_plan
from airybench.inference.stressed import stressed_predictions
from airybench.jobs.evaluate import _with_another_run
from airybench.physics.another_run import small_angle_in_run
from airybench.reporter import SILENT

ROWS = np.array([5, 0, 3])
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return simulated_store(Series("cxidb", 4), 6, output=tmp_path_factory.mktemp("series") / "s.h5")


def in_run(store: Store, row: int, run: int) -> np.ndarray:
    truth = {name: float(values[row]) for name, values in store.columns("truth").items()}
    return small_angle_in_run(store.class_names[store.labels()[row].argmax()], truth, 4, row, run)


def test_a_later_run_of_the_same_series(store: Store) -> None:
    others = OtherRuns.of(store)
    assert isinstance(others, OtherRuns)
    assert np.array_equal(others.counts(ROWS, 0), store.read_images(ROWS))
    for steps in (1, 3):
        expected = np.stack([in_run(store, row, steps) for row in ROWS])  # all shots are of run 0
        assert np.array_equal(others.counts(ROWS, steps), expected)
    assert others.counts(ROWS[:0], 1).shape == (0, 259, 259)


def test_a_network_sees_the_other_run(store: Store) -> None:
    torch.manual_seed(1)
    config = TrialConfig().replace({"image_size": 32, "arch": "vgg", "depth": 11, "head_width": 8})
    predictor = Predictor(config, store.class_names, "multiclass").eval()
    clean = Predictions(
        store.ids()[ROWS], np.zeros((3, 5), np.float32), store.labels()[ROWS], store.class_names, "multiclass"
    )
    found = stressed_predictions(predictor, store, ROWS, clean, {ANOTHER_RUN: (0.0, 2.0)}, CPU)
    with torch.no_grad():
        expected = predictor.logits(torch.from_numpy(np.stack([in_run(store, row, 2) for row in ROWS]))).numpy()
    np.testing.assert_allclose(found[ANOTHER_RUN][2.0].logits, expected, rtol=1e-4, atol=1e-4)


def test_why_there_is_no_other_run(store: Store, tmp_path: Path, quick_simulator: SimpleNamespace) -> None:
    assert "measured" in OtherRuns.of(replace(store, source="run 7"))
    assert "has no runs" in OtherRuns.of(replace(store, notes={**store.notes, "simulator": 1}))
    assert "how its shots were drawn" in OtherRuns.of(replace(store, seed=None))


def test_another_run_belongs_to_all_changes_where_it_can_be_drawn(store: Store) -> None:
    data, measured = SimpleNamespace(store=store), SimpleNamespace(store=replace(store, source="run 7"))
    every = stress_plan()
    assert set(every) == set(CHANGES)
    assert _with_another_run(every, data, SILENT) == every | {ANOTHER_RUN: (0.0, 1.0)}
    asked = every | stress_plan({ANOTHER_RUN: (3,)})
    assert _with_another_run(asked, data, SILENT) == asked
    some = stress_plan({"offset": (5,)})
    assert _with_another_run(some, data, SILENT) == some
    assert _with_another_run(every, measured, SILENT) == every
    with pytest.raises(ConfigError, match="another-run: the shots are measured"):
        _with_another_run(asked, measured, SILENT)
    with pytest.raises(ConfigError, match=r"another-run 0.5: expected a whole number"):
        stress_plan({ANOTHER_RUN: (0.5,)})
