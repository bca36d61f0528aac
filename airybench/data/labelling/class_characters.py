"""Lists of one character for each row, as the classifier of Dragonfly keeps them in `my_classes.dat`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.labelling.dialect import tidy
from airybench.data.labelling.text_file import TextFile
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import DataError


def characters_of(file: TextFile) -> list[str] | None:
    """The class of every row, blank where it has none; None where the file is no such list.

    Args:
        file: the text; its blank lines are rows as well.

    >>> from pathlib import Path
    >>> characters_of(TextFile(Path("my_classes.dat"), ["a", "", "b"], "UTF-8"))
    ['a', '', 'b']
    >>> characters_of(TextFile(Path("l.csv"), ["id,label", "1,a"], "UTF-8"))
    """
    if any(len(line) > 4 for line in file.lines):  # most other files show it in their first line
        return None
    words = [tidy(line) for line in file.lines]
    return words if all(len(word) <= 1 for word in words) and any(word.isalpha() for word in words) else None


def rows_meant(path: Path, lines: Sequence[int], total: int, source: ShotSource) -> NDArray[np.int64]:
    """Rows of a source that some lines of a list mean; its ids must be the numbers of its rows, from 0.

    Args:
        path: the list, for messages.
        lines: numbers of its lines, from 1, that name a class.
        total: number of its lines, blank ones as well.
        source: with unique ids.

    Returns:
        One row for each line, -1 where the shot was left out.

    Raises:
        DataError: the list has another number of rows than the source, or the ids are no row numbers.
    """
    left_out = sum(len(some.ids) for some in source.left_out)
    if source.count + left_out != total:
        raise DataError(
            f"{path}: one character for each of {total} rows, the source has {source.count + left_out}",
            "give the list that was made with this source, or a table with a column id",
        )
    numbers = source.ids.dtype.kind == "i" and bool((np.diff(source.ids) > 0).all())
    if not numbers or int(source.ids[0]) < 0 or source.ids[-1] >= total:
        raise DataError(
            f"{path}: one character for each row, but ids of the source, such as {source.ids[-1]}, are not row numbers",
            "leave out --ids, or give a table with a column id",
        )
    rows: NDArray[np.int64] = np.full(total, -1, np.int64)
    rows[source.ids] = np.arange(source.count)
    return rows[np.array(lines, np.int64) - 1]
