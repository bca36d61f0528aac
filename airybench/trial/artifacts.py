"""The files that a trial or a baseline leaves on its run: predictions of val and test, and the plots of val."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike

from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.figures.classes import class_f1, confusion
from airybench.figures.style import save
from airybench.inference.predictions import Predictions
from airybench.training.metrics import Scores, decide


def split_predictions(logits: ArrayLike, split: LoadedSplit, data: LoadedDataset) -> Predictions:
    """Logits of a split with its ids and labels, as they are written.

    Args:
        logits: shape (N, C), kept as float32.
        split: N shots.
        data: which the split is part of.
    """
    labels = split.labels.cpu().numpy().astype(np.uint8)
    values = np.asarray(logits, np.float32)
    where = (data.store_sha256, data.split_digest)
    return Predictions(split.ids, values, labels, data.class_names, data.label_kind, split.groups, *where)


def write_results(folder: Path, val: Predictions, test: Predictions, scores: Scores, title: str) -> None:
    """Write `predictions/` of both splits, and `plots/` of val as PNG: PDF would take seconds, of every trial.

    Args:
        folder: an existing one.
        val: of the val split.
        test: of the test split.
        scores: on val.
        title: what was trained on what, for the plots.
    """
    for name in ("predictions", "plots"):
        (folder / name).mkdir()
    val.write(folder / "predictions" / "val.h5")
    test.write(folder / "predictions" / "test.h5")
    truth = val.labels.astype(np.int64)
    decisions = decide(torch.from_numpy(val.logits), val.label_kind).numpy()
    positives = dict(zip(val.class_names, truth.sum(0).tolist(), strict=True))
    plots = folder / "plots"
    save(class_f1(scores.f1, positives, f"F1 per class, {title} val"), plots / "class-f1.png")
    figure = confusion(decisions, truth, val.class_names, val.label_kind, f"Confusion, {title} val")
    save(figure, plots / "confusion.png")
