"""The majority baseline reaches what can be reached without looking."""

import numpy as np
import pytest
import torch

from airybench.inference.majority import majority_logits
from airybench.training.metrics import decide, score

NAMES = ("a", "b", "c", "d")


def labels(seed: int, shots: int, shares: tuple[float, ...] = (0.7, 0.3, 0.05, 0.5)) -> torch.Tensor:
    drawn = (np.random.default_rng(seed).random((shots, 4)) < shares).astype(np.float32)
    drawn[0], drawn[1] = 1, 0
    return torch.from_numpy(drawn)


def test_average_precision_is_the_prevalence_where_it_is_scored() -> None:
    training, val = labels(0, 200), labels(1, 60)
    found = score(majority_logits(training, 60), val, NAMES, "multilabel")
    assert [found.ap[name] for name in NAMES] == pytest.approx(val.mean(0).tolist(), abs=1e-6)
    assert found.values["roc_auc"] == pytest.approx(0.5)
    assert found.values["macro_ap"] == pytest.approx(float(val.mean()), abs=1e-6)


def test_decisions_are_the_majority_of_training() -> None:
    training = torch.zeros(10, 4)
    training[:, 0] = 1
    training[:6, 1] = 1
    training[:4, 2] = 1
    logits = majority_logits(training, 3)
    assert logits.shape == (3, 4)
    assert logits.isfinite().all()
    assert decide(logits, "multilabel").tolist() == [[1, 1, 0, 0]] * 3


def test_multiclass_answers_the_commonest() -> None:
    training = torch.eye(4)[torch.tensor([0, 1, 1, 2, 1, 3])]
    logits = majority_logits(training, 2)
    assert decide(logits, "multiclass").tolist() == [[0, 1, 0, 0]] * 2
    val = torch.eye(4)[torch.tensor([1, 1, 0, 2])]
    assert score(majority_logits(training, 4), val, NAMES, "multiclass").values["exact_match"] == 0.5


def test_logits_are_log_odds() -> None:
    training = labels(3, 1000)
    p = (training.double().sum(0) + 0.5) / 1001
    torch.testing.assert_close(majority_logits(training, 1)[0].sigmoid(), p)


def test_it_scores_no_correlation_where_it_answers_alike() -> None:
    rare = labels(4, 100, (0.1, 0.1, 0.1, 0.1))
    assert score(majority_logits(rare, 100), rare, NAMES, "multilabel").values["mcc"] == 0
