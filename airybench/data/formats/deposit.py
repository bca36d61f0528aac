"""The layout of CXIDB deposit 94: one group for each shot, `entry_1`, `entry_2`, and so on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.deposit_entries import ENTRY, common_shape, dataset, energy_of, entries_of, ids_of
from airybench.data.formats.deposit_labels import read_labels
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import may_crash
from airybench.data.reading.conversion import Conversion, RawImage, readable
from airybench.data.reading.cxi_keys import IDS, IMAGE
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
from airybench.data.reading.selection import refuse_columns
from airybench.data.reading.shot_source import Block, ShotReader, ShotSource, file_identity
from airybench.errors import ConfigError
from airybench.reporter import Reporter

KIND, TITLE = "deposit", "CXIDB deposit 94"

BATCH = 32
"""Entries held in memory at a time."""


def recognises(path: Path, options: SourceOptions) -> bool:
    """Whether a file is HDF5 with at least one `entry_<number>` that holds a detector, and no images are named."""
    if options.keys.images or not path.is_file() or not h5py.is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return any(ENTRY.fullmatch(key) and f"{key}/instrument_1/detector_1" in file for key in file)


def open_source(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Read and check everything but the images, so that a bad deposit is refused before the long part.

    Args:
        paths: the deposit, one file.
        options: how its values become counts, class names, and whether labels are read.
        reporter: not used.

    Raises:
        ConfigError: options for stacks.
        DataError: an entry lacks a key, ids repeat, or an energy is impossible.
        LabelError: labels break the rules; everything else is sound.
    """
    path = paths[0]
    _refuse_stack_options(paths, options)
    with open_hdf5(path) as file:
        entries = entries_of(path, file)
        images = [dataset(path, file, f"{entry}/{IMAGE}") for entry in entries]
        shape = common_shape(path, entries, [image.shape for image, _ in images])
        conversion = Conversion.of(shape, options.rule, options.factor)
        source = ShotSource(
            paths=(path,),
            ids=ids_of(path, file, entries),
            image_shape=conversion.image_shape,
            read=DepositReader(path, entries, conversion),
            identity=file_identity([path], conversion.rule, conversion.factor),
            name=path.stem,
            kind="cxidb-94",
            photon_energy=np.array([energy_of(path, file, entry) for entry in entries], np.float32),
            counts_rule=conversion.rule.words(conversion.factor),
            binning=conversion.factor,
            detector_shape=shape,
            files=(path.name, *sorted(set().union(*(others for _, others in images)))),
            place=entries.__getitem__,
            recognised=TITLE,
            choices={"images": f"/entry_*/{IMAGE}", "ids": f"/entry_*/{IDS[0]}"},
        )
        source.require_unique_ids()
        if options.labels.ignore:
            return source
        labels = read_labels(path, file, entries, options.labels.class_names)  # last: all else is sound by now
    return replace(
        source,
        name=labels.dataset or source.name,
        class_names=labels.class_names,
        labels=labels.values if labels.class_names else None,
        label_kind=labels.kind,
    )


def _refuse_stack_options(paths: Sequence[Path], options: SourceOptions) -> None:
    """Refuse what only stacks take."""
    for_stacks = (options.keys, options.frames, options.name, options.labels.csv, options.labels.labelled_only)
    if len(paths) > 1 or for_stacks != (StackKeys(), FrameOptions(), None, None, False):
        raise ConfigError(
            f"{paths[0]}: a deposit is one file whose layout says where everything is; for a stack of images give "
            f"--images KEY"
        )
    refuse_columns(paths[0], options.selection, "deposit")


@dataclass(frozen=True)
class DepositReader(ShotReader):
    """Reads the images of a deposit, entry by entry."""

    path: Path
    entries: tuple[str, ...]
    conversion: Conversion

    @property
    def risky(self) -> bool:
        """See `ShotReader.risky`."""
        return may_crash(self.path, (f"{entry}/{IMAGE}" for entry in self.entries))

    @property
    def shot_bytes(self) -> int:
        """See `ShotReader.shot_bytes`."""
        return int(np.prod(self.conversion.detector_shape)) * 2

    def pieces(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """See `ShotReader.pieces`."""
        yield from (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[Block]:
        """See `ShotReader.blocks`."""
        masked = self.conversion.rule.masks
        with open_hdf5(self.path) as file:
            for start in range(0, len(rows), BATCH):
                some = rows[start : start + BATCH]
                yield self.conversion.block(self.path, self._images(file, some), len(some), masked=masked)

    def _images(self, file: h5py.File, rows: NDArray[np.int64]) -> Iterator[RawImage]:
        for row in rows:
            key = f"{self.entries[row]}/{IMAGE}"
            with readable(self.path, f"/{key}"):
                values = dataset(self.path, file, key)[0][()]
            yield f"/{key}", values, None
