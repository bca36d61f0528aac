"""Writing any source of shots into a store, block by block."""

from pathlib import Path

import numpy as np

from airybench.data.reading.import_pass import ImportPass
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions
from airybench.data.reading.questions import first_look
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.labels import check_helium
from airybench.data.store.repeats import settle
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import DataError
from airybench.paths import data_folder, free_bytes, locked, require_new
from airybench.physics.populations import HELIUM_CLASSES
from airybench.reporter import SILENT, Reporter, time_text

_WRITE_RATE = 100e6
"""Bytes a second that are compressed, written and read back for the hash; on the slow side."""


def import_source(
    source: ShotSource,
    output: str | Path | None = None,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    force: bool = False,
    reporter: Reporter = SILENT,
    title: str = "",
) -> Store:
    """Write a source into a store.

    Args:
        source: of any format.
        output: the store to make; by default NAME.h5 in the data folder.
        options: whether blank frames are left out, and what is done with labels that contradict each other.
        force: replace an existing store.
        reporter: receives notices and progress.
        title: of the progress bar; by default `importing FILE`.

    Raises:
        DataError: the photon energy is unknown, ids repeat, labels break a rule or contradict each other, a value is
            not a plain count, or the store cannot be made.
    """
    _check(source)
    path = data_folder() / f"{source.name}.h5" if output is None else Path(output).absolute()
    if path.resolve() in {one.resolve() for one in source.paths}:
        raise DataError(f"{path}: cannot be replaced by its own import", "name another file with --output")
    _describe(source, reporter)
    with locked(path):
        require_new(path, force=force)
        _announce(source, path, reporter, first_look(source))
        whole = ImportPass(source, drop_blank=options.selection.drop_blank, invalid=options.rule.invalid.asked)
        with _writer(source, path) as writer:
            with reporter.progress(title or f"importing {source.path.name}") as progress:
                whole.copy(writer, progress)
            whole.conclude(writer, reporter)
            settle(writer, source.class_names, options.labels.conflicts, reporter)
    return Store.open(path)


def _check(source: ShotSource) -> None:
    """Refuse what no store may hold, before the long part."""
    source.require_unique_ids()
    if source.labels is not None and source.class_names == HELIUM_CLASSES:
        check_helium(source.labels, lambda row: f"{source.name}: id {source.ids[row]}")


def _describe(source: ShotSource, reporter: Reporter) -> None:
    """Say what a user may not expect of the store."""
    name = source.path.name if len(source.paths) == 1 else source.name
    if not source.class_names:
        reporter.notify(f"{name}: no labels; the store serves for prediction only")
    if source.binning > 1 and source.detector_shape:
        before, after = ("{} x {} px".format(*shape) for shape in (source.detector_shape, source.image_shape))
        reporter.notify(f"{name}: {before} binned by {source.binning} to {after}")


def _writer(source: ShotSource, path: Path) -> StoreWriter:
    header = StoreHeader(
        name=source.name,
        class_names=source.class_names,
        label_kind=source.label_kind,
        source=source.kind,
        counts_rule=source.counts_rule,
        source_files=source.files,
        left_out=source.left_out,
    )
    mask = None if source.mask is None else source.mask.astype(np.uint8)
    return StoreWriter(path, header, image_shape=source.image_shape, mask=mask, expected=source.count)


def _announce(source: ShotSource, path: Path, reporter: Reporter, seconds_each: float) -> None:
    """Say what an import will cost before it begins."""
    height, width = source.image_shape
    size = source.count * height * width * 2
    seconds = source.count * seconds_each + size / _WRITE_RATE
    free = free_bytes(path.parent)
    reporter.notify(
        f"{path.name}: {source.count} shots; about {time_text(seconds)}, at most {size / 1e9:.2f} GB "
        f"({free / 1e9:.0f} GB free)"
    )
