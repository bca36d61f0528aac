"""Evaluation against scikit-learn, brute force and hand counts, on sane and on degenerate labels."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn import metrics as sk

from airybench.errors import ConfigError
from airybench.inference.evaluate import (
    FEWEST_TO_TUNE,
    Evaluation,
    decisions,
    evaluate,
    tuned_thresholds,
    untuned_classes,
)
from airybench.inference.predictions import Predictions

NAMES = ("Round", "Spherical/Oblate", "Empty", "Rare")


def drawn(shots: int = 120, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits that tell something, with ties, and labels that may hold together."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((shots, 4)) < [0.5, 0.3, 0.7, 0.1]).astype(np.int64)
    labels[0], labels[1] = 1, 0
    logits = (1.5 * labels + rng.normal(size=labels.shape) - 0.5).round(1) + 1e-9
    return logits, labels


def evaluated(logits: NDArray[np.float64], labels: NDArray[np.int64], kind: str = "multilabel", **how) -> Evaluation:
    predictions = Predictions(np.arange(len(labels)), logits, labels, NAMES[: labels.shape[1]], kind)
    return evaluate(predictions, how.pop("training", torch.from_numpy(labels)), **how)


def one_hot(shots: int = 90, seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = np.eye(4, dtype=np.int64)[rng.integers(0, 4, shots)]
    return 2 * labels + rng.normal(size=labels.shape), labels


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_every_class_as_scikit_learn_says(kind: str) -> None:
    logits, labels = drawn() if kind == "multilabel" else one_hot()
    said = (logits > 0).astype(int) if kind == "multilabel" else np.eye(4, dtype=int)[logits.argmax(1)]
    found = evaluated(logits, labels, kind)
    for column, one in enumerate(found.classes):
        truth, score, answer = labels[:, column], logits[:, column], said[:, column]
        expected = {
            "ap": sk.average_precision_score(truth, score),
            "roc_auc": sk.roc_auc_score(truth, score),
            "f1": sk.f1_score(truth, answer, zero_division=0),
            "precision": sk.precision_score(truth, answer, zero_division=0),
            "recall": sk.recall_score(truth, answer),
        }
        assert one.values == pytest.approx(expected, abs=1e-6)
        assert (one.name, one.positives, one.threshold) == (NAMES[column], truth.sum(), 0.5)
        assert one.majority_ap == pytest.approx(truth.mean())
        assert one.values["f1"] == pytest.approx(found.scores.f1[one.name], abs=1e-6)


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_overall_metrics_as_scikit_learn_says(kind: str) -> None:
    logits, labels = drawn() if kind == "multilabel" else one_hot()
    said = (logits > 0).astype(int) if kind == "multilabel" else np.eye(4, dtype=int)[logits.argmax(1)]
    p = 1 / (1 + np.exp(-logits))
    expected = {
        "loss": -np.where(labels > 0, np.log(p), np.log1p(-p)).mean(),
        "macro_ap": sk.average_precision_score(labels, logits, average="macro"),
        "roc_auc": sk.roc_auc_score(labels, logits, average="macro"),
        "macro_f1": sk.f1_score(labels, said, average="macro", zero_division=0),
        "micro_f1": sk.f1_score(labels, said, average="micro"),
        "precision": sk.precision_score(labels, said, average="macro", zero_division=0),
        "recall": sk.recall_score(labels, said, average="macro"),
        "accuracy": (said == labels).mean(),
        "exact_match": sk.accuracy_score(labels, said),
        "mcc": sk.matthews_corrcoef(labels.ravel(), said.ravel()),
        "classes_scored": 4.0,
    }
    found = evaluated(logits, labels, kind)
    assert found.scores.values == pytest.approx(expected, abs=1e-6)
    assert (found.shots, found.unscored) == (len(labels), ())


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_intervals_hold_their_value_and_are_as_wide_as_they_should_be(kind: str) -> None:
    logits, labels = drawn(300) if kind == "multilabel" else one_hot(300)
    found = evaluated(logits, labels, kind)
    assert set(found.intervals) == set(found.scores.values) - {"classes_scored"}
    for name, (low, high) in found.intervals.items():
        assert low < found.scores.values[name] < high, name
    for one in found.classes:
        assert all(one.intervals[key][0] <= value <= one.intervals[key][1] for key, value in one.values.items())
    # A mean over shots: the normal interval is a fair reference for exact match.
    share = found.scores.values["exact_match"]
    low, high = found.intervals["exact_match"]
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(share * (1 - share) / 300), rel=0.15)


def test_the_majority_is_what_training_labels_say() -> None:
    logits, labels = drawn()
    training = np.tile([[1, 0, 1, 0]], (10, 1))
    training[0] = 0
    found = evaluated(logits, labels, training=torch.from_numpy(training))
    constant = np.tile([1, 0, 1, 0], (len(labels), 1))
    assert found.majority.values["macro_ap"] == pytest.approx(labels.mean(0).mean())
    assert found.majority.values["roc_auc"] == pytest.approx(0.5)
    assert found.majority.values["accuracy"] == pytest.approx((constant == labels).mean())
    assert found.majority.values["micro_f1"] == pytest.approx(sk.f1_score(labels, constant, average="micro"))


def numbers(value: object) -> list[float]:
    if isinstance(value, dict | list | tuple):
        return [n for one in (value.values() if isinstance(value, dict) else value) for n in numbers(one)]
    return [float(value)] if isinstance(value, int | float) else []


@pytest.mark.parametrize("constant", [0, 1])
def test_a_class_without_two_kinds_is_said_so_and_never_a_number(constant: int) -> None:
    logits, labels = drawn()
    labels[:, 3] = constant
    found = evaluated(logits, labels)
    assert found.unscored == ("Rare",)
    rare = found.classes[3]
    assert (rare.values, rare.intervals, rare.positives) == ({}, {}, 120 * constant)
    expected = sk.average_precision_score(labels[:, :3], logits[:, :3], average="macro")
    assert found.scores.values["macro_ap"] == pytest.approx(expected, abs=1e-6)
    assert found.scores.values["classes_scored"] == 3
    assert not any("Rare" in key for key in found.scores.flat("test"))


@pytest.mark.parametrize("logit", [-80.0, 80.0, 0.0])
def test_nothing_to_score_at_all(logit: float) -> None:
    found = evaluated(np.full((5, 2), logit), np.zeros((5, 2), np.int64))
    assert found.unscored == NAMES[:2]
    assert "macro_ap" not in found.scores.values
    assert set(found.intervals) == set(found.scores.values) - {"classes_scored"}
    assert all(math.isfinite(number) for number in numbers(asdict(found.scores)))
    assert found.scores.values["accuracy"] == (0.0 if logit > 0 else 1.0)


def test_a_single_shot() -> None:
    found = evaluated(np.array([[3.0, -2.0]]), np.array([[1, 0]]))
    assert found.scores.values["exact_match"] == 1
    assert found.unscored == NAMES[:2]


def test_float32_probabilities_that_saturate_are_still_ranked() -> None:
    logits = np.array([[40.0], [41.0], [42.0], [39.0]])
    (one,) = evaluated(logits, np.array([[0], [1], [1], [0]])).classes
    assert (one.values["ap"], one.values["roc_auc"]) == (1.0, 1.0)


def test_a_class_of_few_positives_is_marked_and_never_certain() -> None:
    labels = np.zeros((60, 4), np.int64)
    labels[:7, 0], labels[:8, 1], labels[:1, 2] = 1, 1, 1
    found = evaluated(8.0 * labels - 4, labels)
    assert [one.few for one in found.classes] == [True, False, True, False]
    assert found.classes[3].values == {}
    for one in found.classes[:3]:
        assert set(one.values.values()) == {1.0}
        assert all(low < 0.7 and high == 1 for low, high in one.intervals.values())


@pytest.mark.parametrize("seed", range(5))
def test_tuned_thresholds_are_the_best_there_are(seed: int) -> None:
    logits, labels = drawn(60, seed)
    found = tuned_thresholds(torch.from_numpy(logits), torch.from_numpy(labels), "multilabel").numpy()
    for column in range(4):
        truth, score = labels[:, column], logits[:, column]
        cuts = np.concatenate([[score.min() - 1], score + 1e-6])  # every answer that any threshold gives
        if truth.sum() < FEWEST_TO_TUNE:
            assert found[column] == 0
            continue
        best = max(sk.f1_score(truth, score > cut, zero_division=0) for cut in cuts)
        assert sk.f1_score(truth, score > found[column]) == pytest.approx(best)
        assert np.abs(score - found[column]).min() > 1e-3  # between two shots, not on one


def test_thresholds_shift_answers_and_leave_the_ranking() -> None:
    logits, labels = drawn()
    cut = torch.tensor([0.55, -0.95, 0.0, 2.05], dtype=torch.float64)
    plain, tuned = evaluated(logits, labels), evaluated(logits, labels, thresholds=cut)
    said = (logits > cut.numpy()).astype(int)
    np.testing.assert_array_equal(decisions(torch.from_numpy(logits), "multilabel", cut).numpy(), said)
    assert tuned.scores.values["macro_f1"] == pytest.approx(sk.f1_score(labels, said, average="macro"), abs=1e-6)
    assert tuned.scores.values["exact_match"] == pytest.approx(sk.accuracy_score(labels, said))
    for same in ("loss", "macro_ap", "roc_auc"):
        assert tuned.scores.values[same] == pytest.approx(plain.scores.values[same])
        assert tuned.intervals[same] == pytest.approx(plain.intervals[same])
    assert tuned.reliability == plain.reliability
    assert [one.threshold for one in tuned.classes] == pytest.approx((1 / (1 + np.exp(-cut.numpy()))).tolist())


@pytest.mark.parametrize(("positives", "few"), [(3, True), (7, True), (8, False)])
def test_thresholds_of_rare_classes_stay(positives: int, few: bool) -> None:
    logits, labels = (torch.from_numpy(of) for of in drawn(60))
    labels[:, 2] = 0
    labels[:positives, 2] = 1
    logits[:, 2] = labels[:, 2] * 4.0 - 9  # all are found by a threshold of -7
    assert tuned_thresholds(logits, labels, "multilabel")[2] == (0 if few else -7)
    assert ("c" in untuned_classes(labels, tuple("abcd"))) == few


def test_thresholds_where_there_can_be_none() -> None:
    logits, labels = (torch.from_numpy(of) for of in drawn())
    labels[:, 0], labels[:, 1] = 0, 1
    assert tuned_thresholds(logits, labels, "multilabel")[:2].tolist() == [0, 0]
    with pytest.raises(ConfigError, match="thresholds are tuned for classes that may occur together"):
        tuned_thresholds(logits, labels, "multiclass")
