"""Which trials a sweep consists of: every cell with every seed and fold, in their order, and fresh seeds after them."""

from dataclasses import dataclass
from functools import cached_property

from airybench.config import MOST_SEEDS, SweepConfig
from airybench.sweep.repeat import Repeat
from airybench.sweep.space import Cell, cells, finite


@dataclass(frozen=True)
class TrialList:
    """The trials of a sweep.

    Args:
        sweep: base, space and how much of it is wanted.
        first: digests of the cells that come before all others, in their order.
    """

    sweep: SweepConfig
    first: tuple[str, ...] = ()

    @cached_property
    def cells(self) -> list[Cell]:
        """Every cell of a finite space; expanded once, as each request for the next trial needs them."""
        found = cells(self.sweep)
        if self.first:
            places = {digest: place for place, digest in enumerate(self.first)}
            found.sort(key=lambda cell: places.get(cell.digest, len(places)))
        return found

    @cached_property
    def finite(self) -> bool:
        """Whether the space is a list of cells; a continuous space is searched by a sampler alone."""
        return finite(self.sweep)

    @property
    def repeats(self) -> list[Repeat]:
        """The trials of each cell: every seed, on every fold."""
        return self._repeats(self.sweep.base.training.seed, self.sweep.study.seeds)

    @property
    def fresh_repeats(self) -> list[Repeat]:
        """The trials that confirm a chosen cell: seeds that no trial of the search has or can get, on every fold."""
        return self._repeats(self.sweep.base.training.seed + MOST_SEEDS, self.sweep.study.confirm)

    def is_fresh(self, repeat: Repeat) -> bool:
        """Whether a seed is one of a confirmation, rather than of the search."""
        return repeat.seed >= self.sweep.base.training.seed + MOST_SEEDS

    def _repeats(self, first: int, seeds: int) -> list[Repeat]:
        data = self.sweep.base.data
        folds = range(data.fold_count) if data.every_fold else (0,)
        return [Repeat(seed, fold) for seed in range(first, first + seeds) for fold in folds]

    def all_trials(self) -> list[tuple[Cell, Repeat]]:
        """Every cell of a finite space with every seed and fold.

        They come seed by seed and fold by fold: a study cut short has compared every cell before it repeats one.
        """
        return [(cell, repeat) for repeat in self.repeats for cell in self.cells]

    def wanted(self) -> list[tuple[Cell, Repeat]]:
        """Those of a finite space that the study is to run."""
        return self.all_trials()[: self.total()]

    def total(self) -> int:
        """Number of trials: what was asked for, at most every cell of a finite space with every seed and fold."""
        asked = self.sweep.study.trials
        if not self.finite:
            assert asked is not None
            return asked
        everything = len(self.cells) * len(self.repeats)
        return everything if asked is None else min(asked, everything)
