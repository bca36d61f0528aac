"""From a data set's name to a source of trials."""

import numpy as np
import torch

from airybench.config import TrialConfig
from airybench.data.datasets.catalog import display_name, open_dataset
from airybench.data.split.split import PARTS, make_split
from airybench.errors import DataError
from airybench.reporter import SILENT, Reporter
from airybench.trial.prepared import PreparedDataset


def prepare(
    dataset: str, config: TrialConfig, device: torch.device, reporter: Reporter = SILENT, *, load: bool = True
) -> PreparedDataset:
    """Find or make the store behind a name, split it, and load what this configuration sees of it.

    Args:
        dataset: name or path.
        config: which shots, how they are split and how they are seen.
        device: where to.
        reporter: receives notices and progress.
        load: leave the images where they are when False.

    Raises:
        DataError: no such data, damaged, without labels, or too few shots for three parts.
    """
    data = config.data
    store = open_dataset(dataset, count=data.count, seed=data.data_seed, reporter=reporter)
    if not store.labelled:
        raise DataError(f"{store.path} has no labels; training needs a labelled store")
    groups = store.groups() if data.split_by == "group" else None
    split = make_split(
        store.ids(),
        store.labels(),
        store.content_sha256,
        data.split_seed,
        groups=groups,
        folds=data.folds,
        fold=data.fold,
    )
    if groups is not None:
        sizes = {name: len(getattr(split, name)) for name in PARTS}
        shares = ", ".join(f"{name} {size / store.count:.0%}" for name, size in sizes.items())
        reporter.notify(f"{display_name(dataset)}: {len(np.unique(groups))} groups kept whole: {shares} of the shots")
    source = PreparedDataset(store, split, device, display_name(dataset))
    if load:  # kept for the first trial; an unreadable image is met before any run
        source.loaded(data, config.input_scaling)
    return source
