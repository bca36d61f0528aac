"""The label ceiling: what a perfect reader of the patterns could score, given that the labels err.

Labels that people give are not those that the patterns show: people miss what is dim and disagree near a threshold. On
simulated data both are known. The true labels, scored against the given ones, are what a perfect but decided reader
reaches; a network that also knows how unsure people are near a threshold may rank a little better.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.config.objective import SHOWN
from airybench.data.split.split import Split
from airybench.data.store.store import Store
from airybench.data.store.true_labels import true_labels
from airybench.training.metrics import score


def label_ceiling(
    true: NDArray[np.uint8], given: NDArray[np.uint8], class_names: tuple[str, ...], label_kind: str
) -> dict[str, float]:
    """Score the true labels as if they were predictions.

    Args:
        true: 0/1, shape (N, C).
        given: 0/1, what networks are trained and scored on, shape (N, C).
        class_names: C names.
        label_kind: `multilabel` or `multiclass`.

    Returns:
        Each of `SHOWN` by name, over the classes with a positive and a negative shot.

    >>> given = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], np.uint8)
    >>> label_ceiling(given, given, ("one", "other"), "multilabel")["macro_ap"]
    1.0
    """
    answers = torch.from_numpy(2.0 * true.astype(np.float64) - 1.0)
    values = score(answers, torch.from_numpy(given.astype(np.int64)), class_names, label_kind).values
    return {name: values[name] for name in SHOWN if name in values}


def ceiling_of(store: Store, rows: NDArray[np.int64]) -> dict[str, float]:
    """The label ceiling of some shots of a store; empty where the true labels are not known.

    Args:
        store: the shots.
        rows: of the store, shape (n,).
    """
    true = true_labels(store)
    if true is None:
        return {}
    return label_ceiling(true[rows], store.labels()[rows], store.class_names, store.label_kind)


def logged_ceiling(store: Store, split: Split) -> dict[str, float]:
    """The label ceiling of the validation and of the test split by the keys that it is logged under."""
    return {
        f"ceiling/{part}/{name}": value
        for part in ("val", "test")
        for name, value in ceiling_of(store, getattr(split, part)).items()
    }
