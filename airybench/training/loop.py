"""One training from start to end: epochs, evaluation on val, checkpoints, and the weights of the best epoch."""

from dataclasses import dataclass

import torch
from torch import nn

from airybench.config import RANKING, Objective, TrialConfig
from airybench.data.loading.loaded import LoadedDataset
from airybench.interrupts import Interrupts
from airybench.networks.build import build
from airybench.training.allocator import keep_freed_memory
from airybench.training.checkpoint import Checkpoints
from airybench.training.device import channels_last, checked_memory
from airybench.training.distributed import ALONE, Ranks
from airybench.training.epoch import NO_CALLBACKS, Epoch, EpochCallbacks
from airybench.training.state import TrainingState
from airybench.training.trainer import Trainer, is_due, is_finished, seed_generators


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        network: with the weights of its best epoch.
        best: that epoch.
        epochs: all evaluated epochs.
    """

    network: nn.Module
    best: Epoch
    epochs: tuple[Epoch, ...]


def train(
    config: TrialConfig,
    data: LoadedDataset,
    device: torch.device,
    *,
    objective: Objective = RANKING,
    callbacks: EpochCallbacks = NO_CALLBACKS,
    checkpoints: Checkpoints | None = None,
    accumulate: int = 1,
    ranks: Ranks = ALONE,
) -> Trained:
    """Train one network.

    Args:
        config: network and training; its data section was used to load `data`.
        data: the three splits, loaded for `device`.
        device: where to train.
        objective: chooses the best epoch, on val.
        callbacks: called after each evaluation on val, and when the training resumes from a checkpoint.
        checkpoints: where to save, and from where to resume; nothing is saved when left out.
        accumulate: number of parts that each batch is split into on its way through the network; the optimiser's step
            is that of the whole batch, but batch norm sees one part at a time.
        ranks: the processes that share the training.

    Raises:
        DivergedError: the loss became NaN or infinite.
        OutOfMemoryError: network and batch do not fit the device.
        KeyboardInterrupt: Ctrl-C or SIGTERM, between two steps and with a checkpoint written.
        DataError: a checkpoint is of another version or training.
    """
    ranks.require(min(config.training.batch_size, len(data.train)))
    keep_freed_memory(device)
    seed_generators(config.training.seed)
    with checked_memory(config), Interrupts() as interrupts:
        network = _network(config, data, device, sync_batch_norm=ranks.sync_batch_norm)
        if ranks.world > 1:
            seed_generators(config.training.seed + ranks.rank)  # equal weights, but dropout of its own in each process
        trainer = Trainer(config, network, data, device, accumulate, ranks)
        state = trainer.state
        if _restored(state, checkpoints, ranks, config.training.seed):
            callbacks.on_resume(tuple(state.epochs))
        own_checkpoints = checkpoints if ranks.lead else None  # the lead saves for all
        if _run_epochs(trainer, interrupts, objective, callbacks, own_checkpoints):
            if own_checkpoints:
                own_checkpoints.save(state.tensors(), state.facts())
            raise KeyboardInterrupt
        assert state.best is not None
        network.load_state_dict(state.best_weights)
    return Trained(network, state.best, tuple(state.epochs))


def _run_epochs(
    trainer: Trainer,
    interrupts: Interrupts,
    objective: Objective,
    callbacks: EpochCallbacks,
    checkpoints: Checkpoints | None,
) -> bool:
    """Train to the end of the last epoch; returns whether an interrupt came first."""
    state, ranks, config = trainer.state, trainer.ranks, trainer.config
    finished = is_finished(state, config)
    while not finished:
        if trainer.run_epoch(interrupts):
            return True
        if not is_due(state.epoch, config):
            continue
        epoch = trainer.evaluate()
        state.keep_if_best(epoch, objective)
        finished = ranks.any(bool(callbacks.on_epoch(epoch))) or is_finished(state, config)
        if ranks.any(interrupts.requested):
            return True
        if checkpoints and (finished or checkpoints.due()):
            checkpoints.save(state.tensors(), state.facts())
    return False


def _network(config: TrialConfig, data: LoadedDataset, device: torch.device, *, sync_batch_norm: bool) -> nn.Module:
    """The untrained network on its device, in the memory layout that it is trained in."""
    network = build(config.network, len(data.class_names), config.data.image_size, config.data.channels).to(device)
    if channels_last(config.training, device):
        network = network.to(memory_format=torch.channels_last)
    if sync_batch_norm:
        from timm.layers import convert_sync_batchnorm

        network = convert_sync_batchnorm(network)
    return network


def _restored(state: TrainingState, checkpoints: Checkpoints | None, ranks: Ranks, seed: int) -> bool:
    """Continue from the newest checkpoint, if there is one; returns whether there was."""
    saved = ranks.shared(lambda: checkpoints.load() if checkpoints else None)
    if not saved:
        return False
    state.restore(*saved)
    if not ranks.lead:  # the checkpoint holds the random state of the lead; the others need dropout of their own
        torch.manual_seed((seed + ranks.rank) * 1_000_003 + state.epoch)
    return True
