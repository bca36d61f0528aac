"""From the name of a data set to data that are ready to train on."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.config import DataConfig, TrialConfig
from airybench.data.datasets.catalog import display_name, open_dataset
from airybench.data.split.group_split import FewGroupsError
from airybench.data.split.repeats_together import merged_groups
from airybench.data.split.scorable import require_classes, require_scorable
from airybench.data.split.split import PARTS, Split, make_folds, make_split
from airybench.data.store.repeats import contradictions, contradictions_in_words, first_of_each, repeats
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError
from airybench.provenance import SIMULATOR_VERSION
from airybench.reporter import SILENT, Reporter
from airybench.trial.prepared import PreparedDataset

_MORE_RUNS = "simulate more shots (--count N), which have more runs; version 1 has none; or use --split-by shot"


def prepare(
    dataset: str,
    config: TrialConfig,
    device: torch.device,
    reporter: Reporter = SILENT,
    *,
    load: bool = True,
    scored: Sequence[str] = PARTS,
    every_fold: bool = False,
) -> PreparedDataset:
    """Find or make the store of a data set, split it, and load it as this configuration sees it.

    Args:
        dataset: name or path.
        config: how many shots there are, how they are split and how they are preprocessed.
        device: where to train.
        reporter: receives notices and progress.
        load: preprocess the images now, so that an unreadable one is met before any run begins; False leaves that to
            the first trial.
        scored: parts of the split that are to be scored, all where networks are trained.
        every_fold: make the splits of all folds where the configuration asks for them, not that of its fold alone.

    Raises:
        ConfigError: no such fold.
        DataError: no such data, damaged, without labels, with the same labels for all shots of the store or of such a
            part, or too few shots for three splits.
    """
    name = display_name(dataset)
    data = config.data
    store = open_dataset(
        dataset, count=data.count, seed=data.data_seed, simulator=data.simulator or SIMULATOR_VERSION, reporter=reporter
    )
    if not store.labelled:
        raise DataError(f"{store.path} has no labels; training needs a labelled store")
    require_classes(store.path, store.labels(), store.class_names)
    splits, folds = _splits(store, data, name, reporter, scored, every=every_fold and data.every_fold)
    prepared = PreparedDataset(store, splits, device, name, folds)
    if "train" in scored:
        for one in prepared.by_fold:
            one.training_rows(data)  # a fraction that has one class alone is met before any run begins
    _tell_mask(prepared.by_fold[0], data, name, reporter)
    if load:
        prepared.by_fold[0].loaded_for(config)
    return prepared


def _tell_mask(prepared: PreparedDataset, data: DataConfig, name: str, reporter: Reporter) -> None:
    """Say which pixels are masked at the input, or that none are."""
    if data.input_mask == "none":
        return
    good, found = prepared.trained_mask(data)
    masked = 0 if good is None else int((~good).sum())
    looked = "" if found is None else f"; of the training shots, {found}"
    if masked or prepared.store.own_masks:
        each = "and by the mask of each shot" if prepared.store.own_masks else "in every shot"
        reporter.notify(f"{name}: {masked} pixels are masked at the input, {each}{looked}")
    else:
        hint = "" if data.find_bad_pixels else " (--find-bad-pixels looks for them)"
        reporter.notify(f"{name}: no bad pixels are known{hint}: the input mask changes nothing{looked}")


def _splits(
    store: Store, data: DataConfig, name: str, reporter: Reporter, scored: Sequence[str], *, every: bool
) -> tuple[tuple[Split, ...], int]:
    """The split of a configuration, or those of all folds; and how many folds there are, 0 without any."""
    groups = store.groups() if data.split_by == "group" else None
    hashes = store.image_hashes(reporter)
    _tell_repeats(store, hashes, name, reporter)
    folds = _apart(groups, hashes) if groups is not None and data.folds == "all" else data.fold_count
    if data.fold >= max(folds, 1):
        raise ConfigError(f"fold is {data.fold}, but {name} has {folds} groups to leave out; expected 0 to {folds - 1}")
    shots = (store.ids(), store.labels(), store.content_sha256)
    drawn = (data.split_seed, data.split_version)
    try:
        if folds:
            all_folds = make_folds(*shots, folds, *drawn, groups=groups, hashes=hashes)
            splits = all_folds if every else all_folds[data.fold : data.fold + 1]
        else:
            splits = (make_split(*shots, *drawn, groups=groups, hashes=hashes),)
    except FewGroupsError as error:
        raise (DataError(f"{name}: {error.found}", _MORE_RUNS) if store.simulated else error) from None
    names, by_group = store.class_names, groups is not None
    for split in splits:
        require_scorable(store.path, split, store.labels(), names, by_group=by_group, parts=scored)
    if groups is not None:
        shares = ", ".join(f"{part} {len(getattr(splits[0], part)) / store.count:.0%}" for part in PARTS)
        first = "of the shots in the first fold" if every else "of the shots"
        reporter.notify(f"{name}: {len(np.unique(groups))} groups kept whole: {shares} {first}")
    return splits, folds


def _apart(groups: NDArray[np.int32], hashes: NDArray[np.uint64]) -> int:
    """How many groups can be left out one after the other; three where there are fewer, which a split refuses."""
    return max(3, len(np.unique(merged_groups(groups, first_of_each(hashes), 3))))


def _tell_repeats(store: Store, hashes: NDArray[np.uint64], name: str, reporter: Reporter) -> None:
    """Say how many shots share their image with others, and which of them have different labels."""
    labels = store.labels()
    found = repeats(hashes, labels)
    if found.images:
        reporter.notify(f"{name}: {found}; they stay in one part of the split")
    if found.contradicting:
        words = contradictions_in_words(contradictions(hashes, labels), store.ids(), labels, store.class_names)
        reporter.notify(
            f"{name}: {found.contradicting} images have contradicting labels: {words}; import the source again with "
            "--on-conflict drop or first"
        )
