"""The cells that a study begins with: they run first, once, and stay when it resumes."""

from pathlib import Path

import pytest

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.provenance import SIMULATOR_VERSION, Provenance
from airybench.sweep.journal import open_journal
from airybench.sweep.start_cells import STARTED_FROM, StudyStart, recorded_start
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

ALPHAS = [0.1, 0.2, 0.3, 0.4]
RANGE = {"low": 0.01, "high": 1.0, "log": True}
PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64, simulator=SIMULATOR_VERSION)
START = StudyStart(("pilot@cxidb",), ("c", "b"), ({"alpha": 0.3}, {"alpha": 0.2}), "Starts from two")


def opened(folder: Path, axis: object, start: StudyStart | None = START, **rule: object) -> RunningStudy:
    sweep = SweepConfig.model_validate({"space": {"alpha": axis}, "study": rule})
    return RunningStudy(folder, "s@helium", sweep, PROVENANCE, start)


def run(one: RunningStudy, most: int = 100) -> list[tuple[float, int]]:
    """Run what is missing, at most so many trials; returns alpha and seed of each."""
    one.plan()
    done = []
    while len(done) < most and (trial := one.ask()) is not None:
        trial.set_attributes(run_id=f"run{trial.number}")
        alpha = trial.config.network.alpha
        one.complete(trial, Outcome(alpha, {"macro_ap": alpha}, {"seconds": 1.0}))
        done.append((alpha, trial.config.training.seed))
    return done


def test_a_grid_has_them_first_with_each_seed(tmp_path: Path) -> None:
    assert run(opened(tmp_path, ALPHAS, seeds=2)) == [
        (alpha, seed) for seed in (1612, 1613) for alpha in (0.3, 0.2, 0.1, 0.4)
    ]


@pytest.mark.parametrize("again", [None, START], ids=["without the option", "with it"])
def test_a_grid_that_resumes_keeps_their_order(tmp_path: Path, again: StudyStart | None) -> None:
    assert run(opened(tmp_path, ALPHAS, trials=3), 1) == [(0.3, 1612)]
    assert run(opened(tmp_path, ALPHAS, again, trials=3)) == [(0.2, 1612), (0.1, 1612)]
    assert run(opened(tmp_path, ALPHAS, again)) == [(0.4, 1612)]


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
def test_a_sampler_has_them_first_with_all_their_seeds(tmp_path: Path, sampler: str) -> None:
    done = run(opened(tmp_path, RANGE, sampler=sampler, trials=7, seeds=2))
    assert done[:4] == [(0.3, 1612), (0.3, 1613), (0.2, 1612), (0.2, 1613)]
    assert len(done) == 7
    assert not {alpha for alpha, _ in done[4:]} & {0.3, 0.2}


@pytest.mark.parametrize("again", [None, START], ids=["without the option", "with it"])
def test_a_sampler_that_resumes_enqueues_nothing_twice(tmp_path: Path, again: StudyStart | None) -> None:
    rule = {"sampler": "tpe", "trials": 6}
    assert run(opened(tmp_path, RANGE, **rule), 1) == [(0.3, 1612)]
    opened(tmp_path, RANGE, again, **rule).plan()
    done = run(opened(tmp_path, RANGE, again, **rule))
    assert done[0] == (0.2, 1612)
    assert len(done) == 5
    assert not {alpha for alpha, _ in done[1:]} & {0.3, 0.2}
    assert len(open_trials(tmp_path)) == 6


def open_trials(folder: Path) -> list[object]:
    import optuna

    study = optuna.load_study(study_name="s@helium", storage=open_journal(folder / "s@helium.journal"))
    return list(study.get_trials(deepcopy=False))


def test_a_short_study_leaves_none_waiting(tmp_path: Path) -> None:
    one = opened(tmp_path, RANGE, sampler="random", trials=1)
    assert run(one) == [(0.3, 1612)]
    assert one.counts() == {"complete": 1}
    assert run(opened(tmp_path, RANGE, None, sampler="random", trials=3))[0] == (0.2, 1612)


def test_more_seeds_are_given_to_them_as_to_all(tmp_path: Path) -> None:
    run(opened(tmp_path, RANGE, sampler="random", trials=3))
    done = run(opened(tmp_path, RANGE, None, sampler="random", trials=6, seeds=2))
    assert sorted(seed for _, seed in done) == [1613] * 3
    assert {0.3, 0.2} <= {alpha for alpha, _ in done}


def test_a_study_with_trials_keeps_what_it_began_with(tmp_path: Path) -> None:
    assert run(opened(tmp_path, ALPHAS, None), 1) == [(0.1, 1612)]
    assert run(opened(tmp_path, ALPHAS)) == [(0.2, 1612), (0.3, 1612), (0.4, 1612)]
    assert opened(tmp_path, ALPHAS).start is None


def test_a_study_killed_before_its_first_trial_still_begins_with_them(tmp_path: Path) -> None:
    opened(tmp_path, ALPHAS, None)
    assert run(opened(tmp_path, ALPHAS))[0] == (0.3, 1612)


def test_what_is_recorded_is_read_back_or_refused() -> None:
    assert recorded_start({STARTED_FROM: START.content()}) == START
    assert recorded_start({}) is None
    for damaged in ("x", {}, {**START.content(), "points": [3]}, {**START.content(), "studies": 3}):
        with pytest.raises(StudyError, match="--fresh starts again"):
            recorded_start({STARTED_FROM: damaged})
    elsewhere = StudyStart(("p@d",), ("a",), ({"alpha": 7.0},), "")
    with pytest.raises(StudyError, match="damaged"):
        elsewhere.cells_in(SweepConfig.model_validate({"space": {"alpha": ALPHAS}}))
