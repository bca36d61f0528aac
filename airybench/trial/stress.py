"""A trained network scored on the test shots as changed detectors would have recorded them."""

import math
import time
from pathlib import Path

from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import METRIC, mean_over_changes, stress_plan
from airybench.inference.stressed import stressed_predictions, write_stressed
from airybench.trial.prepared import PreparedDataset


def stress_test(predictor: Predictor, dataset: PreparedDataset, clean: Predictions, path: Path) -> dict[str, float]:
    """Predict the test shots under every change in every strength, and keep the logits.

    Args:
        predictor: the trained network.
        dataset: holds the shots.
        clean: predictions of the unchanged test shots.
        path: file of the logits.

    Returns:
        What is logged: `stress/CHANGE/STRENGTH/macro_ap` and `.../loss`, `stress/mean/macro_ap` and `.../loss` over all
        changes, and `trial/stress_seconds`; a score that is undefined is left out.
    """
    began = time.monotonic()
    stressed = stressed_predictions(predictor, dataset.store, dataset.split.test, clean, stress_plan(), dataset.device)
    write_stressed(path, stressed)
    plain = clean.scores().values.get(METRIC, math.nan)
    scores = {
        name: {strength: one.scores().values.get(METRIC, math.nan) for strength, one in found.items() if strength}
        for name, found in stressed.items()
    }
    metrics: dict[str, float] = {}
    for key, value in {
        **{f"{name}/{strength:g}": value for name, found in scores.items() for strength, value in found.items()},
        "mean": mean_over_changes(scores),
    }.items():
        metrics |= {f"stress/{key}/{METRIC}": value, f"stress/{key}/loss": plain - value}
    metrics["trial/stress_seconds"] = time.monotonic() - began
    return {key: value for key, value in metrics.items() if math.isfinite(value)}
