"""Predictions of the same shots as changed detectors would have recorded them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.config import SEED
from airybench.data.store.store import Store
from airybench.inference.logits import BATCH, logits, placed
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import CHANGES
from airybench.reporter import SILENT, Reporter

Stressed = dict[str, dict[float, Predictions]]
"""Predictions by change and strength."""


def stressed_predictions(
    predictor: Predictor,
    store: Store,
    rows: NDArray[np.int64],
    clean: Predictions,
    plan: Mapping[str, tuple[float, ...]],
    device: torch.device,
    reporter: Reporter = SILENT,
) -> Stressed:
    """Predict shots of a store under every change in every strength; each image is read once.

    Args:
        predictor: the model.
        store: holds the shots.
        rows: which shots, shape (N,).
        clean: the predictions of these shots as they are, which are those of strength 0.
        plan: strengths by change, as `stress_plan` gives them.
        device: where to compute.
        reporter: receives the progress over shots and changes.
    """
    predictor, ids = placed(predictor, device), store.ids()
    cases = [(name, strength) for name, strengths in plan.items() for strength in strengths if strength]
    found: dict[tuple[str, float], list[NDArray[np.float32]]] = {case: [] for case in cases}
    done, total = 0, len(rows) * len(cases)
    with reporter.progress("changing the detector") as progress:
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            counts = store.read_images(some)
            for name, strength in cases:
                changed = CHANGES[name](counts, ids[some], strength, SEED)
                found[name, strength].append(logits(predictor, changed, device, ids[some]).numpy())
                done += len(some)
                progress(done, total)
    return {
        name: {
            strength: replace(clean, logits=np.concatenate(found[name, strength])) if strength else clean
            for strength in strengths
        }
        for name, strengths in plan.items()
    }
