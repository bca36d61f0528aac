"""Logits of a trained network, batch by batch in fixed memory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from airybench.data.loading.background import RunBackgrounds, background_rows, store_reader
from airybench.data.loading.corrections import ShotCorrections
from airybench.data.loading.preprocess import network_inputs
from airybench.data.store.ids import ShotIds
from airybench.data.store.store import Store
from airybench.inference.predictor import Predictor
from airybench.reporter import SILENT, Reporter
from airybench.training.allocator import keep_freed_memory
from airybench.training.device import arranged, channels_last, checked_memory, precision

BATCH = 256
"""Shots per batch of `store_logits`."""

Network = Callable[[Tensor], Tensor]
"""From inputs (N, 1, S, S) to logits (N, C)."""


@torch.no_grad()
def logits(
    predictor: Predictor,
    counts: NDArray[np.uint16] | Tensor,
    device: torch.device,
    ids: ShotIds | None = None,
    network: Network | None = None,
) -> Tensor:
    """Logits of one batch of shots.

    Args:
        predictor: on `device`, in evaluation mode.
        counts: shape (N, H, W), above the background where the network takes that; or (N, 2, H, W) with the mask of
            each shot, see `airybench.data.loading.masking.filled_shots`.
        device: where to compute.
        ids: of the shots, shape (N,), if the noise of the training is to be added to them as well.
        network: the compiled network of the predictor; the network itself if left out.

    Returns:
        float32 on the host, shape (N, C).
    """
    config = predictor.config
    with checked_memory(config):
        raw = torch.as_tensor(counts).to(device)
        inputs = network_inputs(raw, config.data, config.input_scaling, ids=ids, fill=predictor.fill)
        with precision(config.training, device):
            found: Tensor = (network or predictor.network)(arranged(inputs, config.training))
    return found.float().cpu()


def compiled_for(batch: int, network: nn.Module) -> Network:
    """A network compiled for batches of one size; smaller batches are filled up with copies of their last shot."""
    run = torch.compile(network, dynamic=False)

    def filled(inputs: Tensor) -> Tensor:
        missing = batch - len(inputs)
        if missing:
            inputs = torch.cat([inputs, inputs[-1:].expand(missing, -1, -1, -1)])
        found: Tensor = run(inputs)
        return found[: batch - missing]

    return filled


def placed(predictor: Predictor, device: torch.device) -> Predictor:
    """A predictor on a device, in evaluation mode, with the memory layout that it was trained in."""
    keep_freed_memory(device)
    predictor = predictor.to(device).eval()
    if channels_last(predictor.config.training, device):
        predictor = predictor.to(memory_format=torch.channels_last)
    return predictor


def for_store(predictor: Predictor, store: Store) -> tuple[Predictor, ShotCorrections]:
    """A predictor that also masks what a store does, and the corrections that its shots need before.

    Args:
        predictor: on its device.
        store: the shots.

    Raises:
        DataError: a run has too few shots for the background that the network takes counts above.
    """
    data, background = predictor.config.data, None
    if predictor.subtracts:
        groups = store.groups()
        rows = rows_of_background(predictor, store.path, store.content_sha256, groups)
        background = RunBackgrounds.of(store_reader(store), groups, rows)
    corrections = ShotCorrections.of(store, predictor.good, data, background)
    if data.input_mask == "none":
        return predictor, corrections
    return predictor.with_mask(None if corrections.each else corrections.good), corrections


def rows_of_background(predictor: Predictor, path: Path, identity: str, groups: NDArray[np.int32]) -> NDArray[np.int64]:
    """The shots that backgrounds are taken from: those of the training on the same data, else of every run all shots.

    Args:
        predictor: a model that takes counts above the background.
        path: of the data, for messages.
        identity: hash of the data, where they are a store.
        groups: run of each shot, shape (N,).
    """
    kept, origin = predictor.background, predictor.provenance
    if kept is not None and origin is not None and origin.data_sha256 == identity:
        return kept
    return background_rows(path, groups)


def store_logits(
    predictor: Predictor,
    store: Store,
    rows: NDArray[np.int64],
    device: torch.device,
    *,
    title: str = "computing logits",
    reporter: Reporter = SILENT,
) -> Tensor:
    """Logits of shots of a store, with the same preprocessing and noise as in the training.

    Args:
        predictor: the model.
        store: holds the shots.
        rows: which shots, in any order, shape (N,).
        device: where to compute.
        title: of the progress bar.
        reporter: receives the progress over the shots.

    Returns:
        float32 on the host, shape (N, C).
    """
    (predictor, corrections), ids = for_store(placed(predictor, device), store), store.ids()
    found = []
    with reporter.progress(title) as progress:
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            counts = corrections.corrected(store.read_images(some), some)
            found.append(logits(predictor, counts, device, ids[some]))
            progress(start + len(some), len(rows))
    return torch.cat(found)
