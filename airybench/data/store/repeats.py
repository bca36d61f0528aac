"""Shots whose images are equal in every pixel: how many there are, and which of them have different labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.writer import StoreWriter
from airybench.errors import ConfigError, DataError
from airybench.reporter import Reporter

CHOICES = ("drop", "first")
"""What can be done with identical images that have different labels, see `LabelOptions.conflicts`."""

_SHOWN = 5


@dataclass(frozen=True)
class Repeats:
    """How many images repeat.

    Attributes:
        images: images that more than one shot has.
        shots: shots that have one of these.
        contradicting: images whose shots have different labels.
    """

    images: int
    shots: int
    contradicting: int

    def __str__(self) -> str:
        """In one line.

        >>> str(Repeats(50, 200, 0))
        '200 shots share 50 images with one another, equal in every pixel'
        """
        return f"{self.shots} shots share {self.images} images with one another, equal in every pixel"


def first_of_each(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Row of the first shot that has the same image, itself where it is the first, shape (N,).

    >>> first_of_each(np.array([7, 3, 7, 3, 5], np.uint64))
    array([0, 1, 0, 1, 4])
    """
    _, first, members = np.unique(hashes, return_index=True, return_inverse=True)
    return np.asarray(first[members.reshape(-1)], np.int64)


def repeats(hashes: NDArray[np.uint64], labels: NDArray[np.uint8] | None = None) -> Repeats:
    """Count what repeats.

    Args:
        hashes: of the images, shape (N,).
        labels: 0 or 1, shape (N, C); None where there are none.
    """
    counts = np.bincount(first_of_each(hashes), minlength=1)
    shared = counts[counts > 1]
    contradicting = 0 if labels is None else len(contradictions(hashes, labels))
    return Repeats(len(shared), int(shared.sum()), contradicting)


def contradictions(hashes: NDArray[np.uint64], labels: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """Identical images with different labels.

    Args:
        hashes: of the images, shape (N,).
        labels: 0 or 1, shape (N, C).

    Returns:
        The rows of each such image, rising, in the order of the first.

    >>> contradictions(np.array([7, 3, 7, 3], np.uint64), np.array([[1], [1], [0], [1]], np.uint8))
    [array([0, 2])]
    """
    first = first_of_each(hashes)
    of = np.unique(first[(labels != labels[first]).any(axis=1)])
    affected = np.flatnonzero(np.isin(first, of))
    order = affected[np.argsort(first[affected], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(first[order])) + 1) if len(order) else []


def contradictions_in_words(
    rows: Sequence[NDArray[np.int64]], ids: NDArray[np.int64 | np.str_], labels: NDArray[np.uint8], names: Sequence[str]
) -> str:
    """The first of them with ids and labels.

    Args:
        rows: see `contradictions`.
        ids: of all shots.
        labels: of all shots, shape (N, C).
        names: of the classes.
    """

    def shot(row: int) -> str:
        said = ", ".join(name for name, holds in zip(names, labels[row], strict=True) if holds) or "no label"
        return f"{ids[row]} ({said})"

    images = [" = ".join(shot(int(row)) for row in some[:_SHOWN]) for some in rows[:_SHOWN]]
    return "; ".join(images) + ("; ..." if len(rows) > _SHOWN else "")


def settle(writer: StoreWriter, names: Sequence[str], conflicts: str | None, reporter: Reporter) -> None:
    """Say which images of a store that is being written repeat, and leave out those with contradicting labels.

    Args:
        writer: all shots have been appended.
        names: of the classes; none for an unlabelled store.
        conflicts: `drop` leaves out all shots of an image with different labels, `first` all but the first, None
            refuses them.
        reporter: receives notices.

    Raises:
        ConfigError: no such choice.
        DataError: identical images have different labels, and nothing was said about them.
    """
    if conflicts is not None and conflicts not in CHOICES:
        raise ConfigError(f"--on-conflict {conflicts}: expected {' or '.join(CHOICES)}")
    hashes = writer.column("image_hash")
    labels = writer.column("labels") if names else None
    found = repeats(hashes, labels)
    if found.images:
        reporter.notify(f"{writer.path.name}: {found}; they stay in one part of every split")
    if labels is None or not found.contradicting:
        return
    rows = contradictions(hashes, labels)
    shots = sum(map(len, rows))
    words = contradictions_in_words(rows, writer.column("ids"), labels, names)
    said = f"{len(rows)} images have contradicting labels ({shots} shots): {words}"
    if conflicts is None:
        raise DataError(
            f"{writer.path.name}: {said}",
            "correct the labels, or add --on-conflict drop to leave these shots out, --on-conflict first to keep the "
            "first of each image",
        )
    reporter.notify(f"{writer.path.name}: {said}")
    if conflicts == "drop" and shots == len(hashes):
        raise DataError(
            f"{writer.path.name}: --on-conflict drop leaves no shot, since all images have contradicting labels",
            "correct the labels, or keep the first of each image with --on-conflict first",
        )
    skipped = 1 if conflicts == "first" else 0
    writer.leave_out(np.concatenate([some[skipped:] for some in rows]), "whose image has another label elsewhere")
