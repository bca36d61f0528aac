"""A store as a source of shots: read as it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import may_crash
from airybench.data.reading.options import DEFAULT_OPTIONS, LabelOptions, SourceOptions
from airybench.data.reading.shot_source import Block, ShotReader, ShotSource
from airybench.data.store.content import SLICE
from airybench.data.store.schema import SCHEMA
from airybench.data.store.store import Store
from airybench.errors import ConfigError
from airybench.reporter import Reporter

KIND, TITLE = "store", "airybench store"


def recognises(path: Path, options: SourceOptions) -> bool:
    """Whether a file says that it is a store."""
    if not path.is_file() or not h5py.is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        schema = file.attrs.get("schema")
        return isinstance(schema, str) and schema == SCHEMA


def open_source(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Open a store as a source.

    Raises:
        ConfigError: options that a store does not take.
        DataError: the store breaks its schema.
    """
    path = paths[0]
    if options.find_bad_pixels:
        raise ConfigError(f"{path}: a store is read as it is; import the source again with --find-bad-pixels")
    if len(paths) > 1 or options != replace(DEFAULT_OPTIONS, labels=LabelOptions(ignore=options.labels.ignore)):
        raise ConfigError(f"{path}: a store is read as it is; keys and rules are for stacks, with --images KEY")
    store = Store.open(path)
    labelled = store.labelled and not options.labels.ignore
    mask, masked = _masks(store)
    return ShotSource(
        paths=(path,),
        ids=store.ids(),
        image_shape=store.image_shape,
        read=StoreReader(store, masked=masked),
        identity=store.content_sha256,
        name=store.name,
        kind=store.source,
        class_names=store.class_names if labelled else (),
        labels=store.labels() if labelled else None,
        label_kind=store.label_kind,
        photon_energy=store.photon_energy(),
        groups=store.groups(),
        events=store.columns("events"),
        mask=mask,
        counts_rule=store.counts_rule,
        files=(path.name,),
        not_imported="is a store already; use it as it is",
    )


@dataclass(frozen=True)
class StoreReader(ShotReader):
    """Reads the counts of a store, with the masks of the shots where each has its own."""

    store: Store
    masked: bool = False

    @property
    def risky(self) -> bool:
        """See `ShotReader.risky`; stores of this version have checksums, older ones may have none."""
        return may_crash(self.store.path, ["images", *["mask"] * self.masked])

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """See `ShotReader.pieces`."""
        yield from (rows[start : start + SLICE] for start in range(0, len(rows), SLICE))

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        for start in range(0, len(rows), SLICE):
            some = rows[start : start + SLICE]
            yield Block(self.store.read_images(some), self._good(some) if self.masked else None)

    def stretch(self, start: int, stop: int) -> NDArray[np.uint16]:
        """See `ShotReader.stretch`."""
        return self.store.read_images(np.arange(start, stop))

    def _good(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        with open_hdf5(self.store.path) as file:
            masks = file["mask"][rows[0] : rows[-1] + 1]
        return np.asarray(masks[rows - rows[0]] > 0)


def _masks(store: Store) -> tuple[NDArray[np.bool_] | None, bool]:
    """The mask of all shots, None where there is no such one; and whether each shot has its own."""
    with open_hdf5(store.path) as file:
        if "mask" not in file:
            return None, False
        mask = file["mask"]
        return (mask[()] > 0, False) if mask.ndim == 2 else (None, True)
