"""Hit finding scored: against scikit-learn, for multilabel and multiclass networks."""

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from airybench.data.store.labels import miss_column
from airybench.inference.hits import HIT_METRICS, hit_scores
from airybench.inference.predictions import Predictions

RANDOM = np.random.default_rng(5)
SHOTS = 80


def expected(truth: np.ndarray, decided: np.ndarray, ranked: np.ndarray) -> dict[str, float]:
    return {
        "hit_precision": precision_score(truth, decided),
        "hit_recall": recall_score(truth, decided),
        "hit_balanced_accuracy": balanced_accuracy_score(truth, decided),
        "hit_roc_auc": roc_auc_score(truth, ranked),
        "hit_ap": average_precision_score(truth, ranked),
    }


def test_a_multilabel_network_is_a_hit_finder() -> None:
    labels = (RANDOM.random((SHOTS, 3)) < 0.4).astype(np.uint8)
    logits = (labels - 0.5 + RANDOM.normal(size=labels.shape)).astype(np.float32)
    found = hit_scores(Predictions(np.arange(SHOTS), logits, labels, ("Round", "Empty", "Streak"), "multilabel"))
    assert list(found) == list(HIT_METRICS)
    assert found == pytest.approx(expected(1 - labels[:, 1], logits[:, 1] <= 0, -logits[:, 1]))


def test_a_multiclass_network_is_a_hit_finder() -> None:
    classes = RANDOM.integers(0, 4, SHOTS)
    labels = np.eye(4, dtype=np.uint8)[classes]
    logits = (labels + RANDOM.normal(size=labels.shape)).astype(np.float32)
    found = hit_scores(Predictions(np.arange(SHOTS), logits, labels, ("A", "B", "C", "Background"), "multiclass"))
    above = logits[:, :3].max(axis=1) - logits[:, 3]
    assert found == pytest.approx(expected(classes != 3, logits.argmax(axis=1) != 3, above))


def test_intervals_hold_the_scores() -> None:
    labels = (RANDOM.random((SHOTS, 1)) < 0.4).astype(np.uint8)
    logits = (labels - 0.5 + RANDOM.normal(size=labels.shape)).astype(np.float32)
    found = hit_scores(Predictions(np.arange(SHOTS), logits, labels, ("Empty",), "multilabel"), intervals=True)
    for name in HIT_METRICS:
        assert 0 <= found[f"{name}/low"] < found[name] < found[f"{name}/high"] <= 1


@pytest.mark.parametrize("names", [("Round", "Streak"), ("Empty", "Background")], ids=str)
def test_without_one_class_of_misses_there_is_nothing_to_score(names: tuple[str, ...]) -> None:
    labels = np.array([[0, 1], [1, 0]], np.uint8)
    assert miss_column(names) is None
    assert hit_scores(Predictions(np.arange(2), labels.astype(np.float32), labels, names, "multilabel")) == {}


def test_shots_of_one_kind_are_not_scored() -> None:
    labels = np.zeros((5, 1), np.uint8)
    assert hit_scores(Predictions(np.arange(5), labels - 1.0, labels, ("Empty",), "multilabel")) == {}
