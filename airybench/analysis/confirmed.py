"""Chosen cells beside their confirmation: what the validation split said when it chose them, and with fresh seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from airybench.sweep.ranking import by_cell, seeds_of
from airybench.sweep.records import FinishedTrial


@dataclass(frozen=True)
class ConfirmedCell:
    """A cell that was chosen and trained again.

    Attributes:
        name: of the cell.
        chosen: the objective on the validation split when it was chosen, mean over seeds.
        fresh: the same with fresh seeds; lower in the mean, since lucky seeds help to be chosen.
        seeds: how many fresh ones.
    """

    name: str
    chosen: float
    fresh: float
    seeds: int


def confirmed_cells(
    trials: Sequence[FinishedTrial], confirmations: Sequence[FinishedTrial]
) -> tuple[ConfirmedCell, ...]:
    """The cells that were trained again, in the order in which that was done.

    Args:
        trials: finished ones of the search.
        confirmations: finished ones with fresh seeds.
    """
    searched = {cell[0].config.cell(): fmean(trial.value for trial in cell) for cell in by_cell(trials)}
    return tuple(
        ConfirmedCell(cell[0].label, searched[cell[0].config.cell()], fmean(one.value for one in cell), seeds_of(cell))
        for cell in by_cell(confirmations)
        if cell[0].config.cell() in searched
    )


def confirmation_sentence(cells: Sequence[ConfirmedCell], metric: str) -> str:
    """What fresh seeds say about the chosen cells; empty where none was trained again.

    >>> confirmation_sentence([ConfirmedCell("resnet18", 0.64, 0.612, 3)], "macro_ap")
    'Confirmation, val macro_ap with fresh seeds: resnet18 0.612 with 3 (0.640 when it was chosen).'
    """
    found = [f"{one.name} {one.fresh:.3f} with {one.seeds} ({one.chosen:.3f} when it was chosen)" for one in cells]
    return f"Confirmation, val {metric} with fresh seeds: {'; '.join(found)}." if found else ""
