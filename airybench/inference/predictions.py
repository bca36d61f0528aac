"""Logits kept with every finished trial, so that it can be scored later without its network."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.errors import DataError


@dataclass(frozen=True, eq=False)
class Predictions:
    """Logits of one split.

    Attributes:
        ids: int64, shape (N,).
        logits: float32, shape (N, C).
        labels: uint8 0/1, shape (N, C).
        class_names: C names.
        label_kind: `multilabel` or `multiclass`.
    """

    ids: NDArray[np.int64]
    logits: NDArray[np.float32]
    labels: NDArray[np.uint8]
    class_names: tuple[str, ...]
    label_kind: str

    @property
    def unscored(self) -> tuple[str, ...]:
        """Classes without a positive or without a negative shot here; macro averages leave them out."""
        positives = self.labels.sum(axis=0)
        return tuple(
            name for name, count in zip(self.class_names, positives, strict=True) if count in (0, len(self.labels))
        )

    def write(self, path: Path) -> None:
        """Write as HDF5, one data set a field."""
        with h5py.File(path, "w") as file:
            file["ids"], file["logits"], file["labels"] = self.ids, self.logits, self.labels
            file.attrs["class_names"] = list(self.class_names)
            file.attrs["label_kind"] = self.label_kind

    @classmethod
    def read(cls, path: Path) -> "Predictions":
        """Read a file written by `write`.

        Raises:
            DataError: not such a file.
        """
        try:
            with h5py.File(path) as file:
                names = tuple(str(name) for name in file.attrs["class_names"])
                return cls(file["ids"][:], file["logits"][:], file["labels"][:], names, str(file.attrs["label_kind"]))
        except (OSError, KeyError) as error:
            raise DataError(f"{path} holds no predictions ({error}); it is written by train and sweep") from None
