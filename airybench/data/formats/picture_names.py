"""What the names of pictures and of their folders tell."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.picture import PictureHeader

_RUN = re.compile(r"(run|r|scan|file|part)?[_ -]?\d+", re.IGNORECASE)


def look_like_runs(folders: Sequence[str]) -> bool:
    """Whether names of folders are numbers of runs rather than of classes.

    >>> look_like_runs(["run_001", "run_002"]), look_like_runs(["Round", "Streak"])
    (True, False)
    """
    return all(_RUN.fullmatch(name) for name in folders)


def picture_ids(headers: Sequence[PictureHeader]) -> NDArray[np.int64] | NDArray[np.str_]:
    """An identifier for every picture: the name of its file without suffix, or as much of its path as makes it unique.

    Pictures of one file have their number in it as well. Names that are whole numbers become numbers.

    Args:
        headers: of the files.

    >>> from pathlib import Path
    >>> picture_ids([PictureHeader(Path("a/7.png"), 1, (1, 1), "uint16")])
    array([7])
    >>> picture_ids([PictureHeader(Path("a/s.tif"), 2, (1, 1), "uint16")])
    array(['s:0', 's:1'], dtype='<U3')
    """
    ways = (
        lambda path: path.stem,
        lambda path: f"{path.parent.name}/{path.stem}",
        lambda path: f"{path.parent.name}/{path.name}",
        str,
    )
    for way in ways:
        names = [way(header.path) for header in headers]
        if len(set(names)) == len(names):
            break
    if any(header.pages > 1 for header in headers):
        names = [f"{name}:{page}" for name, one in zip(names, headers, strict=True) for page in range(one.pages)]
    if all(re.fullmatch("[0-9]{1,18}", name) for name in names) and len({int(name) for name in names}) == len(names):
        return np.array([int(name) for name in names], np.int64)
    return np.array(names, np.str_)
