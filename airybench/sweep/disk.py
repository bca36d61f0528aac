"""The disk that a sweep takes while it runs and after it, beside what is free."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from airybench.config import SweepConfig
from airybench.config.keep import KEEP_DEFAULT, cells_kept
from airybench.errors import StudyError
from airybench.networks.cost import Cost
from airybench.paths import free_bytes
from airybench.sweep.cost import shares
from airybench.sweep.trial_list import TrialList
from airybench.tracking.store import local_folder

BYTES_PER_TRIAL = 400_000
"""Plots, configuration and metrics beside weights and predictions."""

BYTES_PER_STUDY = 12_000_000
"""Its pages, plots and tables."""

BYTES_PER_MODEL = 3_000_000
"""The example of the winner's model."""

BYTES_PER_WEIGHT = 4


@dataclass(frozen=True)
class DiskPlan:
    """What the trials of a study take.

    Attributes:
        most: bytes at most while they run.
        after: bytes at the end.
        folder: that holds the artifacts; None where they are not on this machine.
        free: bytes free on its disk.
        keep: whose weights stay.
    """

    most: float
    after: float
    folder: Path | None
    free: float
    keep: str

    @property
    def fits(self) -> bool:
        """Whether the disk is large enough."""
        return self.most <= self.free

    def sentence(self) -> str:
        """How much, for people.

        >>> DiskPlan(3e9, 0.5e9, Path("/"), 80e9, "best 3").sentence()
        '0.50 GB of disk (at most 3.00 GB while it runs; keep best 3), 80.00 GB are free'
        """
        while_it_runs = f"at most {_gigabytes(self.most)} while it runs; " if self.most > 1.05 * self.after else ""
        free = "" if self.folder is None else f", {_gigabytes(self.free)} are free"
        return f"{_gigabytes(self.after)} of disk ({while_it_runs}keep {self.keep}){free}"

    def refuse(self, trials: int) -> None:
        """Refuse a disk that is too small.

        Raises:
            StudyError: it is.
        """
        if not self.fits:
            raise StudyError(
                f"{self.folder}: {_gigabytes(self.free)} free, about {_gigabytes(self.most)} needed for {trials} "
                "trials; free some space, keep fewer weights (--keep none), ask for fewer --trials, or choose another "
                "disk with --tracking-uri"
            )


def disk_plan(
    sweep: SweepConfig,
    costs: Sequence[Cost],
    data: tuple[int, int],
    trials: tuple[int, int],
    workers: int,
    uri: str,
) -> DiskPlan:
    """Estimate the disk of the trials that a study has left.

    Args:
        sweep: the sweep; without a rule of its own for weights, a new study's.
        costs: sizes of its networks.
        data: numbers of shots and of classes.
        trials: how many are left of the search, and of the confirmation at most.
        workers: trials that run at the same time.
        uri: tracking store.
    """
    shots, classes = data
    keep = sweep.study.keep or KEEP_DEFAULT
    most, after = _weights(sweep, trials, workers, cells_kept(keep))
    parameters = [cost.parameters for cost in costs]
    # The best cells may be those of the largest networks.
    size = BYTES_PER_WEIGHT * (fmean(parameters) if after >= sum(trials) else max(parameters))
    _, val, test = shares(sweep.base.data)  # the logits of val and test are kept
    predictions = shots * (val + test) * classes * BYTES_PER_WEIGHT
    rest = sum(trials) * (predictions + BYTES_PER_TRIAL) + BYTES_PER_STUDY
    if after:
        rest += max(parameters) * BYTES_PER_WEIGHT + BYTES_PER_MODEL  # the winner's model as a graph
    everything = sum(trials) * BYTES_PER_WEIGHT * fmean(parameters)
    folder = local_folder(uri)
    return DiskPlan(
        most=min(most * size, everything) + rest,
        after=min(after * size, everything) + rest,
        folder=folder,
        free=math.inf if folder is None else free_bytes(folder),
        keep=keep,
    )


def _weights(sweep: SweepConfig, trials: tuple[int, int], workers: int, best: float) -> tuple[float, float]:
    """How many trials have weights on the disk, at most and at the end."""
    searching, confirming = trials
    listed, several = TrialList(sweep), len(sweep.study.objectives) > 1
    if math.isinf(best) or (several and best):  # the Pareto front may be all of them
        return searching + confirming, searching + confirming
    if not best:
        return min(searching + confirming, workers), 0
    repeats = len(listed.repeats)
    kept = min(searching, best * repeats)
    again = min(confirming, best * len(listed.fresh_repeats))
    # A grid trains every cell with the first seed before any is complete; a sampler completes a cell at once.
    waits = sweep.study.sampler == "grid" and repeats > 1
    running = searching if waits else min(searching, kept + workers * repeats)
    return max(running, min(searching + confirming, kept + again + workers)), kept + again


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.2f} GB"
