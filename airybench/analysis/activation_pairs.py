"""Networks that were trained with the logarithmic activation and without it, and the trainings to compare them by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airybench.analysis.cells import joined
from airybench.sweep.ranking import by_cell, folds_of
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy

Trained = tuple[SavedStudy, FinishedTrial]
"""A trial and its study."""


@dataclass(frozen=True)
class Couple:
    """A network with the logarithmic activation and without it.

    Attributes:
        on: trials with it, one per seed; of several alphas that which is best on the validation split.
        off: trials without it.
        tried: how many alphas there are.
        fresh: trainings of `on` with fresh seeds, where it was chosen among several.
    """

    on: list[Trained]
    off: list[Trained]
    tried: int
    fresh: list[Trained]

    @property
    def compared(self) -> tuple[list[Trained], list[Trained]]:
        """The trainings of either side to compare: those that chose an alpha among several speak for it too well."""
        return self.fresh or self.on, self.off

    @property
    def chosen_among(self) -> int:
        """Candidate pairs that count as a claim each."""
        return 1 if self.fresh else self.tried


def couples(ranked: Sequence[Sequence[Trained]], studies: Sequence[SavedStudy]) -> list[Couple]:
    """Networks that were trained with the activation and without it, best on the validation split first.

    Args:
        ranked: cells of every study, from best to worst on the validation split; those of one cell may come from
            several studies.
        studies: all of them.
    """
    networks: dict[str, dict[bool, list[list[Trained]]]] = {}
    for cell in joined(ranked).values():
        config = cell[0][1].config
        without = config.replace({"log_activation": False}).cell()
        # The ranking runs from best to worst: the first cell with the activation has the alpha that val chooses.
        networks.setdefault(without, {}).setdefault(config.network.log_activation, []).append(cell)
    confirmed, found = _confirmed(studies), []
    for sides in networks.values():
        if len(sides) == 2:
            on, tried = sides[True][0], len(sides[True])
            fresh = confirmed.get(on[0][1].config.cell(), []) if tried > 1 else []
            found.append(Couple(on, sides[False][0], tried, fresh))
    return found


def _confirmed(studies: Sequence[SavedStudy]) -> Mapping[str, list[Trained]]:
    """Trainings of chosen cells with fresh seeds by the digest of the cell; over folds only where all are there."""
    again = [[(study, trial) for trial in cell] for study in studies for cell in by_cell(study.confirmations)]
    folds = max((folds_of(study.finished) for study in studies), default=0)
    return {digest: trials for digest, trials in joined(again).items() if folds_of(one for _, one in trials) == folds}
