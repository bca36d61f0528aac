"""When the batch job ends that a sweep runs in: Slurm says so in the environment."""

import math
import os
import time

from airybench.errors import ConfigError

VARIABLE = "SLURM_JOB_END_TIME"
"""Seconds since 1970, set by Slurm 22.05 and later."""

RESERVE_SECONDS = 120.0
"""Kept for what follows the last trial: the scores of the winner on test, figures, its model."""


def seconds_left() -> float:
    """How long trials may begin before the end of the job; infinite outside of Slurm, or where the job has no end.

    Raises:
        ConfigError: the job ends too soon for any.

    >>> seconds_left() > 0
    True
    """
    word = os.environ.get(VARIABLE, "")
    if not (word.isascii() and word.isdigit()):
        return math.inf
    left = int(word) - time.time() - RESERVE_SECONDS
    if left <= 0:
        raise ConfigError(
            f"this Slurm job ends in {max(0.0, left + RESERVE_SECONDS):.0f} s, and {RESERVE_SECONDS:.0f} s are kept "
            f"for the ranking; give it more --time, or unset {VARIABLE}"
        )
    return left
