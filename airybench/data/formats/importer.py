"""Importing stacks into a store, a block of images at a time."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.binning import CountsError, binning_factor
from airybench.data.formats.counts_rule import CountsRule, good_pixels
from airybench.data.formats.hdf5_links import resolve
from airybench.data.formats.stack import Stack, StackKeys, convention, scan_stack
from airybench.data.store.labels import check_helium, one_hot, read_csv
from airybench.data.store.store import Store, opened
from airybench.data.store.writer import StoreWriter
from airybench.errors import ConfigError, DataError
from airybench.paths import data_folder, locked
from airybench.physics.populations import HELIUM_CLASSES
from airybench.reporter import SILENT, Reporter

_WRITE_RATE = 100e6
"""Bytes a second that are compressed, written and read back for the hash; on the slow side."""


@dataclass(frozen=True)
class Labelling:
    """Where labels come from and what they are called.

    Attributes:
        csv: CSV file of ids and labels, in place of a key.
        class_names: in order; the columns of the CSV file when left out.
        labelled_only: leave out shots that the CSV file does not name.
    """

    csv: Path | None = None
    class_names: tuple[str, ...] | None = None
    labelled_only: bool = False


def import_stacks(
    sources: Sequence[Path],
    output: str | Path | None = None,
    *,
    keys: StackKeys,
    labelling: Labelling | None = None,
    rule: CountsRule | None = None,
    factor: int | None = None,
    name: str | None = None,
    force: bool = False,
    reporter: Reporter = SILENT,
) -> Store:
    """Bring stacks of images, one file or several, into one store.

    Args:
        sources: the files; with several, their number is the group where no key gives one.
        output: the store to make; NAME.h5 in the data folder when left out.
        keys: where things are in each file.
        labelling: labels from a CSV file, and class names.
        rule: how values become counts; plain whole numbers only when left out.
        factor: width of the blocks to be averaged; what brings images to at most 259 px when left out.
        name: of the data set; the stem of the first file when left out.
        force: replace an existing store.
        reporter: receives notices and progress.

    Raises:
        ConfigError: options contradict each other.
        DataError: a source breaks a rule; the message names file, key and entry.
    """
    labelling, rule = labelling or Labelling(), rule or CountsRule()
    convention(keys.mask_convention)
    if keys.labels and labelling.csv:
        raise ConfigError("--labels and --labels-csv were both given; one is enough")
    stacks = [scan_stack(Path(source), keys, reporter) for source in sources]
    _alike(stacks)
    name = name or stacks[0].path.stem
    ids = _ids(stacks, reporter)
    labels, names, rows = _labels(stacks, ids, keys, labelling, reporter)
    label_kind = "multiclass" if one_hot(labels) and set(names) != set(HELIUM_CLASSES) else "multilabel"
    if names == HELIUM_CLASSES:
        check_helium(labels, lambda row: f"{name}: id {ids[rows[row]]}")
    factor = factor or binning_factor(stacks[0].shape)
    height, width = (-(-length // factor) for length in stacks[0].shape)
    path = data_folder() / f"{name}.h5" if output is None else Path(output).absolute()
    if path.resolve() in {stack.path.resolve() for stack in stacks}:
        raise DataError(f"{path}: cannot be replaced by its own import; name another file with --output")
    if factor > 1:
        reporter.notify(
            f"{name}: {stacks[0].shape[0]} x {stacks[0].shape[1]} px binned by {factor} to {height} x {width} px"
        )
    shared = _shared_mask(stacks, rule)
    columns = _columns(stacks, ids)
    with locked(path):
        if path.exists() and not force:
            raise DataError(f"{path}: exists already; add --force to replace it, or name another file with --output")
        announce(path, len(rows), (height, width), lambda: _probe(stacks[0], keys, rule, factor), reporter)
        writer = StoreWriter(
            path,
            name=name,
            class_names=names,
            label_kind=label_kind,
            source="stack",
            counts_rule=rule.words(factor, str(keys.mask_convention) if keys.mask else ""),
            mask=None if shared is None else _binned_mask(shared, factor),
            source_files=[file for stack in stacks for file in stack.files],
            image_shape=(height, width),
            expected=len(rows),
        )
        wanted = np.zeros(len(ids), np.int64) - 1
        wanted[rows] = np.arange(len(rows))
        offset = done = 0
        with writer, reporter.progress(f"importing {stacks[0].path.name}") as progress:
            for stack in stacks:
                for start, images, good in blocks(
                    stack, keys, rule, factor, wanted[offset : offset + stack.count] >= 0
                ):
                    at = start + offset
                    kept = at[wanted[at] >= 0]
                    writer.append(
                        images,
                        ids=ids[kept],
                        photon_energy=columns["photon_energy"][kept],
                        labels=labels[wanted[kept]] if names else None,
                        groups=columns["groups"][kept],
                        events={key[7:]: values[kept] for key, values in columns.items() if key.startswith("events/")},
                        mask=good if shared is None else None,
                    )
                    done += len(images)
                    progress(done, len(rows))
                offset += stack.count
    return Store.open(path)


def announce(
    path: Path, count: int, shape: tuple[int, int], probe: Callable[[], tuple[float, int]], reporter: Reporter
) -> None:
    """Say what an import will cost before it begins.

    Args:
        path: the store to be.
        count: shots to come.
        shape: (H, W) of an image in the store.
        probe: reads a few images; returns seconds and how many.
        reporter: receives the line.
    """
    if reporter is SILENT:
        return  # nobody listens, and probing takes time
    seconds, tried = probe()
    size = count * shape[0] * shape[1] * 2
    total = count * seconds / max(tried, 1) + size / _WRITE_RATE
    free = shutil.disk_usage(path.parent).free
    time_text = (
        f"{total:.0f} s" if total < 120 else f"{total / 60:.0f} min" if total < 7200 else f"{total / 3600:.1f} h"
    )
    reporter.notify(
        f"{path.name}: {count} shots; about {time_text}, at most {size / 1e9:.2f} GB ({free / 1e9:.0f} GB free)"
    )


def blocks(
    stack: Stack,
    keys: StackKeys,
    rule: CountsRule,
    factor: int,
    keep: NDArray[np.bool_],
    limit: int | None = None,
    first: int = 0,
) -> Any:
    """Rows, counts and masks of a stack, a block at a time; rows not to be kept are not looked at.

    Only rows from the block of row `first` on, and below `limit`, are gone through.

    Yields:
        Row numbers int64 (n,), counts uint16 (n, H, W), good pixels bool (n, H, W) or None for all.
    """
    height, width = (-(-length // factor) for length in stack.shape)
    with opened(stack.path) as file:
        data, _ = resolve(stack.path, file, stack.images)
        masks = resolve(stack.path, file, stack.mask)[0] if stack.mask else None
        each = masks is not None or rule.nan_mask
        for start in range(first // stack.block * stack.block, limit or stack.count, stack.block):
            stop = min(start + stack.block, limit or stack.count)
            rows = np.flatnonzero(keep[start:stop]) + start
            if not len(rows):
                continue
            values = _read(stack.path, stack.images, data, start, stop)
            flags = _read(stack.path, stack.mask or "", masks, start, stop) if masks is not None else None
            images = np.empty((len(rows), height, width), np.uint16)
            good = np.ones((len(rows), height, width), bool) if each else None
            for place, row in enumerate(rows):
                believed = stack.good
                if flags is not None:
                    believed = good_pixels(flags[row - start], str(keys.mask_convention))
                try:
                    images[place], seen = rule.counts(values[row - start], believed, factor)
                except CountsError as error:
                    raise DataError(f"{stack.path}: /{stack.images} entry {row}: {error}") from error
                if good is not None and seen is not None:
                    good[place] = seen
            yield rows, images, good


def _read(path: Path, key: str, data: h5py.Dataset, start: int, stop: int) -> NDArray[Any]:
    try:
        return np.asarray(data[start:stop] if data.ndim == 3 else data[()][None])
    except (OSError, RuntimeError) as error:
        why = str(error).split("\n")[0]
        raise DataError(
            f"{path}: /{key} entries {start} to {stop - 1} cannot be read ({why}); get a whole copy"
        ) from error


def _probe(stack: Stack, keys: StackKeys, rule: CountsRule, factor: int) -> tuple[float, int]:
    tried = min(8, stack.count)
    began = time.perf_counter()
    for _ in blocks(stack, keys, rule, factor, np.ones(stack.count, bool), tried):
        pass
    return time.perf_counter() - began, tried


def _alike(stacks: list[Stack]) -> None:
    first = stacks[0]
    for stack in stacks[1:]:
        if stack.shape != first.shape:
            raise DataError(
                f"{stack.path}: images are {stack.shape}, in {first.path.name} {first.shape}; import them apart"
            )
        if (stack.ids is None) != (first.ids is None) or stack.events.keys() != first.events.keys():
            raise DataError(f"{stack.path}: has other columns than {first.path.name}; import them apart")
    seen = {stack.path.resolve() for stack in stacks}
    if len(seen) < len(stacks):
        raise DataError("a source was given twice; name each file once")


def _ids(stacks: list[Stack], reporter: Reporter) -> NDArray[np.int64]:
    if stacks[0].ids is None:
        reporter.notify("no ids: shots are numbered from 0 in the order of the files; --ids KEY takes the source's own")
        return np.arange(sum(stack.count for stack in stacks), dtype=np.int64)
    ids = np.concatenate([stack.ids for stack in stacks if stack.ids is not None])
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        twice = values[counts > 1][0]
        where = [_place(stacks, int(row)) for row in np.flatnonzero(ids == twice)[:2]]
        raise DataError(
            f"{stacks[0].path}: id {twice} stands in {where[0]} and in {where[1]}; each shot needs its own, give other "
            f"--ids or drop one of them"
        )
    return ids


def _place(stacks: list[Stack], row: int) -> str:
    for stack in stacks:
        if row < stack.count:
            break
        row -= stack.count
    return f"{stack.path.name} entry {row}"


def _labels(
    stacks: list[Stack], ids: NDArray[np.int64], keys: StackKeys, labelling: Labelling, reporter: Reporter
) -> tuple[NDArray[np.uint8], tuple[str, ...], NDArray[np.int64]]:
    """Labels and class names, and the rows that are imported."""
    everything = np.arange(len(ids))
    names = labelling.class_names
    if labelling.csv:
        listed, marks, names = read_csv(labelling.csv, names)
        order = np.argsort(ids)
        at = order[np.minimum(np.searchsorted(ids, listed, sorter=order), len(ids) - 1)]
        absent = listed[ids[at] != listed]
        if len(absent):
            raise DataError(
                f"{labelling.csv}: id {absent[0]} is in no source ({len(absent)} such lines); drop them, or give the "
                f"--ids that the file means"
            )
        if len(listed) < len(ids) and not labelling.labelled_only:
            unnamed = np.setdiff1d(ids, listed)[0]
            raise DataError(
                f"{labelling.csv}: {len(ids) - len(listed)} of {len(ids)} shots have no line, such as id {unnamed}; "
                f"add them, or import the labelled ones alone with --labelled-only"
            )
        forth = np.argsort(at)
        return _named(marks[forth], names, str(labelling.csv)), names, at[forth]
    if labelling.labelled_only:
        raise ConfigError("--labelled-only goes with --labels-csv FILE")
    if not keys.labels:
        if names:
            raise ConfigError("--class-names were given without labels; give --labels KEY or --labels-csv FILE")
        reporter.notify("no labels; the store serves for prediction only")
        return np.zeros((len(ids), 0), np.uint8), (), everything
    parts = [stack.labels for stack in stacks if stack.labels is not None]
    where = f"{stacks[0].path}: /{keys.labels}"
    if names is None:
        raise ConfigError(f"{where} needs names for its labels; give --class-names A,B,...")
    if len({part.shape[1:] for part in parts}) > 1:
        raise DataError(f"{where} has another number of labels than the same key of another file; import them apart")
    values = np.concatenate(parts)
    if values.ndim == 1:
        if values.max() >= len(names):
            row = int(values.argmax())
            raise DataError(
                f"{where}: {_place(stacks, row)} is class {values[row]}, {len(names)} class names were given"
            )
        values = np.eye(len(names), dtype=np.int64)[values]
    return _named(values, names, where), names, everything


def _named(values: NDArray[Any], names: Sequence[str], where: str) -> NDArray[np.uint8]:
    if values.shape[1] != len(names) or len(set(names)) != len(names) or not all(names):
        raise DataError(f"{where}: {values.shape[1]} labels a shot, class names are {', '.join(names)}; name each once")
    return values.astype(np.uint8)


def _columns(stacks: list[Stack], ids: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    groups = [
        np.full(stack.count, number if len(stacks) > 1 else 0, np.int32) if stack.groups is None else stack.groups
        for number, stack in enumerate(stacks, 1)
    ]
    columns = {
        "photon_energy": np.concatenate([stack.photon_energy for stack in stacks]),
        "groups": np.concatenate(groups),
    }
    for key in stacks[0].events:
        columns[f"events/{key}"] = np.concatenate([stack.events[key] for stack in stacks])
    return columns


def _shared_mask(stacks: list[Stack], rule: CountsRule) -> NDArray[np.bool_] | None:
    """The one mask of all shots of all files, where there is such a one."""
    first = stacks[0].good
    if rule.nan_mask or first is None or any(s.good is None or (s.good != first).any() for s in stacks):
        if first is not None and not rule.nan_mask:
            raise DataError(f"{stacks[-1].path}: has another mask than {stacks[0].path.name}; import them apart")
        return None
    return first


def _binned_mask(good: NDArray[np.bool_], factor: int) -> NDArray[np.uint8]:
    from airybench.data.formats.binning import binned_good

    return binned_good(np.zeros(good.shape, np.uint16), good, factor)[1].astype(np.uint8)
