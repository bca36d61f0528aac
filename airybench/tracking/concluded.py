"""What the end of a study was made from, as digests on its parent run: where they are equal, it is made already."""

import hashlib
from collections.abc import Iterable

from airybench.version import __version__


def published_digest(metric: str, trials: Iterable[str]) -> str:
    """Of what leaderboard and figures show.

    Args:
        metric: that ranks the cells.
        trials: ids of the runs of the finished trials.
    """
    return _digest([__version__, "cells", metric, *sorted(trials)])


def judged_digest(delta: float, trials: Iterable[str], baselines: Iterable[str]) -> str:
    """Of what the claims are judged from.

    Args:
        delta: largest difference that does not matter.
        trials: ids of the runs of the finished trials, with those of a confirmation.
        baselines: ids of the runs of the baselines that claims compare with.
    """
    return _digest([__version__, f"{delta:g}", *sorted(trials), *sorted(baselines)])


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
