"""Metrics against scikit-learn, on logits that are random, tied, saturated or one-sided."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from airybench.paths import slug
from airybench.training.metrics import decide, dense_ranks, score, scored_classes

NAMES = ("Spherical/Oblate", "Round", "Streak", "Empty")


def random_case(seed: int, shots: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = (rng.random((shots, 4)) < [0.5, 0.2, 0.7, 0.1]).astype(int)
    truth[0], truth[1] = 1, 0
    return rng.normal(size=(shots, 4)) * 3 + truth, truth


def tied() -> tuple[np.ndarray, np.ndarray]:
    logits, truth = random_case(3)
    return logits.round(), truth


def saturated() -> tuple[np.ndarray, np.ndarray]:
    logits, truth = random_case(4)
    return np.where(logits > 0, 80.0, -80.0) + logits / 10, truth  # float32 sigmoids are all 0 or 1


def within_unit() -> tuple[np.ndarray, np.ndarray]:
    logits, truth = random_case(5)
    return 1 / (1 + np.exp(-logits)), truth  # torchmetrics would take these logits for probabilities


def constant() -> tuple[np.ndarray, np.ndarray]:
    return np.full((60, 4), -1.5), random_case(6)[1]


def one_sided() -> tuple[np.ndarray, np.ndarray]:
    logits, truth = random_case(7)
    truth[:, 1], truth[:, 3] = 0, 1
    return logits, truth


CASES = {f"random{seed}": random_case(seed) for seed in range(3)} | {
    "tied": tied(), "saturated": saturated(), "within_unit": within_unit(), "constant": constant(),
    "one_sided": one_sided(), "always_right": (np.where(random_case(8)[1] > 0, 1.0, -1.0), random_case(8)[1]),
    "always_wrong": (np.where(random_case(8)[1] > 0, -1.0, 1.0), random_case(8)[1]),
}  # fmt: skip


def reference(logits: np.ndarray, truth: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """The same values by scikit-learn, class by class."""
    logits = logits.astype(np.float32).astype(np.float64)
    kept = [c for c in range(truth.shape[1]) if 0 < truth[:, c].sum() < len(truth)]
    flat, answered = truth.ravel(), answers.ravel()

    def macro(function, of: np.ndarray) -> float:  # type: ignore[no-untyped-def]
        return float(np.mean([function(truth[:, c], of[:, c]) for c in kept]))

    p = 1 / (1 + np.exp(-logits))
    loss = -(truth * np.log(np.clip(p, 1e-300, 1)) + (1 - truth) * np.log(1 / (1 + np.exp(logits)))).mean()
    return {
        "loss": loss,
        "accuracy": float((truth == answers).mean()),
        "exact_match": sk.accuracy_score(truth, answers),
        "micro_f1": sk.f1_score(flat, answered, zero_division=0),
        "mcc": sk.matthews_corrcoef(flat, answered),
        "classes_scored": len(kept),
        "macro_ap": macro(sk.average_precision_score, logits),
        "roc_auc": macro(sk.roc_auc_score, logits),
        "macro_f1": macro(lambda t, a: sk.f1_score(t, a, zero_division=0), answers),
        "precision": macro(lambda t, a: sk.precision_score(t, a, zero_division=0), answers),
        "recall": macro(lambda t, a: sk.recall_score(t, a, zero_division=0), answers),
    }


def tensors(logits: np.ndarray, truth: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(logits).float(), torch.from_numpy(truth).float()


@pytest.mark.parametrize("case", CASES)
def test_multilabel_is_scikit_learns(case: str) -> None:
    logits, truth = CASES[case]
    found = score(*tensors(logits, truth), NAMES, "multilabel")
    expected = reference(logits, truth, (logits.astype(np.float32) > 0).astype(int))
    assert found.values == pytest.approx(expected, rel=1e-6, abs=1e-6)
    single = logits.astype(np.float32)
    kept = [c for c in range(4) if 0 < truth[:, c].sum() < len(truth)]
    assert list(found.ap) == list(found.f1) == [NAMES[c] for c in kept]
    for c in kept:
        assert found.ap[NAMES[c]] == pytest.approx(sk.average_precision_score(truth[:, c], single[:, c]), abs=1e-6)
        f1 = sk.f1_score(truth[:, c], single[:, c] > 0, zero_division=0)
        assert found.f1[NAMES[c]] == pytest.approx(f1, abs=1e-6)


@pytest.mark.parametrize("absent", [False, True])
def test_multiclass_answers_the_largest(absent: bool) -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3 if absent else 4, 80)
    truth = np.eye(4, dtype=int)[labels]
    logits = rng.normal(size=(80, 4)) + 1.5 * truth - 5  # no logit reaches 0
    answers = np.eye(4, dtype=int)[logits.argmax(1)]
    found = score(*tensors(logits, truth), NAMES, "multiclass")
    assert found.values == pytest.approx(reference(logits, truth, answers), abs=1e-6)
    assert found.values["exact_match"] == pytest.approx(sk.accuracy_score(labels, logits.argmax(1)))
    assert found.values["micro_f1"] == pytest.approx(found.values["exact_match"])  # one answer a shot
    assert found.values["classes_scored"] == (3 if absent else 4)


def test_single_class() -> None:
    logits, truth = random_case(9)
    found = score(*tensors(logits[:, :1], truth[:, :1]), ("Hit",), "multilabel")
    expected = reference(logits[:, :1], truth[:, :1], (logits[:, :1] > 0).astype(int))
    assert found.values == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("value", [0, 1])
def test_without_a_scored_class_there_is_no_ranking(value: int) -> None:
    logits = random_case(2)[0]
    found = score(*tensors(logits, np.full((60, 4), value)), NAMES, "multilabel")
    assert set(found.values) == {"loss", "accuracy", "exact_match", "micro_f1", "mcc", "classes_scored"}
    assert found.values["classes_scored"] == 0
    assert found.values["mcc"] == pytest.approx(0, abs=1e-6)
    assert (found.f1, found.ap) == ({}, {})


@pytest.mark.filterwarnings("ignore:A single label")
@pytest.mark.parametrize("value", [0, 1])
def test_constant_answers_that_are_all_right_have_no_correlation(value: int) -> None:
    truth = np.full((10, 4), value)
    found = score(*tensors(np.full((10, 4), value - 0.5), truth), NAMES, "multilabel")
    assert found.values["mcc"] == sk.matthews_corrcoef(truth.ravel(), truth.ravel()) == 0


def test_decisions() -> None:
    logits = torch.tensor([[0.0, 1e-9, -3.0], [-1.0, -2.0, -0.5]])
    assert decide(logits, "multilabel").tolist() == [[0, 1, 0], [0, 0, 0]]
    assert decide(logits, "multiclass").tolist() == [[0, 1, 0], [0, 0, 1]]


def test_scored_classes_have_both_answers() -> None:
    labels = torch.tensor([[1, 0, 1], [1, 0, 0]])
    assert scored_classes(labels).tolist() == [False, False, True]


def test_ranks_keep_order_and_ties() -> None:
    found = dense_ranks(torch.tensor([[-80.0], [80.0], [81.0], [80.0]]))[:, 0]
    assert found.dtype == torch.float64
    assert found[0] < found[1] == found[3] < found[2]
    assert 0 <= found.min() <= found.max() <= 1


def test_keys() -> None:
    logits, truth = CASES["one_sided"]
    flat = score(*tensors(logits, truth), NAMES, "multilabel").flat("val")
    assert {"val/macro_ap", "val/loss", "val/f1/Spherical-Oblate", "val/ap/Streak"} <= set(flat)
    assert not [key for key in flat if key.endswith(("Round", "Empty"))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Spherical/Oblate", "Spherical-Oblate"),
        ("Newton Rings", "Newton-Rings"),
        ("a_b-c.d", "a_b-c.d"),
        ("50 %", "50--"),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert slug(name) == expected
