"""What sets the trials of one cell apart: the seed, and the fold where a study runs every fold."""

from typing import NamedTuple

from airybench.config import TrialConfig


class Repeat(NamedTuple):
    """What sets the trials of one cell apart.

    Attributes:
        seed: of the training.
        fold: that is the test split; 0 where a study has one split.
    """

    seed: int
    fold: int = 0


def repeat_of(config: TrialConfig) -> Repeat:
    """Seed and fold of what is trained.

    >>> repeat_of(TrialConfig().replace({"folds": 5, "fold": 2, "every_fold": True, "seed": 7}))
    Repeat(seed=7, fold=2)
    >>> repeat_of(TrialConfig().replace({"folds": 5, "fold": 2, "seed": 7}))  # one fold makes cells of its own
    Repeat(seed=7, fold=0)
    """
    return Repeat(config.training.seed, config.data.fold if config.data.every_fold else 0)
