"""Writing a store: batches stream to a temporary name beside the target, which appears only when whole."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import ArrayLike, NDArray

from airybench.data.hdf5.inspection import made_here
from airybench.data.hdf5.opening import open_hdf5, writing
from airybench.data.store.columns import as_text, storable
from airybench.data.store.content import HASH, PerShot, content_sha256, stored_sha256
from airybench.data.store.ids import as_ids, joined_ids
from airybench.data.store.left_out import LeftOut, Note, left_out_json
from airybench.data.store.schema import SCHEMA, SCHEMA_VERSION
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.paths import flushed, locked, require_free

_FILES = 1000  # names of source files that a store keeps


@dataclass(frozen=True)
class StoreHeader:
    """What a store says about itself, in its attributes.

    Attributes:
        name: data set it belongs to.
        class_names: names of the label columns; empty for an unlabelled store.
        label_kind: `multilabel` or `multiclass`.
        source: `simulated`, `cxidb-94`, ...
        counts_rule: how source values became counts, in words.
        seed: seed of the simulation, None when nothing was drawn.
        source_files: names of the files that were read.
        left_out: shots of the source that are not taken, and why.
    """

    name: str
    class_names: Sequence[str]
    label_kind: str
    source: str
    counts_rule: str
    seed: int | None = None
    source_files: Sequence[str] = ()
    left_out: Sequence[LeftOut] = ()

    def attributes(self) -> dict[str, Any]:
        """The attributes as HDF5 takes them."""
        text = h5py.string_dtype()
        files = {"source_files": np.array(_some(self.source_files), dtype=text)} if self.source_files else {}
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "class_names": np.array(list(self.class_names), dtype=text),
            "label_kind": self.label_kind,
            "source": self.source,
            "counts_rule": self.counts_rule,
            "seed": h5py.Empty("i8") if self.seed is None else self.seed,
            **files,
        }


class StoreWriter:
    """Context manager that writes one store.

    The lock of the target is held from entry to exit, so that a second process waits. On leaving without an exception
    the file is hashed, checked like any store and renamed; otherwise no file of that name is left. The next writer of
    that name overwrites the temporary file of a killed process.

    Args:
        path: the file to make; an existing one is replaced at the end.
        header: what the store says about itself.
        mask: one for all shots, 1 = good, shape (H, W).
        image_shape: (H, W) in pixels.
        expected: number of shots to come, to refuse a disk without the room; 0 when unknown.
    """

    def __init__(
        self,
        path: str | Path,
        header: StoreHeader,
        *,
        mask: NDArray[np.uint8] | None = None,
        image_shape: tuple[int, int] = (259, 259),
        expected: int = 0,
    ) -> None:
        self.path = Path(path).absolute()
        self.image_shape = image_shape
        self._temporary = self.path.with_name(f".{self.path.name}.part")
        self._expected = expected
        self._header = header
        self._mask = mask
        self._columns: dict[str, list[NDArray[Any]]] = {}
        self._images, self._masks = PerShot(), PerShot()
        self._open, self._count = dict[str, h5py.Dataset](), 0
        self._left_out, self._notes = list(header.left_out), dict[str, Note]()
        self._removed = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        height, width = self.image_shape
        with ExitStack() as stack:
            stack.enter_context(locked(self.path))
            with writing(self.path):
                self._temporary.unlink(missing_ok=True)
                require_free(self.path.parent, self._expected * height * width * 2)
                # No chunk cache: one that a full disk keeps from being flushed makes HDF5 crash the process at its end.
                self._file = h5py.File(self._temporary, "w", locking="best-effort", rdcc_nbytes=0)
                self._create("images", np.uint16)
            self._stack = stack.pop_all()
        return self

    def append(
        self,
        images: NDArray[np.uint16],
        *,
        ids: ArrayLike,
        photon_energy: ArrayLike,
        labels: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        truth: Mapping[str, ArrayLike] | None = None,
        events: Mapping[str, ArrayLike] | None = None,
        mask: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add a batch.

        Args:
            images: counts, uint16, shape (n, H, W).
            ids: unique identifiers, whole numbers or text, shape (n,).
            photon_energy: eV, shape (n,).
            labels: 0 or 1, shape (n, C); left out for an unlabelled store.
            groups: run or file of each shot, shape (n,); 0 when left out.
            truth: simulation parameters, each of shape (n,), the same keys in every batch.
            events: further identifiers under the source's own names, each of shape (n,).
            mask: which pixels are good, shape (n, H, W); in every batch or in none.

        Raises:
            DataError: the disk is full or the folder went away.
        """
        if images.dtype != np.uint16 or images.shape[1:] != self.image_shape:
            raise DataError(
                f"{self.path}: images are {images.dtype} {images.shape}, expected uint16 (n, {self.image_shape})"
            )
        count = len(images)
        columns: dict[str, NDArray[Any]] = {
            "ids": as_ids(ids),
            "photon_energy": np.asarray(photon_energy, np.float32),
            "image_hash": self._images.add(images),
            "groups": np.zeros(count, np.int32) if groups is None else np.asarray(groups, np.int32),
            **{f"truth/{key}": np.asarray(values) for key, values in (truth or {}).items()},
            **{f"events/{key}": as_text(np.asarray(values)) for key, values in (events or {}).items()},
        }
        if self._header.class_names:
            columns["labels"] = np.asarray(labels, np.uint8)
        for key, column in columns.items():
            self._columns.setdefault(key, []).append(column)
        with writing(self.path):
            self._extend("images", images)
            if mask is not None:
                if "mask" not in self._open:
                    self._create("mask", np.uint8)
                good = np.asarray(mask, np.uint8)
                self._masks.add(good)
                self._extend("mask", good)
        self._count += count

    def column(self, key: str) -> NDArray[Any]:
        """The values of a column so far, such as `ids`, `labels` or `image_hash`; empty before the first batch.

        Args:
            key: of the data set in the store.
        """
        parts = self._columns.get(key, [])
        return _joined(key, parts) if parts else np.zeros(0, np.int64)

    def note(self, name: str, value: Note) -> None:
        """Keep a number or a word about the import, such as the number of clipped pixels.

        Args:
            name: what it is.
            value: of it; a second one of the same name replaces the first.
        """
        self._notes[name] = value

    def leave_out(self, rows: NDArray[np.int64], reason: str) -> None:
        """Take shots out again that have been appended already.

        Args:
            rows: of the store so far, shape (n,).
            reason: in words that follow a number of shots.

        Raises:
            DataError: the disk is full or the folder went away.
        """
        if not len(rows):
            return
        ids = self.column("ids")
        self._left_out.append(LeftOut(reason, tuple(map(str, ids[np.sort(rows)].tolist()))))
        kept = np.setdiff1d(np.arange(len(ids)), rows)
        self._columns = {key: [_joined(key, parts)[kept]] for key, parts in self._columns.items()}
        with writing(self.path):
            for data in self._open.values():
                _compact(data, kept)
        self._count = len(kept)
        self._removed = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            try:
                if kind is None:
                    self._finish()
            finally:
                # After a full disk the close fails too, and the first error is the one to tell.
                with suppress(Exception):
                    self._file.close()
                with suppress(OSError):
                    self._temporary.unlink(missing_ok=True)

    def _create(self, key: str, dtype: type[np.generic]) -> None:
        """An empty data set that grows image by image."""
        self._open[key] = self._file.create_dataset(
            key,
            shape=(0, *self.image_shape),
            maxshape=(None, *self.image_shape),
            dtype=dtype,
            chunks=(1, *self.image_shape),
            fletcher32=True,  # a damaged chunk is an error, where the bare decoder would crash the process
            **hdf5plugin.Bitshuffle(cname="lz4"),
        )

    def _extend(self, key: str, images: NDArray[Any]) -> None:
        """Append images, shape (n, H, W), to a data set, which stays open: opening it takes as long as writing one."""
        if len(images):
            data, whole = self._open[key].id, (self._count + len(images), *self.image_shape)
            data.set_extent(whole)
            there = data.get_space()
            there.select_hyperslab((self._count, 0, 0), images.shape)
            data.write(h5py.h5s.create_simple(images.shape), there, np.ascontiguousarray(images))

    def _finish(self) -> None:
        with writing(self.path):
            for key, parts in self._columns.items():
                self._file[key] = storable(_joined(key, parts))
            if not self._columns or not len(self._file["images"]):
                raise DataError(f"{self.path}: no shot was given", "a store needs at least one")
            if self._mask is not None:
                self._file["mask"] = np.asarray(self._mask, np.uint8)
            for key, value in self._header.attributes().items():
                self._file.attrs[key] = value
            self._file.attrs["left_out"] = left_out_json(self._left_out)
            self._file.attrs["notes"] = json.dumps(self._notes, ensure_ascii=False)
            self._file.flush()
            self._file.attrs[HASH] = content_sha256(self._file) if self._removed else self._hash()
            self._file.close()
            flushed(self._temporary)
        made_here(self._temporary)
        with open_hdf5(self._temporary) as file:
            Store.read(self.path, file)  # whatever breaks the schema is never renamed
        with writing(self.path):
            os.replace(self._temporary, self.path)

    def _hash(self) -> str:
        """The content hash, with what was hashed while the images were written."""
        masked = "mask" in self._file and self._file["mask"].ndim == self._file["images"].ndim
        masks = self._masks.hexdigest() if masked else None
        return stored_sha256(self._file, images=self._images.hexdigest(), masks=masks)


def _joined(key: str, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """One column of several batches."""
    return joined_ids(parts) if key == "ids" else np.concatenate(parts)


def _compact(data: h5py.Dataset, kept: NDArray[np.int64]) -> None:
    """Move the shots that stay to the front, chunk by chunk as they are stored, and cut off the rest."""
    for to, row in enumerate(kept.tolist()):
        if to != row:
            mask, chunk = data.id.read_direct_chunk((row, 0, 0))
            data.id.write_direct_chunk((to, 0, 0), chunk, filter_mask=mask)
    data.resize(len(kept), axis=0)


def _some(names: Sequence[str]) -> list[str]:
    """Names as an attribute takes them, which has room for some thousands."""
    more = len(names) - _FILES
    return [*names] if more <= 0 else [*names[:_FILES], f"and {more} more"]
