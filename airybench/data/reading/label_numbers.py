"""Labels that are numbers: 0 and 1 for every class, or the number of a class, as label vectors."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.label_words import WordLabels, labels_from_text
from airybench.data.reading.options import LabelOptions
from airybench.data.store.labels import named_once
from airybench.errors import DataError, MissingOptionError

_LARGEST_CLASS = 10_000
_MOST_NAMED = 20


def checked_numbers(values: NDArray[Any], where: str, place: Callable[[int], str]) -> NDArray[np.int64]:
    """Labels as whole numbers.

    Args:
        values: 0 or 1, shape (N, C), or class numbers from 0, shape (N,), of any real dtype.
        where: what to call them in messages.
        place: what to call a row in messages.

    Raises:
        DataError: another value, naming the first row that has one.
    """
    highest = 1 if values.ndim == 2 else _LARGEST_CLASS
    bad = np.argwhere((values != np.rint(values)) | (values < 0) | (values > highest))
    if len(bad):
        row = int(bad[0][0])
        what = "0 and 1" if values.ndim == 2 else "class numbers from 0"
        remedy = "correct it, or leave such shots out with --keep, --drop or --select"
        raise DataError(f"{where} {place(row)} is {values[row]}, {what} are expected", remedy)
    return values.astype(np.int64)


def with_doubt(values: NDArray[Any], where: str, place: Callable[[int], str]) -> NDArray[Any] | None:
    """Labels some of which say that their writer did not know: a number below 0, or NaN.

    Args:
        values: see `checked_numbers`.
        where: what to call them in messages.
        place: what to call a row in messages.

    Returns:
        Class numbers as words, shape (N,), or 0, 1 and -1, int64, shape (N, C); None where nothing is doubtful.

    Raises:
        DataError: one of the others is no label.

    >>> with_doubt(np.array([1, -1]), "y", "entry {}".format).tolist()
    ['1', '-1']
    """
    doubtful = (values < 0) | (values != values)
    if not doubtful.any():
        return None
    numbers = np.where(doubtful, -1, checked_numbers(np.where(doubtful, 0, values), where, place))
    return numbers if values.ndim == 2 else numbers.astype(np.str_)


def numbers_or_doubts(values: NDArray[Any], where: str, place: Callable[[int], str]) -> NDArray[Any]:
    """Labels with doubts as `with_doubt` returns them, others as `checked_numbers` does; arguments as there."""
    doubtful = with_doubt(values, where, place)
    return checked_numbers(values, where, place) if doubtful is None else doubtful


def labels_with_doubt(
    parts: Sequence[NDArray[Any]], options: LabelOptions, where: str, place: Callable[[int], str]
) -> WordLabels:
    """Labels out of words, or out of what `with_doubt` returns.

    Args:
        parts: of each file; those without a doubtful label may still be numbers.
        options: what is done about doubts, and class names.
        where: what to call the labels in messages.
        place: what to call a row in messages.

    Raises:
        MissingOptionError: no names of the classes, for labels of shape (N, C).
        DataError: some files hold words and others numbers, or see `labels_from_text`.
    """
    if all(part.ndim == 1 for part in parts):
        cells = [str(cell).strip() for part in parts for cell in part.tolist()]
        kinds = {part.dtype.kind for part in parts}
        if len(kinds) > 1 and not all(cell.lstrip("-").isdecimal() for cell in cells):
            raise DataError(f"{where} holds words in some files and numbers in others", "import them separately")
        return labels_from_text(cells, options, where, place)
    if len({part.shape[1:] for part in parts}) > 1:
        raise DataError(f"{where} has another shape in another file", "import them separately")
    values = np.concatenate(parts)
    unsure = np.asarray((values < 0).any(axis=1))
    if options.unsure != "unlabelled":
        row = int(np.flatnonzero(unsure)[0])
        raise DataError(
            f"{where} {place(row)} is {values[row]}, 0 and 1 are expected ({int(unsure.sum())} of {len(values)} shots)",
            "give --unsure unlabelled to leave them out",
        )
    vectors, names = label_vectors(np.maximum(values, 0), options.class_names, where, place)
    return WordLabels(names, vectors, unsure)


def _nameless(values: NDArray[np.int64], where: str) -> MissingOptionError:
    """How many names are asked for, and the option that gives them."""
    if values.ndim == 2:
        found = f"{values.shape[1]} columns"
    else:
        found = f"class numbers up to {values.max(initial=0)}, {len(np.unique(values))} of them used"
    count = values.shape[1] if values.ndim == 2 else int(values.max(initial=0)) + 1
    names = ",".join(f"NAME{number}" for number in range(count)) if count <= _MOST_NAMED else "NAME0,NAME1,..."
    return MissingOptionError(
        f"{where} holds {found}, and no names of the classes",
        f"--class-names {names}",
        f"name all {count} in order with --class-names",
    )


def label_vectors(
    values: NDArray[np.int64], names: Sequence[str] | None, where: str, place: Callable[[int], str]
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Label vectors and class names out of checked numbers.

    Args:
        values: see `checked_numbers`.
        names: of the classes, in order.
        where: what to call the labels in messages.
        place: what to call a row in messages.

    Returns:
        0 or 1, shape (N, C), and C names.

    Raises:
        MissingOptionError: no names.
        DataError: a class number beyond the names, or names that do not fit.

    >>> label_vectors(np.array([1, 0]), ("a", "b"), "y", "entry {}".format)[0].tolist()
    [[0, 1], [1, 0]]
    """
    if names is None:
        raise _nameless(values, where)
    if values.ndim == 1:
        if values.max() >= len(names):
            row = int(values.argmax())
            raise DataError(f"{where}: {place(row)} is class {values[row]}, {len(names)} class names were given")
        values = np.eye(len(names), dtype=np.int64)[values]
    return values.astype(np.uint8), named_once(values.shape[1], names, where)
