"""Importing a deposit in the layout of CXIDB id 94 into a store, one entry at a time."""

import time
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.binning import SIDE, CountsError, binning_factor
from airybench.data.formats.counts_rule import CountsRule
from airybench.data.formats.deposit import IMAGE, Deposit, dataset, is_deposit, scan
from airybench.data.formats.importer import announce
from airybench.data.store.store import Store, opened
from airybench.data.store.writer import StoreWriter
from airybench.errors import DataError
from airybench.paths import data_folder, locked
from airybench.reporter import SILENT, Reporter

__all__ = ["BATCH", "import_deposit", "is_deposit"]

BATCH = 32
"""Entries held in memory at a time."""


def import_deposit(
    source: str | Path,
    output: str | Path | None = None,
    *,
    class_names: Sequence[str] | None = None,
    force: bool = False,
    rule: CountsRule | None = None,
    factor: int | None = None,
    reporter: Reporter = SILENT,
    title: str = "",
) -> Store:
    """Bring a deposit into a store.

    Images wider than 259 px are binned by means over blocks, rounded half to even; energies become eV; labels are
    checked against the rules of their data set.

    Args:
        source: the deposit.
        output: the store to make; `helium.h5`, `cxidb.h5` or the source's stem in the data folder when left out.
        class_names: names of the labels, in order; those of helium (11 labels) or cxidb (5 labels) when left out.
        force: replace an existing store.
        rule: how values become counts; plain whole numbers only when left out.
        factor: width of the blocks to be averaged; what brings images to at most 259 px when left out.
        reporter: receives notices and progress.
        title: of the progress bar; `importing FILE` when left out.

    Raises:
        DataError: the deposit breaks its layout, holds what is no plain count, or the store cannot be made.
    """
    source = Path(source)
    deposit = scan(source, class_names)
    path = data_folder() / f"{deposit.name}.h5" if output is None else Path(output).absolute()
    if path.resolve() == source.resolve():
        raise DataError(f"{source}: cannot be replaced by its own import; name another file with --output")
    factor = factor or binning_factor(deposit.image_shape)
    height, width = (-(-length // factor) for length in deposit.image_shape)
    rule = rule or CountsRule()
    if not deposit.class_names:
        reporter.notify(f"{source.name}: no labels; the store serves for prediction only")
    with locked(path):
        if path.exists() and not force:
            raise DataError(f"{path}: exists already; add --force to replace it, or name another file with --output")
        announce(path, len(deposit.entries), (height, width), lambda: _probe(deposit, rule, factor), reporter)
        writer = StoreWriter(
            path,
            name=deposit.name,
            class_names=deposit.class_names,
            label_kind=deposit.label_kind,
            source="cxidb-94",
            counts_rule=rule.words(factor),
            source_files=deposit.files,
            image_shape=(height, width),
            expected=len(deposit.entries),
        )
        bar = reporter.progress(title or f"importing {source.name}")
        with writer, opened(source) as file, bar as progress:
            for start in range(0, len(deposit.entries), BATCH):
                rows = slice(start, start + BATCH)
                images, good = entry_counts(deposit, file, deposit.entries[rows], rule, factor)
                writer.append(
                    images,
                    ids=deposit.ids[rows],
                    photon_energy=deposit.photon_energy[rows],
                    labels=deposit.labels[rows] if deposit.class_names else None,
                    mask=good,
                )
                progress(start + len(images), len(deposit.entries))
    if factor > 1:
        reporter.notify(
            f"{source.name}: {deposit.image_shape[0]} px binned to {height} px (a store holds at most {SIDE})"
        )
    return Store.open(path)


def entry_counts(
    deposit: Deposit, file: h5py.File, entries: Sequence[str], rule: CountsRule, factor: int
) -> tuple[NDArray[np.uint16], NDArray[np.bool_] | None]:
    """Counts of some entries, and which pixels are good where the rule masks any.

    Args:
        deposit: what was scanned.
        file: the same, open.
        entries: some of its entries, n of them.
        rule: how values become counts.
        factor: width of the blocks to be averaged, pixels.

    Returns:
        uint16, shape (n, H, W); bool of the same shape, None where all are good.

    Raises:
        DataError: an image holds what is no plain count, or cannot be read.
    """
    source, (height, width) = deposit.path, (-(-length // factor) for length in deposit.image_shape)
    images = np.empty((len(entries), height, width), np.uint16)
    good = np.ones(images.shape, bool) if rule.nan_mask else None
    for place, entry in enumerate(entries):
        try:
            images[place], seen = rule.counts(dataset(source, file, entry, IMAGE)[()], None, factor)
        except CountsError as error:
            raise DataError(f"{source}: /{entry}/{IMAGE}: {error}") from error
        except (OSError, RuntimeError) as error:
            why = str(error).split("\n")[0]
            raise DataError(f"{source}: /{entry}/{IMAGE} cannot be read ({why}); get a whole copy") from error
        if good is not None and seen is not None:
            good[place] = seen
    return images, good


def _probe(deposit: Deposit, rule: CountsRule, factor: int) -> tuple[float, int]:
    """Seconds for a few images, and how many."""
    tried = deposit.entries[:8]
    began = time.perf_counter()
    with opened(deposit.path) as file:
        entry_counts(deposit, file, tried, rule, factor)
    return time.perf_counter() - began, len(tried)
