"""The formats that are known, and the way from a file to shots or to a store."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from airybench.data.formats import cxi, deposit, eiger, euxfel_cxi, fermi, sacla, stack, store_source, swissfel
from airybench.data.formats.hdf5_format import HDF5Format
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.waiting import require_written
from airybench.data.labelling.label_table import labelled
from airybench.data.labelling.shot_list import listed
from airybench.data.reading.importer import import_source
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.store import Store
from airybench.errors import DataError, LabelError, unknown
from airybench.reporter import SILENT, Reporter


class Format(Protocol):
    """What a format offers; a module, or an `HDF5Format` made of one."""

    KIND: str
    TITLE: str

    def recognises(self, path: Path, options: SourceOptions) -> bool:
        """Whether a file, or what the options say about it, is of this format."""

    def open_source(self, paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
        """Read and check everything but the counts."""


FORMATS: tuple[Format, ...] = (
    store_source,
    HDF5Format(euxfel_cxi),
    HDF5Format(cxi),
    HDF5Format(eiger),
    HDF5Format(fermi),
    HDF5Format(sacla),
    HDF5Format(swissfel),
    deposit,
    HDF5Format(stack),
)
"""The first that recognises a file reads it. The more a format asks of a file, the earlier it is tried: a virtual file
of European XFEL is a CXI stack with trains and pulses, and a CXI stack has the groups of a deposit too. A new format is
a module in this folder, and its name in this list."""

KINDS = tuple(one.KIND for one in FORMATS)
"""What `--kind` names."""


def open_source(
    paths: Sequence[Path], options: SourceOptions = DEFAULT_OPTIONS, reporter: Reporter = SILENT
) -> ShotSource:
    """Open a source of any known format.

    Args:
        paths: one file; several for stacks.
        options: how it is to be read.
        reporter: receives notices.

    Raises:
        ConfigError: options that this format does not take.
        DataError: a file is missing, damaged, of no known format, or breaks the rules of its own.
    """
    for path in paths:
        require_written(path, swmr=options.swmr, wait=options.wait)
    source = _format_of(paths[0], options).open_source(paths, options, reporter)
    return listed(source, options.selection.select, reporter)


def open_shots(path: Path, options: SourceOptions = DEFAULT_OPTIONS, reporter: Reporter = SILENT) -> ShotSource:
    """Open a file for prediction: neither labels nor unique identifiers are needed.

    Args:
        path: a store, a deposit in the layout of CXIDB id 94, a CXI file or a plain stack.
        options: how it is to be read.
        reporter: receives notices.

    Raises:
        ConfigError: options that this format does not take.
        DataError: the file is missing, damaged or of no known format.
    """
    try:
        source = open_source([path], options, reporter)
    except LabelError as error:
        raise DataError(error.found, "add --ignore-labels to answer without them") from error
    if len(np.unique(source.ids)) < source.count:
        reporter.notify("ids repeat in this source; its shots are told apart by their order")
    return source


def import_data(
    paths: Sequence[Path],
    output: str | Path | None = None,
    options: SourceOptions = DEFAULT_OPTIONS,
    *,
    force: bool = False,
    reporter: Reporter = SILENT,
    title: str = "",
) -> Store:
    """Import a source of any known format into a store.

    Args:
        paths: one file; several for stacks.
        output: the store to make; by default NAME.h5 in the data folder.
        options: how it is to be read.
        force: replace an existing store.
        reporter: receives notices and progress.
        title: of the progress bar; by default `importing FILE`.

    Raises:
        ConfigError: options that contradict each other, or that this format does not take.
        DataError: the source breaks a rule, or the store cannot be made.
    """
    source = open_source(paths, options, reporter)
    if source.not_imported:
        raise DataError(f"{source.path}: {source.not_imported}")
    source.require_unique_ids()
    source = labelled(source, options.labels, reporter)
    return import_source(source, output, force=force, reporter=reporter, title=title)


def _format_of(path: Path, options: SourceOptions) -> Format:
    if options.kind is not None and options.kind not in KINDS:
        raise unknown("kind", options.kind, KINDS)
    for one in FORMATS:
        if options.kind == one.KIND or (options.kind is None and one.recognises(path, options)):
            return one
    with open_hdf5(path):  # a file that is missing, damaged or no HDF5 is refused as such
        raise DataError(
            f"{path}: neither a store nor a deposit nor a CXI file (no groups /entry_1, /entry_2, ...)",
            "for a stack of images give --images KEY",
        )
