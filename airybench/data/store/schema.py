"""The layout of a store, version 2, and of version 1, which is read as well."""

from collections.abc import Iterator
from dataclasses import dataclass

import h5py
import numpy as np

from airybench.data.store.ids import is_id_dtype

SCHEMA = "airybench-store"
SCHEMA_VERSION = 2
FIRST_VERSION = 1
"""Without hashes of images; its content hash covers ids, labels, energies and images only."""

LABEL_KINDS = ("multilabel", "multiclass")
REQUIRED = ("name", "class_names", "label_kind", "source", "counts_rule", "seed", "content_sha256")
"""Attributes besides `schema` and `schema_version`; `seed` is an empty attribute when nothing was drawn."""


@dataclass(frozen=True)
class Kind:
    """One data set of the file.

    Attributes:
        key: its name.
        dtype: of its values.
        shape: in words.
        dimensions: allowed numbers of them.
        required: whether every store has it.
        since: first version that has it.
    """

    key: str
    dtype: str
    shape: str
    dimensions: tuple[int, ...]
    required: bool = True
    since: int = FIRST_VERSION

    def allows(self, dtype: np.dtype[np.generic]) -> bool:
        """Whether its values may have this dtype."""
        return is_id_dtype(dtype) if self.key == "ids" else dtype == self.dtype


KINDS = (
    Kind("images", "uint16", "(N, H, W)", (3,)),
    Kind("ids", "int64 or text", "(N,)", (1,)),
    Kind("photon_energy", "float32", "(N,), eV", (1,)),
    Kind("groups", "int32", "(N,)", (1,)),
    Kind("image_hash", "uint64", "(N,)", (1,), since=2),
    Kind("labels", "uint8", "(N, C)", (2,), required=False),
    Kind("mask", "uint8", "(H, W) or (N, H, W)", (2, 3), required=False),
)

GROUPS = ("truth", "events")
"""Groups of columns under names of their own."""


def arrays(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every data set of a store, with its key."""
    yield from ((kind.key, file[kind.key]) for kind in KINDS if kind.key in file)
    for group in GROUPS:
        yield from ((f"{group}/{key}", values) for key, values in file.get(group, {}).items())
