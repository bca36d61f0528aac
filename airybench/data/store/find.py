"""Finding what is known of the shots of a store by the hash of its content."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.data.store.ids import ShotIds
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.paths import data_folder


def runs_of_shots(sha256: str, ids: ShotIds) -> NDArray[np.int32] | None:
    """The run that each of some shots came from, by the store that they are in.

    Args:
        sha256: content hash of the store, which is looked for in the data folder.
        ids: identifiers of the shots, shape (N,).

    Returns:
        Shape (N,); None where there is no such store, or it does not have all of the shots.
    """
    path = _path(sha256, data_folder())
    if path is None:
        return None
    store = Store.open(path)
    row_of = {shot: row for row, shot in enumerate(store.ids().tolist())}
    rows = [row_of.get(shot, -1) for shot in ids.tolist()]
    return None if -1 in rows else store.groups()[np.array(rows, np.int64)]


def stored(sha256: str, paths: Iterable[Path]) -> Store | None:
    """The first of some files that is a store with this content; None where there is none."""
    for path in paths:
        try:
            store = Store.open(path)
        except DataError:
            continue  # not there, another HDF5 file, or one that is damaged
        if store.content_sha256 == sha256:
            return store
    return None


@lru_cache(maxsize=64)
def _path(sha256: str, folder: Path) -> Path | None:
    """The store in a folder that has this content; None where there is none."""
    found = stored(sha256, sorted(folder.glob("*.h5")))
    return found.path if found else None
