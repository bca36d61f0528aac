"""A study that runs every fold: what is asked, in which order, and what is run again, without any training."""

from pathlib import Path

import pytest

from airybench.config import SweepConfig, TrialConfig
from airybench.errors import StudyError
from airybench.networks.cost import Cost
from airybench.provenance import SIMULATOR_VERSION, Provenance
from airybench.sweep.cost import CellCost, training_work
from airybench.sweep.definition import refuse_early, stored_attributes
from airybench.sweep.forecast import total_seconds
from airybench.sweep.repeat import Repeat
from airybench.sweep.saved_studies import read
from airybench.sweep.space import cells
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

PROVENANCE = Provenance("helium", "simulated", "a" * 64, "b" * 64, simulator=SIMULATOR_VERSION)
SPACE = {"alpha": [0.1, 0.2]}


def sweep(folds: object = 3, **rule: object) -> SweepConfig:
    data = {"folds": folds, "split_by": "group"} if folds == "all" else {"folds": folds}
    return SweepConfig.model_validate({"base": {"data": data}, "space": SPACE, "study": rule})


def run(folder: Path, asked: SweepConfig, limit: int | None = None) -> list[tuple[float, Repeat]]:
    one, done = RunningStudy(folder, "s@helium", asked, PROVENANCE), []
    left = one.plan()
    for _ in range(left if limit is None else limit):
        trial = one.ask()
        assert trial is not None
        trial.set_attributes(run_id=f"run{trial.number}")
        config = trial.config
        finished = one.complete(trial, Outcome(0.5, {"macro_ap": 0.5}, {"seconds": 1.0}))
        done.append((config.network.alpha, finished.repeat))
    return done


def test_every_fold_of_every_cell_is_run_before_a_second_seed(tmp_path: Path) -> None:
    done = run(tmp_path, sweep(seeds=2))
    assert done == [(a, Repeat(s, f)) for s in (1612, 1613) for f in range(3) for a in SPACE["alpha"]]
    saved = read(tmp_path, "s@helium")
    assert {trial.config.cell() for trial in saved.finished} == {cell.digest for cell in cells(sweep())}
    assert [trial["fold"] for trial in saved.trials()] == [repeat.fold for _, repeat in done]


def test_an_interrupted_study_goes_on_with_the_folds_that_are_missing(tmp_path: Path) -> None:
    done = run(tmp_path, sweep(), limit=3)
    lost = RunningStudy(tmp_path, "s@helium", sweep(), PROVENANCE)
    assert lost.ask() is not None  # and its process dies
    again = RunningStudy(tmp_path, "s@helium", sweep(), PROVENANCE)
    again.reclaim()
    done += run(tmp_path, sweep())
    assert len(done) == len(set(done)) == 6
    assert run(tmp_path, sweep(seeds=2), limit=1) == [(0.1, Repeat(1613, 0))]


def test_a_sampler_trains_each_cell_on_every_fold(tmp_path: Path) -> None:
    done = run(tmp_path, sweep(sampler="tpe", trials=6))
    assert sorted(done) == [(a, Repeat(1612, f)) for a in SPACE["alpha"] for f in range(3)]


def test_one_fold_stays_a_study_of_its_own(tmp_path: Path) -> None:
    """As it was before a study could run all folds: the cell has the fold, its trials have none."""
    alone = SweepConfig.model_validate({"base": {"data": {"folds": 3, "fold": 1}}, "space": SPACE})
    assert not alone.base.data.every_fold
    assert run(tmp_path, alone, limit=1) == [(0.1, Repeat(1612, 0))]
    study = RunningStudy(tmp_path, "s@helium", alone, PROVENANCE)
    old = study.attribute("definition")
    del old["base"]["data"]["every_fold"]
    study.set_attribute("definition", old)
    assert run(tmp_path, alone) == [(0.2, Repeat(1612, 0))]
    with pytest.raises(StudyError, match=r"\(fold 1 there, all now\).*--fold 1$"):
        RunningStudy(tmp_path, "s@helium", sweep(), PROVENANCE)


def test_leaving_out_every_run_resumes_whatever_their_number(tmp_path: Path) -> None:
    resolved = sweep("all").customised({"folds": (4,)}, (), {})  # as the data say
    assert resolved.base.data.every_fold
    run(tmp_path, resolved, limit=1)
    refuse_early("s@helium", stored_attributes(tmp_path, "s@helium"), sweep("all"), "helium")
    with pytest.raises(StudyError, match="split by group there, shot now"):
        refuse_early("s@helium", stored_attributes(tmp_path, "s@helium"), sweep(4), "helium")


def test_the_time_counts_every_fold_and_its_share_of_the_shots() -> None:
    found = cells(sweep(5, seeds=2))
    assert total_seconds(sweep(5, seeds=2), [CellCost(cell, Cost(1, 1), 3.0) for cell in found]) == 2 * 5 * 2 * 3.0
    plain, folded = cells(SweepConfig())[0], cells(SweepConfig(base=TrialConfig().replace({"folds": 5})))[0]
    work = [training_work(cell, Cost(1, 10), 100) / folded.config.training.epochs for cell in (plain, folded)]
    assert work == pytest.approx([1000 * (0.7 * 3 + 0.15), 1000 * (0.6 * 3 + 0.2)])
    seldom = cells(SweepConfig(base=TrialConfig().replace({"epochs": 10, "evaluate_every": 4})))[0]
    work = training_work(seldom, Cost(1, 10), 100)
    assert work == pytest.approx(1000 * (10 * 0.7 * 3 + 3 * 0.15)), "4, 8 and the last"


def test_fewer_folds_are_another_study(tmp_path: Path) -> None:
    run(tmp_path, sweep(), limit=1)
    with pytest.raises(StudyError, match="folds 3 there, 4 now"):
        RunningStudy(tmp_path, "s@helium", sweep(4), PROVENANCE)
