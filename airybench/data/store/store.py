"""Reading a store: one HDF5 file of raw uint16 shots with their labels, described by its attributes."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import h5py
import hdf5plugin  # noqa: F401  (registers the filter that stores are compressed with)
import numpy as np
from numpy.typing import NDArray

from airybench.data.store.schema import KINDS, LABEL_KINDS, REQUIRED, SCHEMA, SCHEMA_VERSION
from airybench.errors import DataError
from airybench.reporter import SILENT, Progress, Reporter

SLICE = 256
"""Images read at a time: 34 MB of 259 x 259 counts."""


@dataclass(frozen=True)
class Survey:
    """What a look at every image found.

    Attributes:
        blank: images whose every pixel is 0.
        saturated: images with a pixel at 65535.
        largest: largest count of all.
        constant: rows of images with one value in all pixels, blank ones among them.
    """

    blank: int
    saturated: int
    largest: int
    constant: tuple[int, ...] = ()


@dataclass(frozen=True)
class Store:
    """A checked store. The file is opened anew by every call, so that an instance may cross a fork or be pickled.

    Attributes:
        path: the HDF5 file.
        name: data set it belongs to, such as `helium`.
        class_names: names of the label columns; empty when unlabelled.
        label_kind: `multilabel` or `multiclass`.
        source: `simulated`, `cxidb-94`, ...
        counts_rule: how source values became counts.
        seed: seed of the simulation, None when not simulated.
        content_sha256: hash over ids, labels, photon_energy and images.
        count: number of shots N.
        image_shape: (H, W) in pixels.
        labelled: whether the store holds labels.
        source_files: names of the files it was imported from, with those that they link to.
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

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Check schema, shapes, dtypes and attributes, without touching the images.

        Raises:
            DataError: the file is missing, no HDF5, truncated, or breaks the schema.
        """
        path = Path(path)
        with opened(path) as file:
            attributes = _attributes(path, file)
            images = _checked(path, file)
            names = tuple(str(name) for name in attributes["class_names"])
            _check_labels(path, file, names, attributes["label_kind"])
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
            )

    def read_images(self, rows: NDArray[np.integer[Any]] | None = None) -> NDArray[np.uint16]:
        """Counts of the given rows in the order given, all of them by default.

        Args:
            rows: integers in [0, count), shape (n,), repeats allowed.

        Returns:
            uint16, shape (n, H, W).

        Raises:
            DataError: a row is outside, or the file is damaged.
        """
        rows = np.arange(self.count) if rows is None else np.asarray(rows, np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= self.count):
            raise DataError(
                f"{self.path}: rows {rows.min()}..{rows.max()} asked for, the store has 0..{self.count - 1}"
            )
        images = np.empty((len(rows), *self.image_shape), np.uint16)
        # Neighbouring rows come in one slice each; a list of indices would be a hundred times slower.
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        with opened(self.path) as file:
            for start, stop in zip(np.r_[0, breaks], np.r_[breaks, len(rows)], strict=True):
                for at in range(start, stop, SLICE):
                    until = min(at + SLICE, stop)
                    file["images"].read_direct(images, np.s_[rows[at] : rows[until - 1] + 1], np.s_[at:until])
        return images

    def labels(self) -> NDArray[np.uint8]:
        """Labels, 0 or 1, shape (N, C).

        Raises:
            DataError: the store is unlabelled.
        """
        if not self.labelled:
            raise DataError(f"{self.path}: unlabelled, and labels are needed here; import a source that has them")
        return self._whole("labels")

    def ids(self) -> NDArray[np.int64]:
        """Identifiers of the shots, unique, shape (N,)."""
        return self._whole("ids")

    def photon_energy(self) -> NDArray[np.float32]:
        """Photon energy in eV, shape (N,)."""
        return self._whole("photon_energy")

    def groups(self) -> NDArray[np.int32]:
        """Run or file that each shot came from, 0 when unknown, shape (N,)."""
        return self._whole("groups")

    def mask(self) -> NDArray[np.uint8] | None:
        """Mask, 1 = good, shape (H, W) or (N, H, W); None when all pixels are good."""
        with opened(self.path) as file:
            return file["mask"][()] if "mask" in file else None

    def good_share(self) -> float | None:
        """Share of pixels that the mask calls good; None without a mask."""
        with opened(self.path) as file:
            if "mask" not in file:
                return None
            mask = file["mask"]
            step = SLICE if mask.ndim == 3 else len(mask)
            good = sum(int((mask[start : start + step] > 0).sum()) for start in range(0, len(mask), step))
            return float(good / mask.size)

    def columns(self, group: str) -> dict[str, NDArray[Any]]:
        """The arrays below `truth` or `events`, each of shape (N,); empty when there are none."""
        with opened(self.path) as file:
            return {key: values[()] for key, values in file[group].items()} if group in file else {}

    def verify(self, reporter: Reporter = SILENT) -> Survey:
        """Recompute the hash and look at every image.

        Args:
            reporter: receives progress.

        Raises:
            DataError: the content does not match the hash, or an image cannot be read.
        """
        found = ImageSurvey()
        with opened(self.path) as file, reporter.progress(f"checking {self.path.name}") as progress:
            digest = content_sha256(file, found.look, progress)
        if digest != self.content_sha256:
            raise DataError(
                f"{self.path}: content hash is {digest[:12]}, {self.content_sha256[:12]} expected; the file was "
                f"changed or damaged: make or import it again"
            )
        return Survey(found.blank, found.saturated, found.largest, tuple(found.constant))

    def _whole(self, key: str) -> NDArray[Any]:
        with opened(self.path) as file:
            return np.asarray(file[key][()])


class ImageSurvey:
    """Gathers a survey from batches of images."""

    def __init__(self) -> None:
        self.blank = self.saturated = self.largest = self._seen = 0
        self.constant: list[int] = []

    def look(self, images: NDArray[np.uint16]) -> None:
        """Take in images of shape (n, H, W)."""
        peaks = images.max(axis=(1, 2))
        self.constant += (np.flatnonzero(peaks == images.min(axis=(1, 2))) + self._seen).tolist()
        self._seen += len(images)
        self.blank += int((peaks == 0).sum())
        self.saturated += int((peaks == np.iinfo(np.uint16).max).sum())
        self.largest = max(self.largest, int(peaks.max(initial=0)))


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open for reading; whatever HDF5 stumbles over becomes one clear line.

    Raises:
        DataError: the file is missing, no HDF5, truncated or damaged.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file" if not path.exists() else f"{path}: a folder, a file is expected")
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            yield file
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read this file; ask its owner") from error
    except (OSError, LookupError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        # h5py meets damaged headers with any of these.
        text = (str(error) or type(error).__name__).split("\n")[0]
        if "signature not found" in text:
            raise DataError(f"{path}: not an HDF5 file; a store ends in .h5, a deposit in .cxi") from error
        why = "truncated" if "truncated" in text else "damaged"
        raise DataError(f"{path}: {why} HDF5 file ({text}); copy, make or import it again") from error


def content_sha256(
    file: h5py.File, look: Callable[[NDArray[np.uint16]], None] | None = None, progress: Progress | None = None
) -> str:
    """Hash over ids, labels (where there are any), photon_energy and images, little-endian, C order, in store order.

    Args:
        file: an open store.
        look: handed every slice of images on the way.
        progress: handed (images done, images in all).
    """
    digest = hashlib.sha256()
    for key in ("ids", "labels", "photon_energy"):
        if key in file:
            values = file[key][()]
            digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    images = file["images"]
    for start in range(0, len(images), SLICE):
        batch = images[start : start + SLICE]
        digest.update(np.ascontiguousarray(batch, "<u2").data)
        if look:
            look(batch)
        if progress:
            progress(start + len(batch), len(images))
    return digest.hexdigest()


def _attributes(path: Path, file: h5py.File) -> dict[str, Any]:
    attributes = dict(file.attrs)
    if attributes.get("schema") != SCHEMA:
        hint = "a deposit: give it the ending .cxi" if "entry_1" in file else "not made by airybench"
        raise DataError(f"{path}: no {SCHEMA} ({hint}); bring it in with `airybench data import`")
    if int(attributes.get("schema_version", 0)) != SCHEMA_VERSION:
        raise DataError(
            f"{path}: schema version {attributes.get('schema_version')}, this airybench reads {SCHEMA_VERSION}; "
            f"make or import the store again"
        )
    for key in REQUIRED:
        if key not in attributes:
            raise DataError(f"{path}: attribute {key!r} is missing; make or import the store again")
    if attributes["label_kind"] not in LABEL_KINDS:
        raise DataError(f"{path}: label_kind {attributes['label_kind']!r}, expected one of {', '.join(LABEL_KINDS)}")
    return attributes


def _checked(path: Path, file: h5py.File) -> h5py.Dataset:
    """The images, once every data set has the dtype and shape it must have."""
    for kind in KINDS:
        if kind.key not in file:
            if kind.required:
                raise DataError(f"{path}: /{kind.key} is missing; make or import the store again")
            continue
        values = file[kind.key]
        if not isinstance(values, h5py.Dataset) or values.dtype != kind.dtype or values.ndim not in kind.dimensions:
            found = f"{values.dtype} {values.shape}" if isinstance(values, h5py.Dataset) else "a group"
            raise DataError(f"{path}: /{kind.key} is {found}, expected {kind.dtype} of shape {kind.shape}")
    images = file["images"]
    expected = {"mask": images.shape[-2:] if "mask" in file and file["mask"].ndim == 2 else images.shape}
    for key, values in _arrays(file):
        wanted = expected.get(key, (len(images), *values.shape[1:]))
        if values.shape != wanted:
            raise DataError(f"{path}: /{key} has shape {values.shape}, expected {wanted} to match /images")
    if images.size and (images.is_virtual or images.id.get_storage_size() == 0):
        raise DataError(f"{path}: /images holds no counts of its own; make or import the store again")
    ids = file["ids"][()]
    if len(np.unique(ids)) != len(ids):
        raise DataError(f"{path}: /ids has repeats, each shot needs its own; import the store again")
    return images


def _arrays(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    yield from ((kind.key, file[kind.key]) for kind in KINDS if kind.key in file)
    for group in ("truth", "events"):
        yield from ((f"{group}/{key}", values) for key, values in file.get(group, {}).items())


def _check_labels(path: Path, file: h5py.File, names: tuple[str, ...], kind: str) -> None:
    if "labels" not in file:
        return
    labels = file["labels"][()]
    if labels.shape[1] != len(names) or len(set(names)) != len(names):
        raise DataError(f"{path}: {labels.shape[1]} label columns, class_names has {len(names)}: {', '.join(names)}")
    if labels.size and labels.max() > 1:
        row = int(np.flatnonzero(labels.max(axis=1) > 1)[0])
        raise DataError(f"{path}: /labels row {row} holds {labels[row].max()}, expected 0 and 1 only")
    if kind == "multiclass" and (labels.sum(axis=1) != 1).any():
        row = int(np.flatnonzero(labels.sum(axis=1) != 1)[0])
        raise DataError(f"{path}: /labels row {row} names {labels[row].sum()} classes, multiclass has exactly one")
