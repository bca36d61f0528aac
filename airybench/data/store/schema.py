"""The layout of a store, version 1."""

from dataclasses import dataclass

import numpy as np

from airybench.data.store.ids import is_id_dtype

SCHEMA = "airybench-store"
SCHEMA_VERSION = 1
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
    """

    key: str
    dtype: str
    shape: str
    dimensions: tuple[int, ...]
    required: bool = True

    def allows(self, dtype: np.dtype[np.generic]) -> bool:
        """Whether its values may have this dtype."""
        return is_id_dtype(dtype) if self.key == "ids" else dtype == self.dtype


KINDS = (
    Kind("images", "uint16", "(N, H, W)", (3,)),
    Kind("ids", "int64 or text", "(N,)", (1,)),
    Kind("photon_energy", "float32", "(N,), eV", (1,)),
    Kind("groups", "int32", "(N,)", (1,)),
    Kind("labels", "uint8", "(N, C)", (2,), required=False),
    Kind("mask", "uint8", "(H, W) or (N, H, W)", (2, 3), required=False),
)
