"""Rows of cells and trials, against scikit-learn on the predictions that the runs kept."""

import numpy as np
from conftest import Benchmark
from sklearn.metrics import average_precision_score

from airybench.analysis.tidy import trial_rows
from airybench.inference.predictions import Predictions
from airybench.jobs.table import kept_predictions, study_rows
from airybench.paths import data_folder
from airybench.sweep.saved_studies import read


def macro_ap(found: Predictions) -> float:
    judged = [column for column in range(found.labels.shape[1]) if 0 < found.labels[:, column].sum() < len(found)]
    return float(np.mean([average_precision_score(found.labels[:, one], found.logits[:, one]) for one in judged]))


def test_scores_are_those_of_the_kept_predictions(finished: Benchmark) -> None:
    study = read(data_folder() / "studies", "both@helium")
    fetch = kept_predictions(study)
    by_run = {trial.run_id: trial for trial in study.finished}
    rows = trial_rows(study, "macro_ap", lambda trial: fetch(trial, "test"))
    assert len(rows) == 3
    for row in rows:
        assert np.isclose(row["test_macro_ap"], macro_ap(fetch(by_run[row["run_id"]], "test")), atol=1e-6)
        assert np.isclose(row["val_macro_ap"], macro_ap(fetch(by_run[row["run_id"]], "val")), atol=1e-6)
        assert not row["confirmation"]
    for row in study_rows(study, fetch):
        trial = by_run[row["best_run_id"]]
        assert (row["study"], row["dataset"], row["seeds"]) == ("both", "helium", 1)
        assert np.isclose(row["test_macro_ap"], macro_ap(fetch(trial, "test")), atol=1e-6)
        assert row["test_low"] <= row["test_macro_ap"] <= row["test_high"]
