"""Intervals over folds against least squares, the paired t test, and benchmarks drawn by chance."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from airybench.analysis import fold_intervals
from airybench.analysis.estimate import Estimate
from airybench.analysis.fold_intervals import (
    OVERLAP,
    FoldSpread,
    fold_combination,
    fold_of,
    fold_score,
    fold_table,
    on_folds,
    wide_folds,
)
from airybench.analysis.intervals import difference, rare_classes, score
from airybench.errors import StudyError
from airybench.inference.predictions import Predictions

RNG = np.random.default_rng(9)
TABLE = RNG.normal(0.6, 0.05, (4, 5))


def fold_difference(first: np.ndarray, second: np.ndarray, spread: FoldSpread | None = None) -> Estimate:
    return fold_combination([(1, first), (-1, second)], spread or FoldSpread.of(np.stack([first, second])))


def test_spread_is_the_residual_of_least_squares() -> None:
    """Cells and folds as columns of 0 and 1, fitted by NumPy."""
    rows, columns = np.indices(TABLE.shape).reshape(2, -1)
    design = np.hstack([rows[:, None] == np.arange(4), columns[:, None] == np.arange(1, 5)]).astype(float)
    _, squares, rank, _ = np.linalg.lstsq(design, TABLE.ravel(), rcond=None)
    found = FoldSpread.of(TABLE)
    assert found.freedom == TABLE.size - rank == 12
    assert found.variance == pytest.approx(squares[0] / 12)
    assert FoldSpread.of(np.vstack([TABLE, [math.nan, *TABLE[0, 1:]]])) == found, "a cell without a fold is left out"
    assert FoldSpread.of(TABLE[:1]).freedom == 0
    assert FoldSpread.of(np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])).variance == 0


def test_two_cells_alone_without_overlap_are_the_paired_t_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_intervals, "OVERLAP", 0)
    found = fold_difference(TABLE[0], TABLE[1])
    paired = stats.ttest_rel(TABLE[0], TABLE[1])
    expected = paired.confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx(
        ((TABLE[0] - TABLE[1]).mean(), expected.low, expected.high)
    )
    assert (found.p, found.df) == (pytest.approx(paired.pvalue), 4)
    # Nadeau and Bengio's corrected t statistic, written out.
    moved = TABLE[0] - TABLE[1]
    error = math.sqrt(moved.var(ddof=1) * (1 / 5 + 1 / 4))
    with wide_folds():
        corrected = fold_difference(TABLE[0], TABLE[1])
        (score_of_one,) = {fold_score(TABLE[0]).error}
    assert corrected.p == pytest.approx(2 * stats.t.sf(abs(moved.mean()) / error, 4))
    assert score_of_one == pytest.approx(TABLE[0].std(ddof=1) * math.sqrt(1 / 5 + 1 / 4))
    assert fold_difference(TABLE[0], TABLE[1]).p == found.p


def test_all_cells_of_a_study_lend_their_spread() -> None:
    spread = FoldSpread.of(TABLE)
    found = fold_difference(TABLE[0], TABLE[1], spread)
    half = stats.t.ppf(0.975, 12) * math.sqrt(2 * spread.variance * (1 / 5 + OVERLAP))
    assert (found.high - found.value, found.value - found.low) == pytest.approx((half, half))
    same = fold_combination([(1, TABLE[0]), (-1, TABLE[1])], spread)
    assert (same.low, same.high, same.p) == pytest.approx((found.low, found.high, found.p))
    mean = fold_combination([(0.5, TABLE[0]), (0.5, TABLE[2]), (-0.5, TABLE[1]), (-0.5, TABLE[3])], spread)
    assert mean.high - mean.low == pytest.approx(2 * half / math.sqrt(2)), "two differences say more than one"
    one = fold_combination([(1, TABLE[0])], spread)
    assert one == fold_score(TABLE[0]), "a score is no contrast: the folds themselves count"


@pytest.mark.parametrize("shared", [0.0, 1 / 11])
def test_coverage_on_drawn_benchmarks(shared: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise of a cell with a correlation r between folds has r / (1 - r) as its overlap: 1 / 11 is that of OVERLAP."""
    cells, folds, times = 6, 5, 4000
    own = math.sqrt(1 - shared) * RNG.normal(size=(times, cells, folds))
    noise = own + math.sqrt(shared) * RNG.normal(size=(times, cells, 1)) + 3 * RNG.normal(size=(times, 1, folds))
    overlap = shared / (1 - shared)
    assert overlap == pytest.approx(OVERLAP if shared else 0)
    monkeypatch.setattr(fold_intervals, "OVERLAP", overlap)
    held = [
        found.low <= 0 <= found.high
        for table in noise
        for found in [fold_difference(table[0], table[1], FoldSpread.of(table))]
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / times))


def test_missing_folds_are_left_out_of_the_mean() -> None:
    first = TABLE[0].copy()
    first[2] = math.nan
    found = fold_difference(first, TABLE[1], FoldSpread.of(TABLE))
    kept = [0, 1, 3, 4]
    assert found.value == pytest.approx((TABLE[0] - TABLE[1])[kept].mean())
    assert found.df == 12
    nothing = fold_difference(np.full(5, math.nan), TABLE[1], FoldSpread.of(TABLE))
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.p)
    assert math.isnan(fold_score(np.array([0.3, math.nan])).low)
    assert fold_score(np.array([0.9, 1.0]), within=(0, 1)).high == 1


def predicted(fold: int, seed: int, strength: float) -> Predictions:
    labels = (np.random.default_rng(fold).random((40, 2)) < 0.4).astype(np.uint8)
    logits = strength * (labels - 0.5) + np.random.default_rng([fold, seed]).normal(size=(40, 2))
    return Predictions(np.arange(40) + 40 * fold, logits.astype(np.float32), labels, ("a", "b"), "multilabel")


def test_predictions_of_several_folds_are_recognised_and_averaged_over_seeds_first() -> None:
    cells = [[predicted(fold, seed, s) for fold in range(4) for seed in (1, 2)] for s in (1.0, 3.0)]
    values = [[one.scores().values["macro_ap"] for one in cell] for cell in cells]
    table = fold_table(cells, values)
    np.testing.assert_allclose(table, np.array(values).reshape(2, 4, 2).mean(axis=2))
    assert on_folds(cells[0])
    assert not on_folds(cells[0][:2]), "two seeds of one fold are no folds"
    found, expected = difference(cells[1], cells[0], "macro_ap"), fold_difference(table[1], table[0])
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert score(cells[0], "macro_ap").value == pytest.approx(table[0].mean())
    short = fold_table([cells[0], cells[1][:6]], [values[0], values[1][:6]])
    assert np.isnan(short).tolist() == [[False] * 4, [False, False, False, True]]
    assert len({fold_of(one) for one in cells[0]}) == 4


def rare_in(one: Predictions, fold: int, positives: int) -> Predictions:
    """The same with so few positive shots of the second class, where it is of that fold."""
    labels = one.labels.copy()
    if one.ids[0] == 40 * fold:
        labels[:, 1] = np.arange(40) < positives
    return replace(one, labels=labels)


def test_rare_classes_of_a_fold_stay_out_of_its_difference() -> None:
    """Average precision by scikit-learn; the classes that are left are averaged in each fold, then the folds."""
    cells = [[rare_in(predicted(fold, 1, s), 2, 4) for fold in range(4)] for s in (1.0, 3.0)]
    scored = [[average_precision_score(one.labels, one.logits, average=None) for one in cell] for cell in cells]
    table = np.array([[row[0] if fold == 2 else row.mean() for fold, row in enumerate(rows)] for rows in scored])
    found, expected = difference(cells[1], cells[0], "macro_ap"), fold_difference(table[1], table[0])
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert rare_classes(cells[0]) == ("b",)
    assert score(cells[1], "macro_ap").value == pytest.approx(np.mean([row.mean() for row in scored[1]]))
    enough = [[rare_in(one, 2, 5) for one in cell] for cell in cells]
    assert difference(*enough, "macro_ap").value != pytest.approx(-found.value)
    assert rare_classes(enough[0]) == ()


def test_folds_without_a_frequent_class_are_left_out() -> None:
    def few(one: Predictions, folds: int) -> Predictions:
        return (
            replace(one, labels=(np.arange(80).reshape(40, 2) < 8).astype(np.uint8)) if one.ids[0] < 40 * folds else one
        )

    for folds, certain in ((1, True), (2, False), (4, False)):
        cells = [[few(predicted(fold, 1, s), folds) for fold in range(4)] for s in (1.0, 3.0)]
        found = difference(cells[1], cells[0], "macro_ap", pool=cells)
        kept = [[one for one in cell if one.ids[0] >= 40 * (folds % 4)] for cell in cells]
        values = [[average_precision_score(one.labels, one.logits) for one in cell] for cell in kept]
        assert found.value == pytest.approx(np.mean(values[1]) - np.mean(values[0]))
        assert (found.certain, math.isnan(found.p)) == (certain, not certain)
        assert difference(*cells, "mcc").certain


def test_sides_on_folds_are_of_the_same_shots_and_numbers() -> None:
    first, second = ([predicted(fold, 1, s) for fold in range(4)] for s in (1.0, 3.0))
    other = [*second[:3], replace(second[3], labels=1 - second[3].labels)]
    with pytest.raises(StudyError, match="two cells on one fold are not comparable, their labels differ"):
        difference(first, other, "macro_ap")
    logits = second[3].logits.copy()
    logits[5, 0] = math.nan
    with pytest.raises(StudyError, match="1 of 40 shots have logits that are not numbers, such as id 125"):
        difference(first, [*second[:3], replace(second[3], logits=logits)], "macro_ap")


def test_every_estimate_inside_is_wider() -> None:
    cells = [[predicted(fold, 1, strength) for fold in range(4)] for strength in (1.0, 3.0)]
    found = difference(cells[1], cells[0], "macro_ap"), score(cells[0], "macro_ap")
    with wide_folds():
        wide = difference(cells[1], cells[0], "macro_ap"), score(cells[0], "macro_ap")
    for before, after in zip(found, wide, strict=True):
        assert after.value == before.value
        assert after.error / before.error == pytest.approx(math.sqrt((1 / 4 + 1 / 3) / (1 / 4 + OVERLAP)))
