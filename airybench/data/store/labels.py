"""Rules of label vectors."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from airybench.errors import DataError
from airybench.physics.populations import HELIUM_CLASSES

MISSES = ("empty", "background", "miss")
"""Classes of shots without a particle, in small letters."""


def check_helium(labels: NDArray[np.uint8], where: Callable[[int], str]) -> None:
    """Check label vectors against rules that all published helium labels obey.

    Args:
        labels: 0 or 1, shape (N, 11), in the order of the helium classes.
        where: returns what to call a row in the message.

    Raises:
        DataError: naming the first row that breaks a rule.
    """
    has = {name: labels[:, column].astype(bool) for column, name in enumerate(HELIUM_CLASSES)}
    spheroid = has["Spherical/Oblate"]
    rules = (
        ("no label at all", labels.sum(axis=1) == 0),
        ("Empty beside another label", has["Empty"] & (labels.sum(axis=1) > 1)),
        ("both Round and Elliptical", has["Round"] & has["Elliptical"]),
        ("both Spherical/Oblate and Prolate", spheroid & has["Prolate"]),
        ("Round without Spherical/Oblate", has["Round"] & ~spheroid),
        ("Elliptical without Spherical/Oblate", has["Elliptical"] & ~spheroid),
    )
    for what, broken in rules:
        if broken.any():
            raise DataError(
                f"{where(int(np.flatnonzero(broken)[0]))} says {what}, which the helium labels exclude "
                f"({int(broken.sum())} such entries)",
                "correct them, or give other --class-names if these are other labels",
            )


def one_hot(labels: NDArray[np.uint8]) -> bool:
    """Whether every shot has exactly one label."""
    return bool(labels.size) and bool((labels.sum(axis=1) == 1).all())


def kind_of_labels(labels: NDArray[np.uint8], class_names: Sequence[str]) -> str:
    """`multiclass` where every shot has exactly one label, else `multilabel`, as with the classes of helium always.

    >>> kind_of_labels(np.eye(3, dtype=np.uint8), ("a", "b", "c"))
    'multiclass'
    """
    return "multiclass" if one_hot(labels) and set(class_names) != set(HELIUM_CLASSES) else "multilabel"


def named_once(number: int, names: Sequence[str], where: str) -> tuple[str, ...]:
    """Class names, once they are known to be one for each label column, without repeats or blanks.

    Args:
        number: of label columns.
        names: of the classes.
        where: what to call the labels in the message.

    Raises:
        DataError: they are not.
    """
    if number != len(names) or len(set(names)) != len(names) or not all(names):
        raise DataError(f"{where}: {number} labels for each shot, class names are {', '.join(names)}", "name each once")
    return tuple(names)


def miss_column(class_names: Sequence[str]) -> int | None:
    """The column of the class of shots without a particle; None where there is none.

    >>> miss_column(("Round", "Streak", "Empty")), miss_column(("a", "b"))
    (2, None)
    """
    found = [column for column, name in enumerate(class_names) if name.casefold() in MISSES]
    return found[0] if len(found) == 1 else None
