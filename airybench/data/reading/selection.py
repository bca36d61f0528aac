"""Which shots of a file are left out, and why."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.columns import Columns
from airybench.data.reading.options import Selection
from airybench.data.reading.shot_source import LeftOut
from airybench.data.store.ids import ShotIds
from airybench.errors import ConfigError, DataError


class Kept:
    """The frames of a file that are still taken, and the reasons for which others are not.

    Args:
        ids: of all frames.

    Attributes:
        taken: bool, shape (N,).
        left_out: with a reason each.
    """

    def __init__(self, ids: ShotIds) -> None:
        self.ids = ids
        self.taken = np.ones(len(ids), bool)
        self.left_out: list[LeftOut] = []

    def leave_out(self, reason: str, rows: NDArray[np.bool_]) -> None:
        """Leave out those that are still taken of some frames.

        Args:
            reason: in words that follow a number of shots.
            rows: bool, shape (N,).
        """
        rows = rows & self.taken
        if rows.any():
            self.taken &= ~rows
            self.left_out.append(LeftOut(reason, tuple(map(str, self.ids[rows].tolist()))))


def select(columns: Columns, selection: Selection, kept: Kept) -> None:
    """Leave out what a selection does not take.

    Args:
        columns: of the file.
        selection: what to take.
        kept: the frames so far.

    Raises:
        ConfigError: a period or remainder that cannot be.
        DataError: a key is missing or has no use here, or a period needs ids that are whole numbers.
    """
    for key in selection.keep:
        values = columns.column(key, "--keep", "biuf")
        kept.leave_out(f"with /{key.strip('/')} = 0", ~(np.nan_to_num(values.astype(np.float64)) != 0))
    for key in selection.drop:
        values = columns.column(key, "--drop", "biuf")
        kept.leave_out(f"with /{key.strip('/')} other than 0", values != 0)
    if selection.every is not None:
        _background(columns, selection.every, selection.skip, kept)


def refuse_columns(path: Path, selection: Selection, title: str) -> None:
    """Refuse a selection by columns where a format has none.

    Args:
        path: for the message.
        selection: what to take.
        title: of the format.

    Raises:
        ConfigError: shots are to be chosen by a column, or by a period of bunches.

    >>> refuse_columns(Path("p.emc"), Selection(keep=("hit",)), "Dragonfly photons")
    Traceback (most recent call last):
        ...
    airybench.errors.ConfigError: p.emc: --keep needs a column, which is not read from this kind of \
source (Dragonfly photons); give --select FILE, a list of the ids to take
    """
    said = {"--keep": selection.keep, "--drop": selection.drop, "--every": selection.every}
    for option, value in said.items():
        if value:
            raise ConfigError(
                f"{path}: {option} needs a column, which is not read from this kind of source ({title}); "
                "give --select FILE, a list of the ids to take",
            )


def _background(columns: Columns, every: str, skip: int, kept: Kept) -> None:
    """Leave out the bunches without sample."""
    period = int(every) if every.isdecimal() else _period(columns, every)
    if period == 0:
        return  # a machine that writes 0 took no background; a user who says 0 wants all shots
    if period < 2 or not 0 <= skip < period:
        raise ConfigError(
            f"--every is {period} and --skip {skip}, a period from 2 and a remainder below it are expected"
        )
    if kept.ids.dtype.kind not in "iu":
        raise DataError(
            f"{columns.path}: --every {every} needs ids that are whole numbers, found {kept.ids[0]!r}",
            "give the number of the bunch with --ids",
        )
    rest = "a multiple of" if skip == 0 else f"{skip} above a multiple of"
    kept.leave_out(f"of background (id {rest} {period})", kept.ids % period == skip)


def _period(columns: Columns, key: str) -> int:
    """The period that a scalar of the file holds."""
    values: NDArray[Any] = np.unique(columns.raw(key, "--every", "iuf"))
    if len(values) != 1 or values[0] != np.rint(values[0]) or values[0] < 0:
        raise DataError(
            f"{columns.where(key)} holds {values[:3].tolist()}, one period is expected", "give it as a number"
        )
    return int(values[0])


def merged(reasons: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """Shots that are left out of several files, joined by reason.

    >>> [one] = merged([LeftOut("blank", ("1",)), LeftOut("blank", ("7",))])
    >>> one.ids, one.count
    (('1', '7'), 2)
    """
    joined: dict[str, LeftOut] = {}
    for one in reasons:
        before = joined.get(one.reason, LeftOut(one.reason, ()))
        joined[one.reason] = LeftOut(one.reason, (*before.ids, *one.ids), before.count + one.count)
    return tuple(joined.values())
