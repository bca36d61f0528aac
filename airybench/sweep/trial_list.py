"""Which trials a sweep consists of: every cell with every seed, in the order in which they run."""

from dataclasses import dataclass
from functools import cached_property

from airybench.config import SweepConfig
from airybench.sweep.space import Cell, cells, finite


@dataclass(frozen=True)
class TrialList:
    """The trials of a sweep.

    Args:
        sweep: base, space and how much of it is wanted.
    """

    sweep: SweepConfig

    @cached_property
    def cells(self) -> list[Cell]:
        """Every cell of a finite space; expanded once, as each request for the next trial needs them."""
        return cells(self.sweep)

    @cached_property
    def finite(self) -> bool:
        """Whether the space is a list of cells; a continuous space is searched by a sampler alone."""
        return finite(self.sweep)

    @property
    def seeds(self) -> list[int]:
        """The seeds of each cell."""
        first = self.sweep.base.training.seed
        return list(range(first, first + self.sweep.study.seeds))

    def all_trials(self) -> list[tuple[Cell, int]]:
        """Every cell of a finite space with every seed.

        They come seed by seed: a study that is cut short has compared every cell before it repeats one.
        """
        return [(cell, seed) for seed in self.seeds for cell in self.cells]

    def wanted(self) -> list[tuple[Cell, int]]:
        """Those of a finite space that the study is to run."""
        return self.all_trials()[: self.total()]

    def total(self) -> int:
        """Number of trials: what was asked for, at most every cell of a finite space with every seed."""
        asked = self.sweep.study.trials
        if not self.finite:
            assert asked is not None
            return asked
        everything = len(self.cells) * self.sweep.study.seeds
        return everything if asked is None else min(asked, everything)
