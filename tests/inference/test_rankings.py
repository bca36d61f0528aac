"""Rankings under many weightings against scikit-learn, one weighting at a time."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from airybench.inference.rankings import Ranking

RNG = np.random.default_rng(0)
TRUTH = (RNG.random(80) < 0.3).astype(float)
LOGITS = RNG.normal(size=80) + TRUTH


@pytest.mark.parametrize("digits", [0, 1, 5])
@pytest.mark.parametrize("kind", ["counts", "reals", "zeros"])
def test_a_ranking_scores_as_scikit_learn_does(digits: int, kind: str) -> None:
    weights = {
        "counts": RNG.multinomial(80, np.full(80, 1 / 80), 6).T.astype(float),
        "reals": RNG.random((80, 6)),
        "zeros": RNG.random((80, 6)) * (RNG.random((80, 1)) < 0.2),
    }[kind]
    logits = LOGITS.round(digits)
    ranking = Ranking.of(logits, TRUTH)
    assert ranking.tied == (digits < 5)
    ap, auc = ranking.scores(weights)
    for column in range(6):
        options = {"sample_weight": weights[:, column]}
        assert float(ap[column]) == pytest.approx(average_precision_score(TRUTH, logits, **options), abs=1e-12)
        assert float(auc[column]) == pytest.approx(roc_auc_score(TRUTH, logits, **options), abs=1e-12)


@pytest.mark.parametrize(
    ("truth", "logits", "ap", "auc"),
    [
        ([0, 0, 0], [1, 2, 3], 0, 0),  # no positive shot: nothing to be found
        ([1, 1, 1], [1, 2, 2], 1, 0),
        ([1, 0], [0, 0], 1 / 2, 1 / 2),
        ([1, 0, 1], [3, 2, 1], 5 / 6, 1 / 2),
        ([0, 1, 0, 1], [1, 1, 0, 0], 1 / 2, 1 / 2),
    ],
)
def test_by_hand(truth: list[int], logits: list[int], ap: float, auc: float) -> None:
    found = Ranking.of(np.array(logits, float), np.array(truth, float)).scores(np.ones((len(truth), 1)))
    assert [float(one) for one in found] == pytest.approx([ap, auc])
