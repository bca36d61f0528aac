"""The order that the validation split gives cells: means first, then further objectives, incomplete cells last."""

from airybench.config import StudyConfig, TrialConfig
from airybench.sweep.ranking import by_cell, folds_of, ranked, seeds_of
from airybench.sweep.records import FinishedTrial

BASE = TrialConfig()


def trial(number: int, alpha: float, values: tuple[float, ...], **more: object) -> FinishedTrial:
    config = BASE.replace({"alpha": alpha, **more})
    return FinishedTrial(number, config, {"macro_ap": values[0]}, f"run{number}", {}, values)


def test_cells_stand_by_their_mean_and_trials_by_their_own_value() -> None:
    trials = [trial(0, 0.1, (0.9,), seed=1), trial(1, 0.2, (0.5,), seed=1), trial(2, 0.1, (0.0,), seed=2),
              trial(3, 0.2, (0.6,), seed=2)]  # fmt: skip
    assert [seeds_of(cell) for cell in by_cell(trials)] == [2, 2]
    found = ranked(trials, StudyConfig().objectives)
    assert [[one.number for one in cell] for cell in found] == [[3, 1], [0, 2]]
    less = StudyConfig(objective="loss").objectives
    assert [[one.number for one in cell] for cell in ranked(trials, less)] == [[2, 0], [1, 3]]


def test_a_further_objective_decides_between_equals() -> None:
    trials = [trial(0, 0.1, (0.5, 9.0)), trial(1, 0.2, (0.5, 3.0))]
    found = ranked(trials, StudyConfig(objective="macro_ap,parameters").objectives)
    assert [cell[0].number for cell in found] == [1, 0]
    assert ranked([], StudyConfig().objectives) == []


def test_a_cell_that_lacks_a_fold_stands_below() -> None:
    folds = {"folds": 3, "every_fold": True}
    trials = [trial(0, 0.1, (0.9,), fold=0, **folds)]
    trials += [trial(1 + fold, 0.2, (0.1,), fold=fold, **folds) for fold in range(2)]
    found = ranked(trials, StudyConfig().objectives)
    assert [folds_of(cell) for cell in found] == [2, 1]
