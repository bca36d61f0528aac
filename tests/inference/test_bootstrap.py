"""Weighted metrics against scikit-learn's sample weights, and intervals against their definition."""

import warnings

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from airybench.inference.bootstrap import AT_ONCE, resamples, weighted_scores
from airybench.training.metrics import score

NAMES = ("a", "b", "c", "d")


def case(seed: int, kind: str, *, ties: bool = False, shots: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    if kind == "multilabel":
        truth = (rng.random((shots, 4)) < [0.5, 0.2, 0.8, 0.1]).astype(np.uint8)
        truth[0], truth[1] = 1, 0
    else:
        truth = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, shots)]
    logits = (rng.normal(size=(shots, 4)) * 3 + 2 * truth - 1).astype(np.float32)
    return (logits.round() if ties else logits), truth


def answers_of(logits: np.ndarray, kind: str) -> np.ndarray:
    return (logits > 0).astype(int) if kind == "multilabel" else np.eye(4, dtype=int)[logits.argmax(1)]


def reference(logits: np.ndarray, truth: np.ndarray, kind: str, weights: np.ndarray) -> dict[str, float]:
    """By scikit-learn with sample_weight, over the classes that have both answers in the resample."""
    answers, drawn = answers_of(logits, kind), weights > 0
    kept = [c for c in range(4) if len(set(truth[drawn, c])) == 2]
    pooled = {"sample_weight": np.repeat(weights, 4)}

    def macro(function, of: np.ndarray, **options: object) -> float:  # type: ignore[no-untyped-def]
        values = [function(truth[:, c], of[:, c], sample_weight=weights, **options) for c in kept]
        return float(np.mean(values)) if values else float("nan")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "macro_ap": macro(sk.average_precision_score, logits),
            "roc_auc": macro(sk.roc_auc_score, logits),
            "macro_f1": macro(sk.f1_score, answers, zero_division=0),
            "precision": macro(sk.precision_score, answers, zero_division=0),
            "recall": macro(sk.recall_score, answers, zero_division=0),
            "micro_f1": sk.f1_score(truth.ravel(), answers.ravel(), zero_division=0, **pooled),
            "accuracy": sk.accuracy_score(truth.ravel(), answers.ravel(), **pooled),
            "exact_match": sk.accuracy_score(truth, answers, sample_weight=weights),
            "mcc": sk.matthews_corrcoef(truth.ravel(), answers.ravel(), **pooled),
        }


def scored(logits: np.ndarray, truth: np.ndarray, kind: str, weights: np.ndarray) -> dict[str, np.ndarray]:
    tensors = (torch.from_numpy(logits), torch.from_numpy(truth), kind, torch.from_numpy(weights))
    return {name: values.numpy() for name, values in weighted_scores(*tensors).items()}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_weights_are_scikit_learns(kind: str, ties: bool) -> None:
    logits, truth = case(1, kind, ties=ties)
    rng = np.random.default_rng(2)
    drawn = resamples(50, seed=3, draws=4).numpy()
    rare = np.zeros((1, 50))
    rare[0, :4] = 5  # few shots: classes drop out
    weights = np.concatenate([drawn, rng.random((2, 50)), rare, np.ones((1, 50))])
    found = scored(logits, truth, kind, weights)
    for row, weight in enumerate(weights):
        assert {name: values[row] for name, values in found.items()} == pytest.approx(
            reference(logits, truth, kind, weight), abs=1e-9, nan_ok=True
        )


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("constant", [None, -1.0])
def test_weights_of_one_are_the_scores(kind: str, ties: bool, constant: float | None) -> None:
    logits, truth = case(4, kind, ties=ties)
    if constant is not None:
        logits = np.full_like(logits, constant)
    plain = score(torch.from_numpy(logits), torch.from_numpy(truth), NAMES, kind).values
    found = scored(logits, truth, kind, np.ones((1, 50)))
    assert set(found) == set(plain) - {"loss", "classes_scored"}
    assert {name: values[0] for name, values in found.items()} == pytest.approx({n: plain[n] for n in found}, abs=1e-6)


def test_a_weight_is_a_number_of_copies() -> None:
    logits, truth = case(5, "multilabel")
    copies = np.random.default_rng(0).integers(0, 4, 50)
    repeated = scored(logits.repeat(copies, 0), truth.repeat(copies, 0), "multilabel", np.ones((1, copies.sum())))
    for name, values in scored(logits, truth, "multilabel", copies[None].astype(float)).items():
        np.testing.assert_allclose(values, repeated[name], rtol=1e-12, err_msg=name)


def test_any_number_of_weightings_may_be_evaluated_at_once() -> None:
    logits, truth = case(7, "multilabel")
    weights = resamples(50, seed=1, draws=2 * AT_ONCE + 5).numpy()
    whole = scored(logits, truth, "multilabel", weights)
    each = [scored(logits, truth, "multilabel", row[None].astype(np.float64)) for row in weights[[0, AT_ONCE, -1]]]
    for name, values in whole.items():
        np.testing.assert_allclose(values[[0, AT_ONCE, -1]], [one[name][0] for one in each], rtol=1e-12, err_msg=name)
    assert weights.dtype == np.uint8, "one byte for each shot and resample"


def test_resample_without_a_scored_class_is_nan() -> None:
    logits, truth = case(6, "multilabel")
    weights = np.zeros((1, 50))
    weights[0, 1] = 50
    found = scored(logits, truth, "multilabel", weights)
    assert {name for name, values in found.items() if np.isnan(values[0])} == {
        "macro_ap", "roc_auc", "macro_f1", "precision", "recall",
    }  # fmt: skip


def test_resamples_draw_with_replacement() -> None:
    drawn = resamples(40, seed=1, draws=500).numpy()
    assert drawn.shape == (500, 40)
    assert (drawn.sum(axis=1) == 40).all()
    assert (drawn == drawn.round()).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(40), abs=0.25)
    assert (drawn == 0).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.01)
    rows = torch.randint(40, (500, 40), generator=torch.Generator().manual_seed(1)).numpy()
    assert [np.bincount(row, minlength=40).tolist() for row in rows] == drawn.tolist()
    assert not torch.equal(resamples(40, seed=2, draws=500), torch.from_numpy(drawn))


def test_whole_runs_are_drawn() -> None:
    groups = np.array([3, 3, 1, 7, 7, 7], np.int32)
    drawn = resamples(6, seed=1, draws=50, groups=groups).numpy()
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, 3] == drawn[:, 5]).all()
    assert (drawn[:, [0, 2, 3]].sum(axis=1) == 3).all()


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_macro_averages_can_be_over_some_classes(kind: str) -> None:
    logits, truth = case(3, kind)
    tensors, weights = (torch.from_numpy(logits), torch.from_numpy(truth)), torch.ones(1, len(truth))
    kept = torch.tensor([True, False, True, *[True] * (truth.shape[1] - 3)])
    found = weighted_scores(*tensors, kind, weights, kept=kept)
    expected = np.mean([sk.average_precision_score(truth[:, c], logits[:, c]) for c in np.flatnonzero(kept.numpy())])
    assert float(found["macro_ap"]) == pytest.approx(expected)
    assert torch.equal(found["exact_match"], weighted_scores(*tensors, kind, weights)["exact_match"])
