"""A network's predictions for some shots: kept with every finished trial, returned by a model in a notebook."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from airybench.data.hdf5.inspection import made_here
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.own import require_all_own
from airybench.data.store.columns import read_column, storable
from airybench.data.store.ids import ShotIds
from airybench.data.store.schema import LABEL_KINDS
from airybench.errors import DataError
from airybench.inference.bootstrap import resamples
from airybench.inference.spread import Sample
from airybench.training.metrics import Scores, decide, score

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Predictions:
    """Logits of some shots, with their labels where those are known.

    Attributes:
        ids: identifiers of the shots, int64 or text, shape (N,).
        logits: float32, shape (N, C).
        labels: uint8 0/1, shape (N, C); (N, 0) where the shots are unlabelled.
        class_names: C names.
        label_kind: `multilabel` or `multiclass`.
        groups: run of each shot, int32, shape (N,); None where runs are not known.
        store_sha256: content hash of the store that the shots are from; empty where it is not known.
        split_digest: of the split that says which shots these are, likewise.

    Example:
        >>> logits = np.array([[2.0, -1.0], [-3.0, 1.0]], np.float32)
        >>> found = Predictions(np.arange(2), logits, np.zeros((2, 0), np.uint8), ("Round", "Streak"), "multilabel")
        >>> found.probabilities.round(2)
        array([[0.88, 0.27],
               [0.05, 0.73]])
        >>> found.classes
        [('Round',), ('Streak',)]
    """

    ids: ShotIds
    logits: NDArray[np.float32]
    labels: NDArray[np.uint8]
    class_names: tuple[str, ...]
    label_kind: str
    groups: NDArray[np.int32] | None = None
    store_sha256: str = ""
    split_digest: str = ""

    def __len__(self) -> int:
        """Number of shots N."""
        return len(self.ids)

    def __repr__(self) -> str:
        """Number of shots and classes in one line; the arrays are attributes."""
        kind = "labelled" if self.labels.shape[1] else "unlabelled"
        return f"<Predictions: {len(self)} {kind} shots, {len(self.class_names)} classes, {self.label_kind}>"

    def _repr_html_(self) -> str:
        return str(self.to_pandas().to_html(max_rows=10, float_format="{:.3f}".format))

    @cached_property
    def sample(self) -> Sample:
        """What intervals draw from: whole runs where there are several, else shots."""
        runs = 0 if self.groups is None else len(np.unique(self.groups))
        return Sample(len(self), runs if runs > 1 else 0)

    def select(self, rows: NDArray[np.bool_]) -> "Predictions":
        """The same for some of the shots.

        Args:
            rows: which, bool, shape (N,).
        """
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, ids=self.ids[rows], logits=self.logits[rows], labels=self.labels[rows], groups=groups)

    def resamples(self, seed: int) -> torch.Tensor:
        """How often each shot is drawn in each resample, uint8, shape (RESAMPLES, N)."""
        return resamples(len(self), seed, groups=self.groups if self.sample.runs else None)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Sigmoid of the logits, float64, shape (N, C)."""
        return np.asarray(expit(self.logits.astype(np.float64)))

    @property
    def decisions(self) -> NDArray[np.uint8]:
        """Classes decided for, 0 or 1, uint8, shape (N, C): p > 0.5 for multilabel, the largest for multiclass."""
        return decide(torch.from_numpy(self.logits), self.label_kind).numpy().astype(np.uint8)

    @property
    def classes(self) -> list[tuple[str, ...]]:
        """Names of the classes decided for, one tuple per shot; it may be empty for multilabel."""
        return [tuple(self.class_names[i] for i in np.flatnonzero(row)) for row in self.decisions]

    def scores(self) -> Scores:
        """Every metric that the labels of these shots define."""
        logits, labels = torch.from_numpy(self.logits), torch.from_numpy(self.labels)
        return score(logits, labels, self.class_names, self.label_kind)

    def to_pandas(self) -> "pd.DataFrame":
        """A table with one row per shot: id, the probability of every class, and the classes joined by semicolons."""
        import pandas as pd

        table = pd.DataFrame(self.probabilities, columns=list(self.class_names), index=pd.Index(self.ids, name="id"))
        table["classes"] = ["; ".join(names) for names in self.classes]
        return table

    @property
    def unscored(self) -> tuple[str, ...]:
        """Classes without a positive or without a negative shot here; macro averages leave them out."""
        positives = self.labels.sum(axis=0)
        return tuple(
            name for name, count in zip(self.class_names, positives, strict=True) if count in (0, len(self.labels))
        )

    @cached_property
    def labels_sha256(self) -> str:
        """Hash of the labels and their kind: equal where every shot has the same classes."""
        digest = hashlib.sha256(f"{self.label_kind} {self.labels.shape} ".encode())
        digest.update(np.ascontiguousarray(self.labels).tobytes())
        return digest.hexdigest()

    def write(self, path: Path) -> None:
        """Write as HDF5, one data set a field."""
        with h5py.File(path, "w") as file:
            file["ids"], file["logits"], file["labels"] = storable(self.ids), self.logits, self.labels
            file.attrs["class_names"] = list(self.class_names)
            file.attrs["label_kind"] = self.label_kind
            file.attrs["store_sha256"], file.attrs["split_digest"] = self.store_sha256, self.split_digest
            file.attrs["labels_sha256"] = self.labels_sha256
            if self.groups is not None:
                file["groups"] = self.groups
        made_here(path)

    @classmethod
    def read(cls, path: Path) -> "Predictions":
        """Read a file written by `write`.

        Raises:
            DataError: not such a file.
        """
        try:
            with open_hdf5(path) as file:
                require_all_own(path, file, remedy="predict again")
                names, kind = file.attrs["class_names"], file.attrs["label_kind"]
                ids, logits, labels = (read_column(file[key]) for key in ("ids", "logits", "labels"))
                groups = read_column(file["groups"]) if "groups" in file else None  # older files have none
                known = [file.attrs.get(key, "") for key in ("store_sha256", "split_digest", "labels_sha256")]
        except DataError as error:
            raise DataError(f"{path} holds no predictions ({error}); it is written by train and sweep") from None
        listed = np.ndim(names) == ids.ndim == 1 and all(isinstance(name, str) for name in names)
        classes = (len(ids), len(names)) if listed else ()
        if (
            (ids.dtype != np.int64 and ids.dtype.kind != "U")
            or logits.shape != classes
            or logits.dtype != np.float32
            or labels.dtype != np.uint8
            or labels.shape not in (classes, (len(ids), 0))
            or not isinstance(kind, str)
            or kind not in LABEL_KINDS
            or (groups is not None and (groups.shape != ids.shape or groups.dtype != np.int32))
            or not all(isinstance(one, str) for one in known)
        ):
            raise DataError(
                f"{path} holds no predictions (ids {ids.dtype} {ids.shape}, logits {logits.dtype} {logits.shape}, "
                f"labels {labels.dtype} {labels.shape}, {kind!r}); it is written by train and sweep"
            )
        store, split, labelled = map(str, known)
        found = cls(ids, logits, labels, tuple(map(str, names)), kind, groups, store, split)
        if labelled not in ("", found.labels_sha256):
            raise DataError(f"{path}: its labels were changed since it was written", "predict again")
        return found
