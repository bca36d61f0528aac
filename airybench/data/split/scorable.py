"""Labels that leave nothing to tell apart: refused before anything is trained on them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.split.split import PARTS, Split
from airybench.errors import DataError


def scorable(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Classes with a shot that is of them and one that is not, shape (C,).

    >>> scorable(np.array([[1, 1, 0], [0, 1, 0]], np.uint8))
    array([ True, False, False])
    """
    found: NDArray[np.bool_] = (labels != labels[:1]).any(axis=0)
    return found


def require_classes(path: Path, labels: NDArray[np.uint8], names: Sequence[str]) -> None:
    """Refuse labels that are the same for all shots.

    Args:
        path: the file that holds them, for the message.
        labels: 0 or 1, shape (N, C).
        names: of the classes.

    Raises:
        DataError: all shots have the same labels.
    """
    if not scorable(labels).any():
        raise DataError(
            f"{path}: all {len(labels)} shots have the same labels ({_words(labels, names)}), so there is nothing to "
            "tell apart",
            "import shots of at least two classes, or other labels with --labels KEY or --labels-csv FILE",
        )


def require_scorable(
    path: Path,
    split: Split,
    labels: NDArray[np.uint8],
    names: Sequence[str],
    *,
    by_group: bool,
    parts: Sequence[str] = PARTS,
) -> None:
    """Refuse a split with a part in which no class can be scored. A part that lacks only some classes is no error.

    Args:
        path: the store, for the message.
        split: which shot is in which part.
        labels: 0 or 1, shape (N, C).
        names: of the classes.
        by_group: whether whole groups were kept together.
        parts: that are to be scored.

    Raises:
        DataError: all shots of a part have the same labels.
    """
    for part in parts:
        some = labels[getattr(split, part)]
        if not scorable(some).any():
            ways = "take another --split-seed, more groups, or --split-by shot" if by_group else "take more shots"
            raise DataError(
                f"{path}: all {len(some)} shots of the {part} part have the same labels ({_words(some, names)}), so "
                "no class can be scored there",
                ways,
            )


def require_fraction(path: Path, labels: NDArray[np.uint8], names: Sequence[str], fraction: float) -> None:
    """Refuse a fraction of the training shots from which nothing can be learnt.

    Args:
        path: the store, for the message.
        labels: of the fraction, 0 or 1, shape (n, C).
        names: of the classes.
        fraction: as the configuration says it.

    Raises:
        DataError: all of its shots have the same labels.
    """
    if not scorable(labels).any():
        raise DataError(
            f"{path}: --fraction {fraction:g} takes {len(labels)} of the training shots, which all have the same "
            f"labels ({_words(labels, names)})",
            "take a larger --fraction, or more shots",
        )


def _words(labels: NDArray[np.uint8], names: Sequence[str]) -> str:
    """What the first shot is labelled as."""
    held = labels[0] if len(labels) else np.zeros(len(names), np.uint8)
    return ", ".join(name for name, holds in zip(names, held, strict=True) if holds) or "no class"
