"""The leaderboard: order, intervals by SciPy, and which cells are told apart from the winner."""

import csv
import io
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats

from airybench.analysis.intervals import difference
from airybench.analysis.leaderboard import rank
from airybench.analysis.ties import MOST_CELLS
from airybench.analysis.verdicts import holm
from airybench.config import Objective, TrialConfig
from airybench.inference.bootstrap import resamples, weighted_scores
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


def cells_of(skills: list[float], seeds: int) -> tuple[list[FinishedTrial], dict[int, Predictions]]:
    """Trials of cells that answer with some skill, and their answers by number."""
    kept = {
        10 * cell + seed: answers(skill, 10 * cell + seed) for cell, skill in enumerate(skills) for seed in range(seeds)
    }
    records = [record(n, macro_ap(one), alpha=0.1 * (n // 10 + 1), seed=n % 10) for n, one in kept.items()]
    return records, kept


def test_intervals_add_the_variance_over_shots_and_over_seeds() -> None:
    records, kept = cells_of([1.0, 0.3], 4)
    board = rank(records, AP, by_number(kept), seed=7)
    assert board.interval_kind == "95 %, over val shots and seeds"
    assert board.shots == SHOTS
    for row in board.rows:
        tensors = [
            (torch.from_numpy(one.logits), torch.from_numpy(one.labels))
            for one in (kept[trial.number] for trial in row.trials)
        ]
        drawn = torch.stack([weighted_scores(*one, "multilabel", resamples(SHOTS, 7))["macro_ap"] for one in tensors])
        parts = [(float(drawn.mean(0).var()), SHOTS - 1), (np.var([t.value for t in row.trials], ddof=1) / 4, 3)]
        error = math.sqrt(sum(one for one, _ in parts))
        df = error**4 / sum(one**2 / free for one, free in parts)
        assert (row.low, row.high) == pytest.approx(stats.t.interval(0.95, df, row.mean, error))


def test_one_seed_has_the_interval_over_shots_alone() -> None:
    records, kept = cells_of([1.0, 0.3], 1)
    board = rank(records, AP, by_number(kept), seed=7)
    assert board.interval_kind == "95 %, over val shots"
    for row in board.rows:
        of = kept[row.best.number]
        tensors = torch.from_numpy(of.logits), torch.from_numpy(of.labels)
        drawn = weighted_scores(*tensors, "multilabel", resamples(SHOTS, 7))["macro_ap"]
        expected = stats.t.interval(0.95, SHOTS - 1, row.mean, float(drawn.std()))
        assert (row.low, row.high) == pytest.approx(expected)


def test_two_seeds_far_apart_stay_between_0_and_1() -> None:
    """Student's t over two seeds alone once gave -0.365 .. 1.259."""
    kept = {0: answers(3.0), 1: answers(-1.0), 10: answers(1.0, 5), 11: answers(1.0, 6)}
    records = [record(n, macro_ap(one), alpha=0.1 + n // 10, seed=n % 10) for n, one in kept.items()]
    for row in rank(records, AP, by_number(kept)).rows:
        assert 0 <= row.low < row.mean < row.high <= 1


def test_which_cells_are_told_apart_from_the_winner() -> None:
    records, kept = cells_of([3.0, 2.9, 0.2], 3)
    board = rank(records, AP, by_number(kept))
    groups = [[kept[trial.number] for trial in row.trials] for row in board.rows]
    against = [difference(groups[0], other, "macro_ap", pool=groups) for other in groups[1:]]
    assert board.apart == tuple(p < 0.05 for p in holm([one.p for one in against])) == (False, True)
    assert board.tied == (board.rows[1].config.label,)
    line = board.certainty_sentence()
    assert line == (
        f"How certain: with 3 seeds per cell and {SHOTS} validation shots, the winner is not told apart from "
        f"{board.rows[1].config.label} (Holm, 5%)."
    )
    close = rank(*cells_rank([1.0, 1.0, 1.0]))
    assert "the winner is not told apart from any of the 2 others" in close.certainty_sentence()
    clear = rank(*cells_rank([5.0, 0.1, 0.0]))
    assert "the winner is told apart from each of the 2 other cells" in clear.certainty_sentence()


def cells_rank(skills: list[float]) -> tuple[list[FinishedTrial], list[Objective], Callable[..., Predictions]]:
    records, kept = cells_of(skills, 3)
    return records, AP, by_number(kept)


def test_one_seed_is_a_first_look() -> None:
    records, kept = cells_of([5.0, 0.0], 1)
    board = rank(records, AP, by_number(kept))
    assert board.apart == (None,)
    line = board.certainty_sentence()
    assert line.startswith(f"How certain: a first look. With 1 seed per cell and {SHOTS} validation shots, the spread")
    assert "told apart from another (--seeds 5" in line
    alone = rank(records[:1], AP, by_number(kept)).certainty_sentence()
    assert alone == f"How certain: a single cell is no ranking (1 seed per cell and {SHOTS} validation shots)."


def test_objective_that_is_not_resampled() -> None:
    records = [record(0, 0.5, alpha=0.1), record(1, 0.6, alpha=0.2)]
    board = rank(records, [Objective("loss", "min")], same)
    assert board.apart == ()
    assert all(math.isnan(row.low) and math.isnan(row.high) for row in board.rows)
    assert "not estimated for this objective" in board.certainty_sentence()
    several = [record(10 * c + s, 0.5 + 0.1 * c + 0.02 * s, alpha=0.1 + c, seed=s) for c in (0, 1) for s in range(3)]
    board = rank(several, [Objective("loss", "min")], same)
    assert board.interval_kind == "95 %, over seeds alone"
    for row in board.rows:
        values = [trial.value for trial in row.trials]
        assert (row.low, row.high) == pytest.approx(stats.t.interval(0.95, 2, row.mean, stats.sem(values)))


def test_only_the_top_is_resampled() -> None:
    asked = []

    def val(found: FinishedTrial) -> Predictions:
        asked.append(found.number)
        return answers(1.0, seed=found.number)

    records = [record(n, 1 - n / 100, alpha=0.01 * (n + 1)) for n in range(MOST_CELLS + 2)]
    board = rank(records, AP, val)
    assert sorted(asked) == list(range(MOST_CELLS))
    assert [math.isnan(row.low) for row in board.rows] == [False] * MOST_CELLS + [True] * 2


def test_scores_are_means_over_seeds() -> None:
    records = [record(0, 0.5, mcc=0.1, roc_auc=0.7), record(1, 0.6, seed=1, mcc=0.3)]
    (row,) = rank(records, AP, same).rows
    assert row.scores["mcc"] == pytest.approx(0.2)
    assert row.scores["macro_ap"] == pytest.approx(0.55)


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


def test_how_many_configurations_each_architecture_tried() -> None:
    networks = [{"alpha": 0.1}, {"alpha": 0.3}, {"arch": "vgg", "depth": 11}, {"arch": "vgg", "depth": 13}]
    records = [
        FinishedTrial(number, BASE.replace(one), {"macro_ap": 0.5}, f"run{number}", {"parameters": 1.0, "seconds": 1.0},
                      (0.5,))
        for number, one in enumerate(networks)
    ]  # fmt: skip
    fair, unfair = rank(records, AP, same), rank(records[:3], AP, same)
    assert (fair.tried, unfair.tried) == ({"resnet": 2, "vgg": 2}, {"resnet": 2, "vgg": 1})
    assert "tried" not in fair.table()[0], "a sentence is enough where all are equal"
    assert sorted(row["tried"] for row in unfair.table()) == [1, 2, 2]
