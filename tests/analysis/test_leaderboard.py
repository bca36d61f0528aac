"""The leaderboard: order, intervals by SciPy, and how certain it is."""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from airybench.analysis.leaderboard import MOST_RESAMPLED, Leaderboard, rank
from airybench.config import SEED, Objective, TrialConfig
from airybench.inference.bootstrap import interval, resamples, weighted_scores
from airybench.inference.predictions import Predictions
from airybench.sweep.study import FinishedTrial
from airybench.training.metrics import score

BASE = TrialConfig()
AP = [Objective("macro_ap", "max")]
SHOTS = 60
TRUTH = (np.random.default_rng(0).random((SHOTS, 3)) < 0.4).astype(np.uint8)


def record(number: int, value: float, *, alpha: float = 0.2, seed: int = 0, **scores: float) -> FinishedTrial:
    config = BASE.replace({"alpha": alpha, "seed": seed})
    facts = {"parameters": 1234.0, "seconds": 5.55}
    return FinishedTrial(number, config, {"macro_ap": value, **scores}, f"run{number}", facts, (value,))


def answers(skill: float, seed: int = 1, truth: np.ndarray = TRUTH) -> Predictions:
    noise = np.random.default_rng(seed).normal(size=truth.shape)
    logits = (skill * (2.0 * truth - 1) + noise).astype(np.float32)
    return Predictions(np.arange(len(truth)), logits, truth, ("a", "b", "c"), "multilabel")


def macro_ap(kept: Predictions) -> float:
    scores = score(torch.from_numpy(kept.logits), torch.from_numpy(kept.labels), kept.class_names, kept.label_kind)
    return scores.values["macro_ap"]


def by_number(kept: dict[int, Predictions]) -> Callable[[FinishedTrial], Predictions]:
    return lambda found: kept[found.number]


def same(found: FinishedTrial) -> Predictions:
    return answers(1.0)


def test_cells_are_ranked_by_their_mean_over_seeds() -> None:
    records = [
        record(0, 0.9, alpha=0.1, seed=0), record(1, 0.1, alpha=0.1, seed=1),
        record(2, 0.6, alpha=0.2, seed=0), record(3, 0.7, alpha=0.2, seed=1),
        record(4, 0.4, alpha=0.3, seed=0), record(5, 0.3, alpha=0.3, seed=1),
    ]  # fmt: skip
    for direction, order in (("max", [0.2, 0.1, 0.3]), ("min", [0.3, 0.1, 0.2])):
        board = rank(records, [Objective("macro_ap", direction)], same)
        assert [row.config.network.alpha for row in board.rows] == order
        best = {row.config.network.alpha: row.best.number for row in board.rows}
        assert best == ({0.1: 0, 0.2: 3, 0.3: 4} if direction == "max" else {0.1: 1, 0.2: 2, 0.3: 5})
        assert [len(row.trials) for row in board.rows] == [2, 2, 2]
        assert board.rows[1].mean == pytest.approx(0.5)


def test_intervals_over_seeds_are_students() -> None:
    values = {0.1: [0.5, 0.6, 0.55], 0.2: [0.8, 0.7, 0.78]}
    records = [
        record(10 * i + s, value, alpha=alpha, seed=s)
        for i, (alpha, group) in enumerate(values.items())
        for s, value in enumerate(group)
    ]
    board = rank(records, AP, same)
    assert board.interval_kind == "95 % t interval over seeds"
    for row in board.rows:
        group = values[row.config.network.alpha]
        expected = stats.t.interval(0.95, len(group) - 1, loc=np.mean(group), scale=np.std(group, ddof=1) / 3**0.5)
        assert (row.low, row.high) == pytest.approx(expected)


def test_intervals_of_one_seed_are_bootstrapped_over_val() -> None:
    kept = {0: answers(1.0), 1: answers(0.3)}
    records = [record(n, macro_ap(kept[n]), alpha=0.1 * (n + 1)) for n in kept]
    board = rank(records, AP, by_number(kept), seed=7)
    assert board.interval_kind == "95 % bootstrap over val shots"
    assert board.shots == SHOTS
    for row in board.rows:
        of = kept[row.best.number]
        tensors = torch.from_numpy(of.logits), torch.from_numpy(of.labels)
        drawn = weighted_scores(*tensors, "multilabel", resamples(SHOTS, 7))["macro_ap"]
        assert (row.low, row.high) == interval(drawn, row.mean)
        assert row.low < row.mean < row.high


def test_one_seed_somewhere_means_bootstrap_everywhere() -> None:
    records = [record(0, 0.5, alpha=0.1), record(1, 0.6, alpha=0.2), record(2, 0.7, alpha=0.2, seed=1)]
    assert rank(records, AP, same).interval_kind == "95 % bootstrap over val shots"


def certainty(first: Predictions, second: Predictions) -> Leaderboard:
    kept = {0: first, 1: second}
    return rank(
        [record(n, macro_ap(kept[n]), alpha=0.1 * (n + 1)) for n in kept],
        AP,
        by_number(kept),
    )


def test_certainty() -> None:
    assert certainty(answers(5.0), answers(0.0)).certainty == 1.0
    logits = answers(1.0).logits
    blurred = logits + np.random.default_rng(5).normal(size=logits.shape).astype(np.float32) * 0.1
    close = certainty(answers(1.0), replace(answers(1.0), logits=blurred)).certainty
    assert 0.4 < close < 0.95
    assert certainty(answers(1.0), answers(1.0)).certainty == pytest.approx(0.5)  # a tie is shared


def test_certainty_of_a_metric_to_be_small() -> None:
    kept = {0: answers(5.0), 1: answers(0.0)}
    records = [record(n, macro_ap(kept[n]), alpha=0.1 * (n + 1)) for n in kept]
    board = rank(records, [Objective("macro_ap", "min")], by_number(kept))
    assert board.rows[0].best.number == 1
    assert board.certainty == 1.0


def test_resamples_that_rank_nothing_do_not_count() -> None:
    truth = np.zeros((SHOTS, 3), np.uint8)
    truth[0] = 1  # one positive: in a third of the resamples no class is scored
    good = rank([record(0, 1.0)], AP, lambda r: answers(9.0, truth=truth))
    assert math.isnan(good.certainty)
    kept = {0: answers(1.0, 1, truth), 1: answers(1.0, 2, truth)}
    pair = [torch.from_numpy(kept[n].logits) for n in (0, 1)]
    drawn = [
        weighted_scores(logits, torch.from_numpy(truth), "multilabel", resamples(SHOTS, SEED))["macro_ap"].numpy()
        for logits in pair
    ]
    defined = np.isfinite(drawn[0])
    assert 0.5 < defined.mean() < 0.8
    for first in (0, 1):  # whichever is called the better
        records = [record(n, 0.9 if n == first else 0.5, alpha=0.1 * (n + 1)) for n in kept]
        expected = (drawn[first] >= drawn[1 - first])[defined].mean()
        assert rank(records, AP, by_number(kept)).certainty == pytest.approx(expected)


def test_objective_that_is_not_resampled() -> None:
    records = [record(0, 0.5, alpha=0.1), record(1, 0.6, alpha=0.2)]
    board = rank(records, [Objective("loss", "min")], same)
    assert math.isnan(board.certainty)
    assert all(math.isnan(row.low) and math.isnan(row.high) for row in board.rows)
    assert "not estimated for this objective" in board.certainty_sentence()


def test_only_the_top_is_resampled() -> None:
    asked = []

    def val(found: FinishedTrial) -> Predictions:
        asked.append(found.number)
        return answers(1.0, seed=found.number)

    records = [record(n, 1 - n / 100, alpha=0.01 * (n + 1)) for n in range(MOST_RESAMPLED + 2)]
    board = rank(records, AP, val)
    assert sorted(asked) == list(range(MOST_RESAMPLED))
    assert [math.isnan(row.low) for row in board.rows] == [False] * MOST_RESAMPLED + [True] * 2


def test_scores_are_means_over_seeds() -> None:
    records = [record(0, 0.5, mcc=0.1, roc_auc=0.7), record(1, 0.6, seed=1, mcc=0.3)]
    (row,) = rank(records, AP, same).rows
    assert row.scores["mcc"] == pytest.approx(0.2)
    assert row.scores["macro_ap"] == pytest.approx(0.55)


@pytest.mark.parametrize(("value", "verdict"), [(0.99, "a clear lead"), (0.9, "a lead"), (0.5, "no clear ranking")])
def test_how_sure_in_words(value: float, verdict: str) -> None:
    records = [record(2 * cell + s, 0.5, alpha=0.1 * (cell + 1), seed=s) for cell in (0, 1) for s in (0, 1)]
    rows = rank(records, AP, same).rows
    assert Leaderboard(AP[0], rows, "", value, 154).certainty_sentence() == (
        f"How certain: with 2 seeds per cell and 154 validation shots, the winner stays first in {value:.0%} of 1000 "
        f"bootstrap resamples: {verdict}."
    )
    assert (
        "a single cell is no ranking (2 seeds per cell and 154 validation shots)"
        in Leaderboard(AP[0], rows[:1], "", value, 154).certainty_sentence()
    )


def test_one_seed_is_never_sure() -> None:
    rows = rank([record(0, 0.5, alpha=0.1), record(1, 0.6, alpha=0.2)], AP, same).rows
    line = Leaderboard(AP[0], rows, "", 1.0, 154).certainty_sentence()
    assert "with 1 seed per cell and 154 validation shots, the winner stays first in 100% of 1000" in line
    assert "one seed per cell does not show the spread between trainings" in line
    assert "clear lead" not in line


def test_csv_is_read_back() -> None:
    records = [record(0, 0.51234, alpha=0.1, mcc=0.3), record(1, 0.6, alpha=0.2)]
    board = rank(records, AP, same)
    first, second = csv.DictReader(io.StringIO(board.to_csv()))
    assert (first["rank"], first["name"]) == ("1", "resnet18-log0.2-leaky0.2")
    assert (first["alpha"], first["seeds"], first["parameters"], first["best_run_id"]) == ("0.2", "1", "1234", "run1")
    assert float(second["val_macro_ap"]) == pytest.approx(0.51234, abs=5e-5)
    assert (first["val_mcc"], second["val_mcc"]) == ("", "0.3000")
    assert float(first["low"]) == pytest.approx(board.rows[0].low, abs=5e-5)
    assert set(first) == set(second)
    assert None not in first
    other = next(csv.DictReader(io.StringIO(rank(records, [Objective("loss", "min")], same).to_csv())))
    assert (other["low"], other["high"]) == ("", "")
    assert {"val_loss", "val_macro_ap"} <= set(other)


def test_equals_in_the_first_objective_are_told_apart_by_the_next() -> None:
    from airybench.analysis.pareto import front

    def record(number: int, alpha: float, values: tuple[float, ...]) -> FinishedTrial:
        config = TrialConfig().replace({"alpha": alpha})
        return FinishedTrial(number, config, {"macro_ap": values[0]}, f"run{number}", {}, values)

    def no_predictions(_: FinishedTrial) -> Predictions:
        shots = np.arange(4)
        return Predictions(
            shots, np.zeros((4, 1), np.float32), np.array([[0], [1], [0], [1]], np.uint8), ("a",), "multilabel"
        )

    for way, best in (("max", 0.2), ("min", 0.1)):
        records = [record(0, 0.1, (0.8, 10.0)), record(1, 0.2, (0.8, 30.0)), record(2, 0.3, (0.7, 20.0))]
        objectives = [*AP, Objective("seconds", way)]
        board = rank(records, objectives, no_predictions)
        assert board.rows[0].config.network.alpha == best
        assert front(board.rows, objectives)[0].row is board.rows[0]
