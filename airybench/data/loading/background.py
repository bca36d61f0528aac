"""The background of a run: the median image of its shots, which is subtracted from each of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.config import DataConfig
from airybench.data.store.bad_pixels import sampled_rows
from airybench.data.store.labels import miss_column
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError

Counts = NDArray[np.uint16]
Rows = NDArray[np.int64]
Read = Callable[[Rows], tuple[Counts, NDArray[np.bool_] | None]]
"""From rising rows to their counts, (n, H, W), and which pixels are good, of the same shape; None for all."""

FEWEST = 5
"""[A] Shots of a run that are needed for its background: the median of fewer would hold their patterns."""

MOST = 400
"""Shots of a run that its background is taken from, which bounds memory; of longer runs they are spread evenly."""

WHOLE_RUNS = "give whole runs, group shots otherwise (--group-by), or train without --background"


def lower_median(counts: Counts, good: NDArray[np.bool_] | None = None) -> Counts:
    """The median of each pixel over some shots, of an even number the lower of the two in the middle: a whole count.

    Args:
        counts: shape (n, H, W).
        good: same shape; bad pixels are left out, and a pixel that is good in no shot is 0. None for all.

    >>> lower_median(np.array([[[3]], [[9]], [[4]], [[5]]], np.uint16)).item()
    4
    """
    if good is None:
        middle = (len(counts) - 1) // 2
        found: Counts = np.partition(counts, middle, axis=0)[middle]
        return found
    number = good.sum(axis=0)
    ordered = np.sort(np.where(good, counts, np.iinfo(np.uint16).max), axis=0)
    last = np.take_along_axis(ordered, np.maximum(number - 1, 0)[None] // 2, axis=0)[0]
    return np.where(number > 0, last, 0).astype(np.uint16)


def subtracted(counts: Counts, background: Counts) -> Counts:
    """Counts above a background, 0 where they are below it.

    Args:
        counts: shape (n, H, W).
        background: same shape, or (H, W).

    >>> subtracted(np.array([[[7, 2]]], np.uint16), np.array([[3, 3]], np.uint16))
    array([[[4, 0]]], dtype=uint16)
    """
    above: Counts = np.maximum(counts, background) - background
    return above


@dataclass(frozen=True)
class RunBackgrounds:
    """The median images of the runs of N shots.

    Attributes:
        images: uint16, shape (G, H, W).
        places: index of the image of each shot, shape (N,); -1 where that was not asked for.
        groups: run of each shot, shape (N,).
        rows: the shots that the medians are taken from, rising.
    """

    images: Counts
    places: NDArray[np.intp]
    groups: NDArray[np.int32]
    rows: Rows

    @classmethod
    def of(cls, read: Read, groups: NDArray[np.int32], rows: Rows, wanted: Rows | None = None) -> "RunBackgrounds":
        """Take the medians.

        Args:
            read: reads shots.
            groups: run of each shot, shape (N,).
            rows: the shots to take them from, see `background_rows`.
            wanted: shots whose background is needed; None for all.
        """
        runs = np.unique(groups if wanted is None else groups[wanted])
        images = np.stack([lower_median(*read(rows[groups[rows] == run])) for run in runs])
        places = np.searchsorted(runs, groups).clip(max=len(runs) - 1)
        return cls(images, np.where(runs[places] == groups, places, -1), groups, rows)

    def changed(self, images: Counts) -> "RunBackgrounds":
        """The same runs with other images, shape (G, H, W)."""
        return replace(self, images=images)

    def removed(self, counts: Counts, rows: Rows) -> Counts:
        """Counts of shots above the background of their run.

        Args:
            counts: shape (n, H, W).
            rows: which shots they are.
        """
        return subtracted(counts, self.images[self.places[rows]])


def background_rows(
    path: Path | str, groups: NDArray[np.int32], known: Rows | None = None, remedy: str = WHOLE_RUNS
) -> Rows:
    """The shots that the background of each run is taken from.

    Args:
        path: what holds them, for the message.
        groups: run of each shot, shape (N,); one number for all where runs are not known.
        known: shots that are known to hold no particle, which stand for their run where it has enough of them.
        remedy: what to do about a run with too few shots.

    Returns:
        At most MOST of each run, rising.

    Raises:
        DataError: a run has too few shots.
    """
    chosen = []
    for run in np.unique(groups):
        members = np.flatnonzero(groups == run)
        empty = members if known is None else members[np.isin(members, known)]
        some = empty if len(empty) >= FEWEST else members
        if len(some) < FEWEST:
            raise DataError(
                f"{path}: run {run} has {len(some)} shot{'s' if len(some) > 1 else ''}, and the background of a run is "
                f"the median of at least {FEWEST}",
                remedy,
            )
        chosen.append(some[sampled_rows(len(some), MOST)])
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)


def trained_background(store: Store, train: Rows, config: DataConfig) -> Rows | None:
    """The shots of a store that the backgrounds of a training are taken from; None without a background.

    Only training shots are asked for their labels.

    Args:
        store: the shots, labelled.
        train: rows of the train split.
        config: what is subtracted.

    Raises:
        ConfigError: no class is that of shots without a particle.
        DataError: a run has too few shots.
    """
    if config.background == "none":
        return None
    known = None
    if config.background == "empty":
        column = miss_column(store.class_names)
        if column is None:
            raise ConfigError(
                f"--background empty: {store.path} has no class Empty, Background or Miss; use --background all"
            )
        known = train[store.labels()[train, column] > 0]
    return background_rows(store.path, store.groups(), known)


def store_reader(store: Store) -> Read:
    """Reads shots of a store, with their masks where each has its own."""

    def read(rows: Rows) -> tuple[Counts, NDArray[np.bool_] | None]:
        return store.read_images(rows), store.read_masks(rows) > 0 if store.own_masks else None

    return read
