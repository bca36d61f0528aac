"""A study by itself: what is asked, what is kept, what is run again, without any training."""

from dataclasses import replace
from pathlib import Path

import pytest

from airybench.config import SweepConfig
from airybench.errors import StudyError
from airybench.provenance import SIMULATOR_VERSION, Provenance
from airybench.sweep.definition import refuse_early, stored_attributes
from airybench.sweep.storage import JournalFolder
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

SPACE = {"alpha": [0.1, 0.2, 0.3]}
PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64, simulator=SIMULATOR_VERSION)


def study(folder: Path, **rule: object) -> RunningStudy:
    sweep = SweepConfig.model_validate({"space": SPACE, "study": rule})
    return RunningStudy(folder, "s@helium", sweep, PROVENANCE)


def finish(one: RunningStudy, limit: int | None = None) -> list[tuple[float, int]]:
    """Run what is missing, or `limit` trials of it; returns (alpha, seed) in order."""
    done = []
    for _ in range(one.plan() if limit is None else min(limit, one.plan())):
        trial = one.ask()
        assert trial is not None
        trial.set_attributes(run_id=f"run{trial.number}")
        alpha, seed = trial.config.network.alpha, trial.config.training.seed
        one.complete(trial, Outcome(alpha, {"macro_ap": alpha}, {"seconds": 1.0}))
        done.append((alpha, seed))
    return done


def test_a_grid_runs_every_cell_before_a_second_seed(tmp_path: Path) -> None:
    assert finish(study(tmp_path, seeds=2)) == [(a, s) for s in (1612, 1613) for a in SPACE["alpha"]]
    assert study(tmp_path, seeds=2).plan() == 0


def test_seeds_and_trials_may_grow(tmp_path: Path) -> None:
    assert finish(study(tmp_path, trials=2)) == [(0.1, 1612), (0.2, 1612)]
    assert finish(study(tmp_path)) == [(0.3, 1612)]
    assert finish(study(tmp_path, seeds=2)) == [(a, 1613) for a in SPACE["alpha"]]


def test_fewer_seeds_than_were_queued_run_what_is_wanted(tmp_path: Path) -> None:
    first = study(tmp_path, seeds=2)
    assert finish(first, limit=1) == [(0.1, 1612)]
    assert finish(study(tmp_path)) == [(0.2, 1612), (0.3, 1612)]
    shrunk = study(tmp_path)
    assert shrunk.plan() == 0
    assert shrunk.ask() is None


def test_a_study_from_before_a_parameter_existed_goes_on(tmp_path: Path) -> None:
    first = study(tmp_path)
    old = first.attribute("definition")
    for name in ("input", "noise", "fraction"):
        old["base"]["data"].pop(name)
    first.set_attribute("definition", old)
    assert finish(study(tmp_path)) == [(a, 1612) for a in SPACE["alpha"]]
    refuse_early(
        "s@helium", stored_attributes(tmp_path, "s@helium"), SweepConfig.model_validate({"space": SPACE}), "helium"
    )
    noisy = SweepConfig.model_validate({"space": SPACE, "base": {"data": {"noise": "max"}}})
    with pytest.raises(StudyError, match="noise none there, max now"):
        RunningStudy(tmp_path, "s@helium", noisy, PROVENANCE)


def test_a_trial_of_a_dead_process_is_run_again(tmp_path: Path) -> None:
    first = study(tmp_path)
    first.plan()
    trial = first.ask()
    assert trial is not None
    again = study(tmp_path)
    again.reclaim()
    assert sorted(finish(again)) == [(a, 1612) for a in SPACE["alpha"]]
    assert again.failures() == []


@pytest.mark.parametrize(("kind", "left"), [("diverged", 0), ("out-of-memory", 0), ("error", 1), ("interrupted", 1)])
def test_which_failures_are_tried_again(tmp_path: Path, kind: str, left: int) -> None:
    one = study(tmp_path)
    one.plan()
    trial = one.ask()
    assert trial is not None
    one.fail(trial, kind, "why")
    finish(one, limit=2)
    again = study(tmp_path)
    assert again.plan() == left
    assert [reason for _, _, reason in again.failures()] == (["why"] if kind != "interrupted" else [])
    finish(again)
    assert len(again.failures()) == (1 if left == 0 else 0)


def test_tpe_runs_every_seed_of_a_cell(tmp_path: Path) -> None:
    done = finish(study(tmp_path, sampler="tpe", trials=4, seeds=2))
    assert len(done) == len(set(done)) == 4
    alphas = {alpha for alpha, _ in done}
    assert sorted(done) == [(alpha, seed) for alpha in sorted(alphas) for seed in (1612, 1613)]


def test_tpe_ends_when_a_finite_space_is_exhausted(tmp_path: Path) -> None:
    done = finish(study(tmp_path, sampler="tpe", trials=100))
    assert sorted(done) == [(a, 1612) for a in SPACE["alpha"]]


def test_tpe_goes_on_with_the_seeds_that_an_interruption_kept_from_a_cell(tmp_path: Path) -> None:
    rule = {"sampler": "tpe", "trials": 4, "seeds": 2}
    first = study(tmp_path, **rule)
    ((alpha, _),) = finish(first, limit=1)
    trial = first.ask()
    assert trial is not None
    assert (trial.config.network.alpha, trial.config.training.seed) == (alpha, 1613)
    first.fail(trial, "interrupted", "by the user")
    done = [(alpha, 1612), *finish(study(tmp_path, **rule))]
    assert len(done) == len(set(done)) == 4
    assert (alpha, 1613) in done


def test_another_content_is_refused_with_the_difference(tmp_path: Path) -> None:
    study(tmp_path)
    other = SweepConfig.model_validate({"space": {"alpha": [0.1, 0.4]}})
    with pytest.raises(StudyError, match=r"alpha 0\.1, 0\.2, 0\.3 there, 0\.1, 0\.4 now"):
        RunningStudy(tmp_path, "s@helium", other, PROVENANCE)
    with pytest.raises(StudyError, match="other data"):
        RunningStudy(
            tmp_path,
            "s@helium",
            SweepConfig.model_validate({"space": SPACE}),
            replace(PROVENANCE, data_sha256="c" * 64),
        )
    with pytest.raises(StudyError, match="has other settings"):
        refuse_early("s@helium", stored_attributes(tmp_path, "s@helium"), other, "helium")


def test_archive_sets_the_journal_aside(tmp_path: Path) -> None:
    finish(study(tmp_path))
    assert JournalFolder(tmp_path).archive("s@helium") is not None
    assert stored_attributes(tmp_path, "s@helium") == {}
    assert study(tmp_path).plan() == 3
