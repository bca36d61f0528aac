"""Whose weights a study keeps: never of what can still win, whatever ends when, dies, or runs elsewhere."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import airybench.sweep.kept_weights as module
from airybench.config import Objective, SweepConfig, TrialConfig
from airybench.errors import TrackingError
from airybench.provenance import Provenance
from airybench.sweep.kept_weights import KeptWeights, displaced, recorded_rule
from airybench.sweep.records import FinishedTrial
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

ONE = [Objective.of("macro_ap")]
TWO = [*ONE, Objective.of("images_per_second")]
PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64)
ALPHAS = (0.1, 0.2, 0.3, 0.4, 0.5)


def trial(number: int, alpha: float, *values: float, seed: int = 1) -> FinishedTrial:
    config = TrialConfig().replace({"alpha": alpha, "seed": seed})
    return FinishedTrial(number, config, {}, f"run{number}", {}, values)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_ends_first_the_best_cells_keep_everything(seed: int) -> None:
    """The rule is applied after each trial; the reference looks once, at the end, and sorts by plain means."""
    draw, seeds, best = random.Random(seed), 3, 2
    scores = {(alpha, s): round(draw.random(), 1) for alpha in ALPHAS for s in range(seeds)}  # with ties
    order = draw.sample(sorted(scores), len(scores))
    ended: list[FinishedTrial] = []
    gone: set[str] = set()
    for number, (alpha, s) in enumerate(order):
        ended.append(trial(number, alpha, scores[alpha, s], seed=s))
        seen = [one.config.network.alpha for one in ended]
        unsettled = {one.cell for one in ended if seen.count(one.config.network.alpha) < seeds}
        some = draw.sample(ended, draw.randrange(len(ended) + 1))  # another host has not seen all of it yet
        few = [one.config.network.alpha for one in some]
        gone |= {one.run_id for one in displaced(ended, ONE, best, unsettled)}
        partly = {one.cell for one in some if few.count(one.config.network.alpha) < seeds}
        gone |= {one.run_id for one in displaced(sorted(some, key=lambda t: t.number), ONE, best, partly)}
    first = {alpha: min(i for i, pair in enumerate(order) if pair[0] == alpha) for alpha in ALPHAS}
    by_mean = sorted(ALPHAS, key=lambda a: (-sum(scores[a, s] for s in range(seeds)) / seeds, first[a]))
    kept = {f"run{i}" for i, (alpha, _) in enumerate(order) if alpha in by_mean[:best]}
    assert gone == {f"run{i}" for i in range(len(order))} - kept


def test_a_cell_that_is_still_to_be_trained_neither_loses_nor_takes() -> None:
    trials = [trial(0, 0.1, 0.9), trial(1, 0.2, 0.5), trial(2, 0.3, 0.1)]
    assert [one.number for one in displaced(trials, ONE, 1)] == [1, 2]
    assert [one.number for one in displaced(trials, ONE, 1, {trials[0].cell})] == [2]
    assert [one.number for one in displaced(trials, ONE, 1, {trials[2].cell})] == [1]
    assert list(displaced([], ONE, 1)) == []


def test_what_is_on_the_front_of_two_objectives_stays() -> None:
    trials = [trial(0, 0.1, 0.9, 10.0), trial(1, 0.2, 0.5, 30.0), trial(2, 0.3, 0.4, 20.0), trial(3, 0.4, 0.3, 40.0)]
    assert [one.number for one in displaced(trials, TWO, 1)] == [2]
    assert [one.number for one in displaced(trials, TWO, 0)] == [0, 1, 2, 3]


def study(folder: Path, **rule: object) -> RunningStudy:
    content = {"space": {"alpha": list(ALPHAS)}, "study": rule}
    return RunningStudy(folder, "s@helium", SweepConfig.model_validate(content), PROVENANCE)


def finish(one: RunningStudy, number: int) -> None:
    for _ in range(number):
        running = one.ask()
        assert running is not None
        alpha, seed = running.config.network.alpha, running.config.training.seed
        running.set_attributes(run_id=f"{alpha:g}-{seed}")
        one.complete(running, Outcome(alpha, {"macro_ap": alpha}, {"seconds": 1.0}))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What became of the weights of runs, in place of MLflow."""
    gone: dict[str, str] = {}

    def drop(run: Any, reason: str) -> bool:
        gone[run.run_id] = reason
        return True

    monkeypatch.setattr(module, "drop_weights", drop)
    monkeypatch.setattr(module, "dropped_runs", lambda tracking, name: set(gone))
    monkeypatch.setattr(module, "Run", lambda tracking, run_id: SimpleNamespace(run_id=run_id))
    return gone


def keeper(one: RunningStudy, rule: str) -> KeptWeights:
    parent: Any = SimpleNamespace(tracking=None)
    return KeptWeights(one, parent, rule)


def test_weights_go_when_a_trial_displaces_them_and_not_before(tmp_path: Path, store: dict[str, str]) -> None:
    one = study(tmp_path, seeds=2)
    one.plan()
    kept = keeper(one, "best 2")
    for _ in range(7):  # the cells 0.1 and 0.2 have both seeds now
        finish(one, 1)
        kept.tidy()
    assert store == {}
    finish(one, 1)
    kept.tidy()
    assert set(store) == {"0.1-1612", "0.1-1613"}
    finish(one, 2)
    kept.tidy()
    assert {run.partition("-")[0] for run in store} == {"0.1", "0.2", "0.3"}
    assert set(store.values()) == {"its cell is below the best 2"}
    assert kept.sentence() == "s@helium: weights of 6 trials are dropped, those of the best 2 cells stay (--keep)"


def test_what_a_killed_process_left_is_dropped_by_the_next_one(tmp_path: Path, store: dict[str, str]) -> None:
    first = study(tmp_path)
    first.plan()
    finish(first, 5)  # killed before it dropped anything
    again = study(tmp_path)
    again.plan()
    kept = keeper(again, "best 3")
    kept.tidy()
    assert set(store) == {"0.1-1612", "0.2-1612"}
    kept.tidy()
    assert kept.sentence().startswith("s@helium: weights of 2 trials are dropped")


def test_all_and_none(tmp_path: Path, store: dict[str, str]) -> None:
    one = study(tmp_path, seeds=2)
    one.plan()
    finish(one, 6)
    everything, nothing = keeper(one, "all"), keeper(one, "none")
    everything.tidy()
    assert (store, everything.sentence()) == ({}, "")
    nothing.tidy()
    assert len(store) == 6
    assert "no model of it can be loaded; predictions stay" in nothing.sentence()


def test_confirmations_share_the_fate_of_their_cells(tmp_path: Path, store: dict[str, str]) -> None:
    one = study(tmp_path, confirm=1)
    one.plan()
    finish(one, 5)
    one.plan()
    finish(one, 1)  # the winner again, with a fresh seed
    (fresh,) = one.confirmations()
    kept = keeper(one, "best 1")
    kept.tidy()
    assert set(store) == {f"{alpha:g}-1612" for alpha in ALPHAS[:-1]}
    nothing = keeper(one, "none")
    nothing.tidy()
    assert fresh.run_id in store


def test_a_store_that_deletes_nothing_ends_no_study(tmp_path: Path, store: dict[str, str], monkeypatch) -> None:
    tried = []

    def refuse(run: Any, reason: str) -> bool:
        tried.append(run.run_id)
        raise TrackingError("weights of run 1 cannot be deleted: not allowed\nfurther lines")

    monkeypatch.setattr(module, "drop_weights", refuse)
    one = study(tmp_path)
    one.plan()
    finish(one, 5)
    kept = keeper(one, "best 1")
    kept.tidy()
    kept.tidy()
    assert len(tried) == 1
    assert kept.sentence() == (
        "s@helium: weights that are no longer needed stay, since weights of run 1 cannot be deleted: not allowed"
    )


def test_the_rule_is_remembered_and_old_studies_keep_all(tmp_path: Path) -> None:
    new = study(tmp_path / "new")
    assert recorded_rule(new) == "best 3"
    assert recorded_rule(study(tmp_path / "new", keep="best 1")) == "best 1"
    assert recorded_rule(study(tmp_path / "new")) == "best 1"
    old = study(tmp_path / "old")
    old.set_attribute("parent_run_id", "p")
    assert recorded_rule(old) == "all"
    assert recorded_rule(study(tmp_path / "old", keep="none")) == "none"
