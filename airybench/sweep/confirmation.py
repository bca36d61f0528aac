"""Which cells of a finished search are trained again with fresh seeds, before what was chosen is judged.

The best of several cells owes a part of its place to lucky seeds. Trainings that had no part in the choice do not.
"""

import math
from collections.abc import Sequence

import optuna
from optuna.trial import TrialState

from airybench.config import Range, SweepConfig, TrialConfig
from airybench.sweep.claims import candidates
from airybench.sweep.ranking import ranked
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy
from airybench.sweep.space import Cell, cells, ends
from airybench.sweep.trial_list import TrialList


def chosen(configs: Sequence[TrialConfig]) -> list[int]:
    """The cells that some comparison chooses among several, as indices.

    Args:
        configs: one per cell, best on the validation split first.

    >>> other = TrialConfig().replace({"alpha": 0.5})
    >>> chosen([TrialConfig(), other]), chosen([TrialConfig()])
    ([0], [])
    """
    return sorted({min(group) for group in _groups(configs)})


def most_chosen(sweep: SweepConfig) -> int:
    """How many cells are chosen at most, whatever the validation split is going to say."""
    found = [cell.config for cell in cells(ends(sweep))]
    # Two points of a continuous axis are never equal: beside a range of alpha alone can cells differ in alpha alone.
    ranges = {name for grid in sweep.space for name, axis in grid.items() if isinstance(axis, Range)}
    groups = _groups(found, alike=not ranges - {"alpha"})
    if not groups:
        return 0
    # The winner is the best of every group that it is in.
    others = (sum(winner not in group for group in groups) for winner in range(len(found)))
    trials = TrialList(sweep)
    return min(1 + max(others), math.ceil(trials.total() / len(trials.repeats)))


def most_confirmations(sweep: SweepConfig) -> int:
    """How many trials the confirmation of a new study takes at most."""
    fresh = TrialList(sweep).fresh_repeats
    return len(fresh) * most_chosen(sweep) if fresh else 0


def chosen_cells(study: optuna.Study, sweep: SweepConfig) -> list[Cell]:
    """The chosen cells of a study, from the finished trials of its search.

    Args:
        study: Optuna's.
        sweep: its objectives.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    points = {trial.number: dict(trial.params) for trial in complete}
    trials = [FinishedTrial.of(trial, simulated=sweep.base.data.simulator > 0) for trial in complete]
    search = [trial for trial in trials if not trial.confirmation]
    firsts = [cell[0] for cell in ranked(search, sweep.study.objectives)]
    return [Cell(firsts[i].config, points[firsts[i].number]) for i in chosen([first.config for first in firsts])]


def left_to_confirm(study: SavedStudy, sweep: SweepConfig) -> int:
    """How many trials the confirmation of a study takes from here, once its search has ended.

    Args:
        study: as it is stored.
        sweep: what is wanted of it now.
    """
    firsts = [cell[0].config for cell in ranked(study.finished, sweep.study.objectives)]
    done = {(trial.config.cell(), trial.repeat) for trial in study.confirmations}
    wanted = {(firsts[i].cell(), repeat) for i in chosen(firsts) for repeat in TrialList(sweep).fresh_repeats}
    return len(wanted - done)


def _groups(configs: Sequence[TrialConfig], *, alike: bool = True) -> set[tuple[int, ...]]:
    """Groups of two cells or more of which the best is compared with something.

    Args:
        configs: one per cell.
        alike: whether cells may differ in alpha alone.
    """
    groups = candidates(configs) | {tuple(range(len(configs))), *(_alphas(configs) if alike else ())}
    return {group for group in groups if len(group) > 1}


def _alphas(configs: Sequence[TrialConfig]) -> list[tuple[int, ...]]:
    """Networks that differ in alpha alone and have a counterpart without the activation: the sides of `compare`."""
    networks: dict[str, list[int]] = {}
    for index, cell in enumerate(configs):
        if cell.network.log_activation:
            networks.setdefault(cell.replace({"log_activation": False}).cell(), []).append(index)
    without = {cell.cell() for cell in configs if not cell.network.log_activation}
    return [tuple(members) for digest, members in networks.items() if digest in without]
