"""What `--precision auto` means on a CPU: float32, or bfloat16 where a trial finds it faster; decided once and kept."""

import torch

from airybench.config import SweepConfig, TrialConfig
from airybench.jobs.options import RunOptions
from airybench.reporter import Reporter
from airybench.sweep.cost import network_costs, training_work
from airybench.sweep.forecast import LITTLE_WORK
from airybench.sweep.space import Cell, cells, ends
from airybench.sweep.trial_list import TrialList
from airybench.training.step_trial import SECONDS, has_bfloat16, step_times
from airybench.trial.prepared import PreparedDataset

GAIN = 1.25
"""How much faster bfloat16 has to be to be chosen. Near 1 the noise of a trial would choose now one, now the other."""


def settled_study(sweep: SweepConfig, dataset: PreparedDataset, reporter: Reporter) -> SweepConfig:
    """A new study with the number format of all of its trials: that in which they take less time together.

    Args:
        sweep: the study, on these data; its trials run on this CPU.
        dataset: the data.
        reporter: receives the choice.
    """
    if sweep.base.training.precision != "auto" or any("precision" in grid for grid in sweep.space):
        return sweep
    found = cells(ends(sweep))
    if not _faster(found, TrialList(sweep).total() / len(found), dataset, reporter):
        return sweep
    return sweep.model_copy(update={"base": sweep.base.replace({"precision": "bfloat16"})})


def settled_training(
    config: TrialConfig, dataset: PreparedDataset, scope: str, options: RunOptions, reporter: Reporter
) -> TrialConfig:
    """A training with its number format: that of the interrupted training which it resumes, or that of a trial.

    Args:
        config: the training, on these data.
        dataset: the data, and the device to train on.
        scope: names the folder of its checkpoints.
        options: whether it starts afresh.
        reporter: receives the choice.
    """
    if config.training.precision != "auto" or dataset.device != torch.device("cpu"):
        return config
    mixed = config.replace({"precision": "bfloat16"})
    for one in () if options.fresh else (config, mixed):
        if dataset.checkpoints(one, scope).folder.is_dir():
            return one
    return mixed if _faster([Cell(config, {})], 1, dataset, reporter) else config


def _faster(found: list[Cell], trials: float, dataset: PreparedDataset, reporter: Reporter) -> bool:
    """Whether bfloat16 is worth it for some cells; not tried where there is little work, or no instructions for it.

    Args:
        found: the cells.
        trials: of each cell.
        dataset: the data.
        reporter: receives the choice.
    """
    classes, shots = len(dataset.store.class_names), dataset.store.count
    costs = network_costs(found, classes)
    works = {cell.digest: training_work(cell, costs[cell.digest], shots) for cell in found}
    if sum(works.values()) * trials < LITTLE_WORK or not has_bfloat16():
        return False
    families: dict[str, list[Cell]] = {}
    for cell in found:
        families.setdefault(cell.config.network.arch, []).append(cell)
    exact = mixed = 0.0
    for members in families.values():
        largest = max(members, key=lambda cell: works[cell.digest])
        times = step_times(largest.config, classes, seconds=SECONDS / len(families))
        passes = sum(works[cell.digest] for cell in members) / costs[largest.digest].multiply_adds
        exact, mixed = exact + passes * times.float32, mixed + passes * times.bfloat16
    gain = exact / mixed
    name = "bfloat16" if gain >= GAIN else "float32"
    reporter.notify(f"{dataset.name}: trained in {name}; bfloat16 is {gain:.2f} times as fast as float32 here")
    return gain >= GAIN
