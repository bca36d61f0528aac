"""Reading a store: one HDF5 file of raw uint16 counts with labels and attributes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import h5py
import hdf5plugin  # noqa: F401  (registers the filter that stores are compressed with)
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.opening import open_hdf5
from airybench.data.store.columns import read_column
from airybench.data.store.content import SLICE, OnImages, content_sha256, image_hashes
from airybench.data.store.ids import ShotIds
from airybench.data.store.left_out import LeftOut, Note, left_out_from, notes_from
from airybench.data.store.schema import FIRST_VERSION
from airybench.data.store.schema_check import check_labels, checked_attributes, checked_images
from airybench.data.store.survey import ImageSurvey, Survey
from airybench.errors import DataError
from airybench.provenance import SIMULATED, SIMULATOR_VERSIONS, UNVERSIONED
from airybench.reporter import SILENT, Reporter

FIELDS_NOTE = "fields"
"""Note of a store: where the fields of its shots were computed, unless on the CPU."""

SIMULATOR_NOTE = "simulator"
"""Note of a store: the version of the simulator that made its shots; stores of version 1 may lack it."""


@dataclass(frozen=True)
class Store:
    """A store that was checked on opening. Every call opens the file anew, so that it can be pickled or cross a fork.

    Attributes:
        path: the HDF5 file.
        name: data set it belongs to, such as `helium`.
        class_names: names of the label columns; empty when unlabelled.
        label_kind: `multilabel` or `multiclass`.
        source: `simulated`, `cxidb-94`, ...
        counts_rule: how source values became counts.
        seed: seed of the simulation, None when not simulated.
        content_sha256: hash over everything that can change a result, see `content.content_sha256`.
        count: number of shots N.
        image_shape: (H, W) in pixels.
        labelled: whether the store holds labels.
        source_files: names of the files it was imported from, with those that they link to.
        left_out: shots of the source that are not in the store, and why.
        notes: what the import counted, such as clipped pixels, by name.
        version: of its schema.
    """

    path: Path
    name: str
    class_names: tuple[str, ...]
    label_kind: str
    source: str
    counts_rule: str
    seed: int | None
    content_sha256: str
    count: int
    image_shape: tuple[int, int]
    labelled: bool
    source_files: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: Mapping[str, Note] = field(default_factory=dict, hash=False)
    version: int = FIRST_VERSION

    @property
    def simulated(self) -> bool:
        """Whether a simulator made the shots."""
        return self.source == SIMULATED

    @property
    def simulator(self) -> int:
        """The version of the simulator that made the shots; 0 where they are measured.

        Raises:
            DataError: the note that says so is no version.
        """
        version = self.notes.get(SIMULATOR_NOTE, UNVERSIONED)
        if not self.simulated:
            return 0
        if version not in SIMULATOR_VERSIONS:
            raise DataError(
                f"{self.path}: made by version {version} of the simulator, which this program does not know",
                f"simulate again; it makes versions {' and '.join(map(str, SIMULATOR_VERSIONS))}",
            )
        return int(version)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a store after checking schema, shapes, dtypes and attributes; the images are not read.

        Raises:
            DataError: the file is missing, no HDF5, truncated, or breaks the schema.
        """
        path = Path(path)
        with open_hdf5(path) as file:
            return cls.read(path, file)

    @classmethod
    def read(cls, path: Path, file: h5py.File) -> Self:
        """The same for a file that is open already.

        Args:
            path: where it is, or will be.
            file: the store, open.

        Raises:
            DataError: the file breaks the schema.
        """
        attributes = checked_attributes(path, file)
        images = checked_images(path, file)
        names = tuple(str(name) for name in attributes["class_names"])
        check_labels(path, file, names, attributes["label_kind"])
        seed = attributes["seed"]
        return cls(
            path=path,
            name=str(attributes["name"]),
            class_names=names,
            label_kind=str(attributes["label_kind"]),
            source=str(attributes["source"]),
            counts_rule=str(attributes["counts_rule"]),
            seed=None if isinstance(seed, h5py.Empty) else int(seed),
            content_sha256=str(attributes["content_sha256"]),
            count=images.shape[0],
            image_shape=(images.shape[1], images.shape[2]),
            labelled="labels" in file,
            source_files=tuple(str(name) for name in attributes.get("source_files", ())),
            left_out=left_out_from(str(attributes.get("left_out", "[]"))),
            notes=notes_from(str(attributes.get("notes", "{}"))),
            version=int(attributes["schema_version"]),
        )

    def read_images(self, rows: NDArray[np.integer[Any]] | None = None) -> NDArray[np.uint16]:
        """Counts of some rows in the order given; of all by default.

        Args:
            rows: integers in [0, count), shape (n,), repeats allowed.

        Returns:
            uint16, shape (n, H, W).

        Raises:
            DataError: a row is outside, or the file is damaged.
        """
        return self._read("images", np.arange(self.count) if rows is None else rows, np.dtype(np.uint16))

    def read_masks(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Masks of some rows in the order given, 1 = good, shape (n, H, W); for stores in which each shot has its own.

        Raises:
            DataError: a row is outside, or the file is damaged.
        """
        return self._read("mask", rows, np.dtype(np.uint8))

    def _read(self, key: str, rows: NDArray[np.integer[Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
        rows = np.asarray(rows, np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= self.count):
            raise DataError(
                f"{self.path}: rows {rows.min()}..{rows.max()} asked for, the store has 0..{self.count - 1}"
            )
        images = np.empty((len(rows), *self.image_shape), dtype)
        # Neighbouring rows come in one slice each; a list of indices would be a hundred times slower.
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        with open_hdf5(self.path) as file:
            for start, stop in zip(np.r_[0, breaks], np.r_[breaks, len(rows)], strict=True):
                for first in range(start, stop, SLICE):
                    until = min(first + SLICE, stop)
                    file[key].read_direct(images, np.s_[rows[first] : rows[until - 1] + 1], np.s_[first:until])
        return images

    def labels(self) -> NDArray[np.uint8]:
        """Labels, 0 or 1, shape (N, C).

        Raises:
            DataError: the store is unlabelled.
        """
        if not self.labelled:
            raise DataError(f"{self.path}: unlabelled, and labels are needed here", "import a source that has them")
        return self._whole("labels")

    def ids(self) -> ShotIds:
        """Identifiers of the shots, unique, int64 or text, shape (N,)."""
        return self._whole("ids")

    def photon_energy(self) -> NDArray[np.float32]:
        """Photon energy in eV, shape (N,)."""
        return self._whole("photon_energy")

    def groups(self) -> NDArray[np.int32]:
        """Run or file that each shot came from, 0 when unknown, shape (N,)."""
        return self._whole("groups")

    def image_hashes(self, reporter: Reporter = SILENT) -> NDArray[np.uint64]:
        """Hash of each image, shape (N,): equal where images are equal in every pixel. Old stores are read for it.

        Args:
            reporter: receives progress where the images have to be read.

        Raises:
            DataError: an image cannot be read.
        """
        if self.version > FIRST_VERSION:
            return self._whole("image_hash")
        hashes = np.empty(self.count, np.uint64)
        with reporter.progress(f"looking for repeats in {self.path.name}") as progress:
            for start in range(0, self.count, SLICE):
                rows = np.arange(start, min(start + SLICE, self.count))
                hashes[rows] = image_hashes(self.read_images(rows))
                progress(start + len(rows), self.count)
        return hashes

    def mask(self) -> NDArray[np.uint8] | None:
        """Mask, 1 = good, shape (H, W) or (N, H, W); None when all pixels are good."""
        with open_hdf5(self.path) as file:
            return file["mask"][()] if "mask" in file else None

    @cached_property
    def own_masks(self) -> bool:
        """Whether each shot has a mask of its own."""
        with open_hdf5(self.path) as file:
            return "mask" in file and file["mask"].ndim == file["images"].ndim

    def good_share(self) -> float | None:
        """Share of pixels that the mask calls good; None without a mask."""
        with open_hdf5(self.path) as file:
            if "mask" not in file:
                return None
            mask = file["mask"]
            step = SLICE if mask.ndim == 3 else len(mask)
            good = sum(int((mask[start : start + step] > 0).sum()) for start in range(0, len(mask), step))
            return float(good / mask.size)

    def columns(self, group: str) -> dict[str, NDArray[Any]]:
        """The arrays below `truth` or `events`, each of shape (N,); empty when there are none."""
        with open_hdf5(self.path) as file:
            return {key: read_column(values) for key, values in file[group].items()} if group in file else {}

    def verify(self, reporter: Reporter = SILENT, watch: Sequence[OnImages] = ()) -> Survey:
        """Recompute the hash and survey every image.

        Args:
            reporter: receives progress.
            watch: called with every slice of images and their hashes as well.

        Raises:
            DataError: the content does not match the hash, or an image cannot be read.
        """
        survey = ImageSurvey()
        with open_hdf5(self.path) as file, reporter.progress(f"checking {self.path.name}") as progress:
            digest = content_sha256(file, (survey.add, *watch), progress)
        if digest != self.content_sha256:
            raise DataError(
                f"{self.path}: content hash is {digest[:12]}, {self.content_sha256[:12]} expected; the file was "
                f"changed or damaged",
                "make or import it again",
            )
        return survey.result()

    def _whole(self, key: str) -> NDArray[Any]:
        with open_hdf5(self.path) as file:
            return read_column(file[key])
