"""What version 2 of the simulators aims at, measured with NumPy and scikit-learn on stores of the default seed.

    python -m docs.figures aims

prints the table of docs/physics.md. Networks are no part of it; a test holds the figures to their ranges.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import Tensor

from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.data.store.true_labels import true_labels
from airybench.inference.ceiling import label_ceiling
from airybench.physics.features import brightness, features
from airybench.physics.runs import Kind, data_set_settings
from docs.figures.statistics import SEED

SHOTS: dict[Kind, int] = {"helium": 1024, "cxidb": 1500}
FEWEST = 10
"""Shots of a class that is measured at all."""
COMMON = 0.5
"""Share of the shots above which a class is found by calling every shot so."""

Values = NDArray[np.float64]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Measured:
    """Scores over the classes that are measured.

    Attributes:
        macro_ap: mean average precision of five folds, each predicted from the other four.
        low: 2.5 % quantile of it over 500 draws of the shots with replacement.
        high: 97.5 % quantile.
        prevalence: mean share of the classes, what a guess scores.
    """

    macro_ap: float
    low: float
    high: float
    prevalence: float

    def __str__(self) -> str:
        return f"{self.macro_ap:.3f} ({self.low:.3f} to {self.high:.3f}); prevalence {self.prevalence:.3f}"


def aim_store(kind: Kind) -> Store:
    """The store that is measured."""
    return simulated_store(Series(kind, SEED, version=2), SHOTS[kind])


def good_pixels(kind: Kind) -> NDArray[np.bool_]:
    """Pixels that see light and are neither hot nor dead, shape (size, size)."""
    frame = data_set_settings(kind, SEED).frame
    return frame.sensitive & (frame.hot == 0) & ~frame.dead


def measured_classes(labels: Labels) -> NDArray[np.int64]:
    """Columns of the classes with enough shots on either side."""
    positives = labels.sum(axis=0, dtype=np.int64)
    return np.flatnonzero((positives >= FEWEST) & (len(labels) - positives >= FEWEST))


def cross_validated(columns: Values, labels: Labels, machine: str = "svm") -> Measured:
    """Five folds of a classifier on features, one class against the rest.

    Args:
        columns: features, shape (N, F).
        labels: 0/1, shape (N, C).
        machine: `svm` behind principal components, or `linear`.
    """
    classes = measured_classes(labels)
    answers = np.zeros((len(labels), len(classes)))
    for training, held_out in KFold(5, shuffle=True, random_state=0).split(columns):
        scaled = make_pipeline(StandardScaler(), PCA(min(64, columns.shape[1]))).fit(columns[training])
        for place, c in enumerate(classes):
            one = (
                SVC(C=100, gamma=1e-3 if columns.shape[1] > 64 else 0.03) if machine == "svm" else LogisticRegression()
            )
            one.fit(scaled.transform(columns[training]), labels[training, c])
            answers[held_out, place] = one.decision_function(scaled.transform(columns[held_out]))
    rng = np.random.default_rng(0)
    drawn = [_macro_ap(labels[:, classes], answers, rng.integers(len(labels), size=len(labels))) for _ in range(500)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    every = _macro_ap(labels[:, classes], answers, np.arange(len(labels)))
    return Measured(every, float(low), float(high), float(labels[:, classes].mean()))


def _macro_ap(labels: Labels, answers: Values, rows: NDArray[np.int64]) -> float:
    scores = [average_precision_score(labels[rows, c], answers[rows, c]) for c in range(labels.shape[1])]
    return float(np.mean(scores))


def scalars(images: NDArray[np.uint16], good: NDArray[np.bool_]) -> dict[str, Values]:
    """Single numbers of each image by name, each of shape (N,); bad pixels are left out of all but the raw ones."""
    radius = np.hypot(*(np.indices(images.shape[1:]) - (images.shape[1] - 1) / 2))
    found: dict[str, list[float]] = {}
    beside = good[:, 1:] & good[:, :-1]
    level = np.median(images[:, good])
    for image in images.astype(np.float64):
        light = image[good]
        dark = np.percentile(light, 1)
        numbers = {"total": light.sum(), "standard deviation": light.std(), "largest": light.max(),
                   "raw largest": image.max(), "lit pixels": (light > 1.2 * level + 50).mean(),
                   "non-zero pixels": (image > 0).mean(), "neighbours": np.corrcoef(
                       image[:, 1:][beside], image[:, :-1][beside])[0, 1]}  # fmt: skip
        numbers |= {f"quantile {q}": np.percentile(light, q) for q in (1, 10, 25, 50, 75, 90, 95, 99, 99.9)}
        for reach in (30, 40, 60, 80):
            inner = image[good & (radius < reach)]
            if len(inner):
                numbers[f"inner {reach} px to mean"] = inner.mean() / light.mean()
                numbers[f"inner {reach} px to mean above level"] = (inner.mean() - dark) / (light.mean() - dark)
        for name, value in numbers.items():
            found.setdefault(name, []).append(float(value))
    return {name: np.array(values) for name, values in found.items()}


def best_scalars(found: dict[str, Values], labels: Labels, names: tuple[str, ...]) -> dict[str, tuple[str, float]]:
    """For each rare enough class the scalar that finds it best, and its average precision."""
    best = {}
    for c in measured_classes(labels):
        if labels[:, c].mean() < COMMON:
            scores = {
                name: max(average_precision_score(labels[:, c], sign * values) for sign in (1, -1))
                for name, values in found.items()
            }
            top = max(scores, key=lambda name: scores[name])
            best[names[c]] = top, float(scores[top])
    return best


def leaks(store: Store, images: NDArray[np.uint16], good: NDArray[np.bool_]) -> dict[str, Values]:
    """What must know nothing of the class, by name: each of shape (N, F)."""
    truth = store.columns("truth")
    ids = store.ids().astype(np.float64)
    groups = store.groups().astype(np.float64)
    row = np.arange(store.count, dtype=np.float64)
    runs = (groups[:, None] == np.unique(groups)).astype(np.float64)
    bits = [[np.mean(image[good] >> bit & 1) for bit in range(3)] for image in images]
    shifts = np.stack([truth["row_shift"], truth["column_shift"]], axis=1).astype(np.float64)
    return {
        "beam position": shifts,
        "ids and row order": np.column_stack([ids, row, row % 2, row % 32]),
        "group and photon energy": np.column_stack([runs, store.photon_energy()]),
        "three low bits": np.array(bits),
    }


def aims() -> None:
    """Print the measures of both data sets, as the table of docs/physics.md has them."""
    for kind in ("helium", "cxidb"):
        print("\n".join(f"aims: {kind}: {name}: {value}" for name, value in measures(kind).items()))


def measures(kind: Kind) -> dict[str, Any]:
    """Everything that is measured on a data set, by name."""
    store, good = aim_store(kind), good_pixels(kind)
    images, labels = store.read_images(), store.labels()
    found = scalars(images, good)
    result: dict[str, Any] = {"best scalar": best_scalars(found, labels, store.class_names)}
    result |= {f"leak: {name}": cross_validated(x, labels, "linear") for name, x in leaks(store, images, good).items()}
    result["brightness scalars + SVM"] = cross_validated(_seen(brightness, images), labels)
    result["features + PCA + SVM"] = cross_validated(_seen(features, images), labels)
    empty = labels[:, -1]
    result["AUC of the largest count"] = float(roc_auc_score(empty, -found["largest"]))
    true = true_labels(store)
    assert true is not None  # version 2 keeps them
    result["wrong labels"] = float((true != labels).any(axis=1).mean())
    result["label ceiling"] = label_ceiling(true, labels, store.class_names, store.label_kind)["macro_ap"]
    return result


def _seen(read: Callable[[Tensor], Tensor], images: NDArray[np.uint16]) -> Values:
    batches = np.array_split(images, max(len(images) // 64, 1))
    read_out = torch.cat([read(torch.from_numpy(batch.astype(np.float32))) for batch in batches])
    return read_out.double().numpy()
