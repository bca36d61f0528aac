"""Identifiers of shots: whole numbers of 64 bits, or text, such as `1862564:12` for train and pulse."""

import hashlib
from collections.abc import Sequence

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from airybench.data.store.columns import as_text
from airybench.errors import DataError

ShotIds = NDArray[np.int64 | np.str_]
"""One identifier for each shot, int64 or text, shape (N,)."""

_LARGEST = np.iinfo(np.int64).max


def as_ids(values: ArrayLike) -> ShotIds:
    """Identifiers from whole numbers or text of any kind; numbers beyond int64 are kept as text.

    Args:
        values: shape (N,).

    Raises:
        DataError: neither whole numbers nor text.

    >>> as_ids([7, 3]).dtype, as_ids([b"run1:7", "run1:8"]).tolist()
    (dtype('int64'), ['run1:7', 'run1:8'])
    >>> as_ids(np.array([2**63], np.uint64)).tolist()
    ['9223372036854775808']
    """
    array = as_text(np.asarray(values))
    if array.dtype.kind == "u" and array.size and array.max() > _LARGEST:
        array = array.astype(np.str_)
    if array.dtype.kind in "iu" or not array.size:
        return array.astype(np.int64)
    if array.dtype.kind != "U":
        raise DataError(f"identifiers are {array.dtype}, whole numbers or text are expected", "give other ids")
    return array


def joined_ids(parts: Sequence[ShotIds]) -> ShotIds:
    """One column of several; where some are text, the numbers become text.

    >>> joined_ids([np.array([1]), np.array(["2a"])]).tolist()
    ['1', '2a']
    """
    if any(part.dtype.kind == "U" for part in parts):
        return np.concatenate([part.astype(np.str_) for part in parts if part.size])
    return np.concatenate(parts)


def ids_from_json(parts: Sequence[Sequence[int | str]]) -> list[ShotIds]:
    """Lists of identifiers as a file of JSON holds them.

    Raises:
        TypeError: they are no lists, or not all whole numbers, or all text.
        OverflowError: a number beyond 64 bits.
    """
    if not all(isinstance(part, list) for part in parts):
        raise TypeError("ids are no list")
    kinds = {type(one) for part in parts for one in part}
    if kinds - {int} and kinds - {str}:
        raise TypeError("ids are neither whole numbers nor text")
    return [np.array(part, np.str_ if kinds == {str} else np.int64) for part in parts]


def same_ids(first: ShotIds, second: ShotIds) -> bool:
    """Whether two columns name the same shots in the same order; the number 7 is not the text `7`."""
    return (first.dtype.kind == "U") == (second.dtype.kind == "U") and np.array_equal(first, second)


def id_number(shot: int | str) -> int:
    """A number of 64 bits that stands for an identifier: itself, or a hash of its text.

    >>> id_number(-1) == 2**64 - 1, id_number("run1:7") == id_number("run1:8")
    (True, False)
    """
    if isinstance(shot, str):
        return int.from_bytes(hashlib.blake2b(shot.encode(), digest_size=8).digest(), "little")
    return shot % (1 << 64)


def is_id_dtype(dtype: np.dtype[np.generic]) -> bool:
    """Whether identifiers are stored with this dtype: int64, or text."""
    return dtype == np.int64 or h5py.check_string_dtype(dtype) is not None
