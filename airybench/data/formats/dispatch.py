"""The way from a file of any known format to shots or to a store."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from airybench.data.formats import dragonfly, euxfel_run, numpy_file, pictures
from airybench.data.formats.asking import further_questions
from airybench.data.formats.format import Format
from airybench.data.formats.known import FORMATS
from airybench.data.formats.sources import chosen, named_by
from airybench.data.formats.summary import announce
from airybench.data.hdf5.waiting import require_written
from airybench.data.labelling.label_table import labelled
from airybench.data.labelling.shot_list import listed
from airybench.data.reading.bad_pixel_search import without_bad_pixels
from airybench.data.reading.contradictions import refuse_contradictions
from airybench.data.reading.importer import import_source
from airybench.data.reading.isolated import IsolatedReader
from airybench.data.reading.options import DEFAULT_OPTIONS, SourceOptions
from airybench.data.reading.questions import together
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError, LabelError, MissingOptionError
from airybench.reporter import SILENT, Reporter


def open_source(
    paths: Sequence[Path], options: SourceOptions = DEFAULT_OPTIONS, reporter: Reporter = SILENT
) -> ShotSource:
    """Open a source of any known format.

    Args:
        paths: files or folders; several are of one kind.
        options: how they are to be read.
        reporter: receives notices.

    Raises:
        ConfigError: options that this format does not take.
        DataError: a file is missing, damaged, of no known format, or breaks the rules of its own.
    """
    one, files = recognised(paths, options, reporter)
    return open_recognised(one, files, named_by(paths, files, options), reporter)


def recognised(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> tuple[Format, list[Path]]:
    """The format of a source, and the files to read; none of them is being written.

    Args:
        paths: files or folders.
        options: how they are to be read.
        reporter: receives a notice about files that are skipped.

    Raises:
        ConfigError: no such kind, or options that contradict each other.
        DataError: a path is missing, being written, or of no known format.
    """
    refuse_contradictions(options)
    for path in paths:
        require_written(path, swmr=options.swmr, wait=options.wait)
    one, files = chosen(paths, options, FORMATS, reporter)
    for path in set(files) - set(paths):
        require_written(path, swmr=options.swmr, wait=options.wait)
    return one, files


def open_recognised(one: Format, files: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Open files of a format; arguments and errors as for `open_source`."""
    if options.frames.shape is not None and one is not dragonfly:
        raise ConfigError(
            f"{files[0]}: --shape is for Dragonfly's lists of pixels; this source ({one.TITLE}) says its shape itself"
        )
    if options.swmr and one in (euxfel_run, numpy_file, pictures):
        raise ConfigError(f"{files[0]}: --swmr is for HDF5 files; --wait SECONDS waits for the writer of this one")
    source = one.open_source(files, options, reporter)
    source = replace(source, read=IsolatedReader.of(source.read, source.path))
    source = listed(source, options.selection.select, reporter)
    return without_bad_pixels(source, reporter) if options.find_bad_pixels else source


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
    for name, value in (("--drop-blank", options.selection.drop_blank), ("--on-conflict", options.labels.conflicts)):
        if value:
            raise ConfigError(f"{path}: {name} is for an import; without one, every shot of a source is read")
    try:
        source = open_source([path], options, reporter)
        source = source if options.labels.csv is None else labelled(source, options.labels, reporter)
    except LabelError as error:
        raise DataError(error.found, "add --ignore-labels to answer without them") from error
    if not source.not_imported:  # a store is what it is
        announce(source, reporter)
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
    try:
        source = open_source(paths, options, reporter)
    except MissingOptionError as error:
        more = further_questions(error, options, lambda answered: open_source(paths, answered))
        raise together(more) from error
    if source.not_imported:
        raise DataError(f"{source.path}: {source.not_imported}")
    source.require_unique_ids()
    source = labelled(source, options.labels, reporter)
    announce(source, reporter)
    return import_source(source, output, options, force=force, reporter=reporter, title=title)
