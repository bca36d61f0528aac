"""Networks with the logarithmic activation and without it: which alpha stands for them, and by which trainings."""

from types import SimpleNamespace
from typing import Any

from airybench.analysis.activation_pairs import Trained, couples
from airybench.config import TrialConfig
from airybench.sweep.records import FinishedTrial

PLAIN = {"log_activation": False}


def trial(number: int, value: float, *, confirmation: bool = False, **changes: object) -> FinishedTrial:
    config = TrialConfig().replace(changes)
    return FinishedTrial(number, config, {"macro_ap": value}, f"run{number}", {}, (value,), confirmation)


def study(*trials: FinishedTrial) -> Any:
    return SimpleNamespace(
        name="s@helium",
        finished=[one for one in trials if not one.confirmation],
        confirmations=[one for one in trials if one.confirmation],
    )


def paired(*studies: Any) -> list[tuple[list[int], list[int], int, int]]:
    """Numbers of the trials that are compared, the alphas that were tried, and how many claims the pair counts as."""
    cells: list[list[Trained]] = [[(one, trial)] for one in studies for trial in one.finished]
    ranked = sorted(cells, key=lambda cell: -cell[0][1].value)
    return [
        (*([one.number for _, one in side] for side in found.compared), found.tried, found.chosen_among)
        for found in couples(ranked, studies)
    ]


def test_the_best_of_several_alphas_is_compared_by_its_fresh_seeds_alone() -> None:
    search = [trial(0, 0.5, alpha=0.1), trial(1, 0.7, alpha=0.2), trial(2, 0.6, **PLAIN)]
    assert paired(study(*search)) == [([1], [2], 2, 2)]
    fresh = [trial(number, 0.4, alpha=0.2, seed=2609 + number, confirmation=True) for number in (3, 4)]
    assert paired(study(*search, *fresh)) == [([3, 4], [2], 2, 1)]
    of_another = [trial(3, 0.4, alpha=0.1, seed=2612, confirmation=True)]
    assert paired(study(*search, *of_another)) == [([1], [2], 2, 2)]


def test_one_alpha_was_not_chosen() -> None:
    alone = [trial(0, 0.5, alpha=0.1), trial(1, 0.6, **PLAIN)]
    assert paired(study(*alone, trial(2, 0.4, alpha=0.1, seed=2612, confirmation=True))) == [([0], [1], 1, 1)]


def test_alphas_of_several_studies_compete() -> None:
    one, other = study(trial(0, 0.5, alpha=0.1), trial(1, 0.6, **PLAIN)), study(trial(2, 0.9, alpha=0.2))
    assert paired(one, other) == [([2], [1], 2, 2)]


def test_over_folds_a_confirmation_that_lacks_one_says_nothing() -> None:
    def folds(number: int, value: float, count: int = 3, **changes: object) -> list[FinishedTrial]:
        by = {"folds": 3, "every_fold": True}
        return [trial(number + 10 * fold, value, fold=fold, **by, **changes) for fold in range(count)]

    search = [*folds(0, 0.5, alpha=0.1), *folds(1, 0.7, alpha=0.2), *folds(2, 0.6, **PLAIN)]
    part = folds(3, 0.4, count=2, alpha=0.2, seed=2612, confirmation=True)
    ((on, _, _, among),) = paired(study(*search, *part))
    assert (on, among) == ([1, 11, 21], 2)
    whole = folds(3, 0.4, alpha=0.2, seed=2612, confirmation=True)
    ((on, _, _, among),) = paired(study(*search, *whole))
    assert (on, among) == ([3, 13, 23], 1)
