"""When the batch job ends that a sweep runs in: Slurm says so in the environment, or when it is asked."""

import functools
import math
import os
import subprocess
import time

from airybench.errors import ConfigError

VARIABLE = "SLURM_JOB_END_TIME"
"""Seconds since 1970. Where Slurm does not set it, as in 22.05, `squeue` knows the end."""

JOB = "SLURM_JOB_ID"
SQUEUE_SECONDS = 30.0
"""How long a busy controller may take to answer."""

RESERVE_SECONDS = 120.0
"""Kept for what follows the last trial: the scores of the winner on test, figures, its model."""


def seconds_left() -> float:
    """How long trials may begin before the end of the job; infinite outside of Slurm, or where the job has no end.

    Raises:
        ConfigError: the job ends too soon for any.

    >>> seconds_left() > 0
    True
    """
    word = os.environ.get(VARIABLE) or _told_by_squeue(os.environ.get(JOB, ""))
    if not (word.isascii() and word.isdigit()):
        return math.inf
    left = int(word) - time.time() - RESERVE_SECONDS
    if left <= 0:
        raise ConfigError(
            f"this Slurm job ends in {max(0.0, left + RESERVE_SECONDS):.0f} s, and {RESERVE_SECONDS:.0f} s are kept "
            "for the ranking; give the job more --time, or the sweep a --time-limit"
        )
    return left


@functools.cache
def _told_by_squeue(job: str) -> str:
    """The end of a job in seconds since 1970; another word where it has none, or nobody knows."""
    if not job:
        return ""
    words = ["squeue", "--noheader", "--format=%e", f"--jobs={job}"]
    environment = {**os.environ, "SLURM_TIME_FORMAT": "%s"}
    try:
        asked = subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=SQUEUE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip()
