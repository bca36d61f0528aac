"""Chosen cells are trained again with fresh seeds, once the search has ended, whatever interrupts it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pilot_studies import DATA

from airybench.config import SweepConfig
from airybench.config.experiments import load_experiment
from airybench.errors import ConfigError
from airybench.sweep.confirmation import chosen, left_to_confirm, most_chosen, most_confirmations
from airybench.sweep.observer import SilentObserver
from airybench.sweep.records import RunningTrial
from airybench.sweep.saved_studies import read
from airybench.sweep.scheduler import Scheduler, _Active
from airybench.sweep.space import cells
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

ALPHAS = [0.1, 0.2, 0.3]
FRESH = 1612 + 1000
NAME = "s@helium"


def config(space: object = None, base: object = None, **rule: object) -> SweepConfig:
    return SweepConfig.model_validate({"base": base or {}, "space": space or {"alpha": ALPHAS}, "study": rule})


def study(folder: Path, wanted: SweepConfig) -> RunningStudy:
    return RunningStudy(folder, NAME, wanted, DATA)


def finish(one: RunningStudy, limit: int = 100) -> list[tuple[float, int]]:
    """Run what is missing, or `limit` trials of it; the score is the alpha. Returns (alpha, seed) in order."""
    done: list[tuple[float, int]] = []
    one.plan()
    while len(done) < limit and (trial := one.ask()) is not None:
        end(one, trial)
        done.append((trial.config.network.alpha, trial.config.training.seed))
    return done


def end(one: RunningStudy, trial: RunningTrial) -> None:
    trial.set_attributes(run_id=f"run{trial.number}")
    alpha = trial.config.network.alpha
    one.complete(trial, Outcome(alpha, {"macro_ap": alpha}, {"seconds": 1.0}))


def test_the_winner_is_trained_again_with_seeds_that_the_search_cannot_have(tmp_path: Path) -> None:
    wanted = config(seeds=2, confirm=2)
    search = [(alpha, seed) for seed in (1612, 1613) for alpha in ALPHAS]
    one = study(tmp_path, wanted)
    assert one.plan() == len(search), "how many cells are chosen is not known before the search has ended"
    assert finish(one) == [*search, (0.3, FRESH), (0.3, FRESH + 1)]
    assert [trial.config.training.seed for trial in one.confirmations()] == [FRESH, FRESH + 1]
    assert len(one.finished()) == one.total() == len(search), "a confirmation ranks nothing"
    assert [trial.confirmation for trial in one.confirmations()] == [True, True]
    again = study(tmp_path, wanted)
    assert (again.plan(), again.ask()) == (0, None)
    saved = read(tmp_path, NAME)
    assert (len(saved.finished), len(saved.confirmations)) == (6, 2)
    assert [trial["confirmation"] for trial in saved.trials()] == [False] * 6 + [True] * 2


def test_a_finished_study_is_confirmed_later_and_more(tmp_path: Path) -> None:
    assert len(finish(study(tmp_path, config()))) == 3
    assert finish(study(tmp_path, config(confirm=1))) == [(0.3, FRESH)]
    assert finish(study(tmp_path, config(confirm=3))) == [(0.3, FRESH + 1), (0.3, FRESH + 2)]
    assert study(tmp_path, config()).plan() == 0, "less than there is asks for nothing"
    # More seeds of the search have other numbers than those of the confirmation, and choose anew.
    assert finish(study(tmp_path, config(seeds=2, confirm=1))) == [(alpha, 1613) for alpha in ALPHAS]


@pytest.mark.parametrize("rule", [{}, {"sampler": "tpe", "trials": 3}, {"sampler": "random", "trials": 100}])
def test_an_interruption_inside_the_confirmation(tmp_path: Path, rule: dict[str, Any]) -> None:
    wanted = config(confirm=3, **rule)
    first = study(tmp_path, wanted)
    assert finish(first, limit=4)[3:] == [(0.3, FRESH)]
    broken = first.ask()
    assert broken is not None
    assert broken.confirmation
    again = study(tmp_path, wanted)
    again.reclaim()  # its process is gone
    assert sorted(finish(again)) == [(0.3, FRESH + 1), (0.3, FRESH + 2)]
    assert len(again.confirmations()) == 3
    assert again.failures() == []


def test_a_search_that_grows_comes_before_what_waits_for_confirmation(tmp_path: Path) -> None:
    for rule in ({}, {"sampler": "tpe", "trials": 3}):
        folder = tmp_path / str(len(rule))
        assert len(finish(study(folder, config(confirm=3, **rule)), limit=4)) == 4
        more = rule | ({"trials": 6} if rule else {})
        done = finish(study(folder, config(seeds=2, confirm=3, **more)))
        assert sorted(done[:3]) == [(alpha, 1613) for alpha in ALPHAS]
        assert sorted(done[3:]) == [(0.3, FRESH + 1), (0.3, FRESH + 2)]


def test_nothing_is_confirmed_while_a_trial_of_the_search_runs(tmp_path: Path) -> None:
    one = study(tmp_path, config(confirm=1))
    assert len(finish(one, limit=2)) == 2
    last = one.ask()
    assert last is not None
    assert one.ask() is None
    assert one.confirming() == []
    end(one, last)
    assert [label.split("-")[1] for label in one.confirming()] == ["log0.3"]
    assert finish(one) == [(0.3, FRESH)]


def test_a_confirmation_that_fails_is_not_tried_for_ever(tmp_path: Path) -> None:
    one = study(tmp_path, config(confirm=2))
    finish(one, limit=3)
    for kind in ("diverged", "error"):
        trial = one.ask()
        assert trial is not None
        one.fail(trial, kind, "why")
    assert one.ask() is None
    assert len(one.failures()) == 2
    assert finish(study(tmp_path, config(confirm=2))) == [(0.3, FRESH + 1)], "a full disk may have passed"


def test_over_folds_each_fresh_seed_trains_on_all(tmp_path: Path) -> None:
    one = study(tmp_path, config(base={"data": {"folds": 3, "count": 60}}, confirm=1))
    finish(one)
    assert [trial.repeat for trial in one.confirmations()] == [(FRESH, 0), (FRESH, 1), (FRESH, 2)]


def test_a_confirmation_is_never_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its unlucky seeds it would flatter the chosen cell again."""
    monkeypatch.setattr(RunningTrial, "should_prune", lambda *_: True)
    one = study(tmp_path, config(pruner="median", confirm=1))
    anything: Any = None
    scheduler = Scheduler(one, anything, anything, SilentObserver())
    epoch: Any = SimpleNamespace(number=1, val=SimpleNamespace(values={"macro_ap": 0.1}))
    one.plan()
    first = one.ask()
    assert first is not None
    assert scheduler._decide(_Active(first, 0.0), anything, epoch) == "prune"
    end(one, first)
    finish(one, limit=2)
    again = one.ask()
    assert again is not None
    assert again.confirmation
    assert scheduler._decide(_Active(again, 0.0), anything, epoch) == "continue"


def test_the_best_of_every_architecture_and_of_either_activation_is_chosen() -> None:
    space = [
        {"arch": ["resnet"], "depth": [18], "log_activation": [True], "alpha": [0.1, 0.2]},
        {"arch": ["resnet"], "depth": [18, 34], "log_activation": [False]},
        {"arch": ["vgg"], "depth": [11, 13], "log_activation": [False]},
    ]
    found = [cell.config for cell in cells(config(space))]
    assert [one.label[:9] for one in found] == ["resnet18-"] * 3 + ["resnet34-", "vgg11-pla", "vgg13-pla"]
    assert chosen(found) == [0, 2, 4]  # the winner, best without log activation, best VGG
    assert chosen(found[::-1]) == [0, 2, 4]  # vgg13, the best ResNet, the best with log activation
    assert chosen(found[:1]) == []


@pytest.mark.parametrize(
    ("name", "most"), [("alpha", 2), ("architecture", 2), ("paper", 3), ("optuna", 3), ("noise-ccf", 1), ("quick", 4)]
)
def test_how_many_cells_an_experiment_confirms_at_most(name: str, most: int) -> None:
    wanted = load_experiment(name)
    assert most_chosen(wanted) == most
    confirm = wanted.study.confirm
    assert confirm == (0 if name == "quick" else 3)
    assert most_confirmations(wanted) == confirm * most


def test_what_is_left_to_confirm(tmp_path: Path) -> None:
    wanted = config([{"alpha": [0.1, 0.2]}, {"log_activation": [False]}], confirm=3)
    assert most_chosen(wanted) == 2  # the plain network, and the better alpha
    finish(study(tmp_path, wanted), limit=4)
    assert left_to_confirm(read(tmp_path, NAME), wanted) == 2


def test_seeds_end_where_seeds_end() -> None:
    last = 2**31 - 1
    assert config(base={"training": {"seed": last - 1002}}, confirm=3).study.confirm == 3
    with pytest.raises(ValueError, match=rf"with 1 seeds and 3 fresh ones ends at {last + 1}, expected at most {last}"):
        config(base={"training": {"seed": last - 1001}}, confirm=3)
    with pytest.raises(ConfigError, match="confirm: found -1"):
        config().customised({}, (), {"confirm": -1})
