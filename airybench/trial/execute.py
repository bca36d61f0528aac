"""One trial: train, write everything down on its run, hand back what the study needs."""

import json
import time
from collections.abc import Callable

import numpy as np
import torch
import yaml

from airybench.config import DEPTHS, TIMM, TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.data.split.fraction import digest
from airybench.errors import OutOfMemoryError
from airybench.figures.classes import class_f1, confusion
from airybench.figures.style import save
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.weights import save_weights
from airybench.tracking.dataset import log_data
from airybench.tracking.model import WEIGHTS
from airybench.tracking.recording import Recording
from airybench.tracking.run import Run
from airybench.training.checkpoint import Checkpoints
from airybench.training.distributed import Ranks
from airybench.training.epoch import Epoch
from airybench.training.loop import Trained, train
from airybench.training.metrics import decide
from airybench.training.trainer import split_logits
from airybench.trial.outcome import Outcome, measured
from airybench.trial.prepared import PreparedDataset

HALVES = 2  # parts of a batch, once it did not fit the device whole


def execute(
    config: TrialConfig,
    source: PreparedDataset,
    run: Run,
    *,
    metric: str,
    direction: str,
    on_epoch: Callable[[Epoch], bool | None] = lambda epoch: None,
    checkpoints: Checkpoints | None = None,
    ranks: Ranks | None = None,
    sync_bn: bool = False,
) -> Outcome:
    """Train one configuration and log parameters, metrics, plots, predictions and weights on its run.

    A batch that does not fit the device is tried once more in two halves, which the run's tag says.

    Args:
        config: what to train.
        source: on which data.
        run: its run.
        metric: the first objective, which names the best epoch.
        direction: which way of it is better.
        on_epoch: called after each look at val; True ends the training there, and what it came to counts.
        checkpoints: where to save and go on from; what they hold of the course is logged where the run lacks it.
        ranks: the processes that share the training; this is their lead.
        sync_bn: batch-norm statistics over all of them.

    Raises:
        TrialError: the training failed; the run is left open for the caller to close.
    """
    began = time.monotonic()
    data = source.loaded(config.data, config.input_scaling)
    run.params(config.params())
    run.tag({"mlflow.note.content": describe(config, source)})
    log_data(run, source.data_input())
    with run.artifacts() as folder:
        (folder / "config.yaml").write_text(
            yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
        )
        if config.data.fraction < 1:
            ids, rows = source.store.ids(), source.training_rows(config.data)
            run.tag({"airybench.training_digest": digest(rows, ids)})
            training = {
                "fraction": config.data.fraction,
                "digest": digest(rows, ids),
                "ids": np.sort(ids[rows]).tolist(),
            }
            (folder / "training.json").write_text(json.dumps(training) + "\n", encoding="utf-8")

    with Recording(run) as recording:

        def note(epoch: Epoch) -> bool | None:
            recording.epoch(epoch.metrics(), step=epoch.number)
            return on_epoch(epoch)

        def replay(epochs: tuple[Epoch, ...]) -> None:
            known = run.steps("train/loss")
            for epoch in epochs:
                if epoch.number not in known:
                    recording.epoch(epoch.metrics(), step=epoch.number)

        def trained_in(parts: int) -> Trained:
            return train(
                config, data, source.device, metric=metric, direction=direction, on_epoch=note, on_resume=replay,
                checkpoints=checkpoints, accumulate=parts, ranks=ranks, sync_bn=sync_bn,
            )  # fmt: skip

        parts, batch = 1, config.training.batch_size
        try:
            trained = trained_in(parts)
        except OutOfMemoryError:
            if batch < HALVES or (ranks is not None and ranks.world > 1):
                raise
            parts = HALVES
        if parts > 1:  # outside the handler, whose traceback holds on to the tensors that did not fit
            if source.device.type == "cuda":
                torch.cuda.empty_cache()
            run.tag({"airybench.accumulate": str(parts), "airybench.out_of_memory": f"batch {batch} was halved"})
            trained = trained_in(parts)
    best = trained.best
    facts = {
        "training_shots": float(len(data.train)),
        "parameters": float(sum(p.numel() for p in trained.network.parameters())),
        "seconds": time.monotonic() - began,
        "best_epoch": float(best.number),
        "images_per_second": float(np.median([epoch.images_per_second for epoch in trained.epochs])),
        "epochs": float(trained.epochs[-1].number),
        "accumulate": float(parts),
    }
    value = measured(metric, best.val.values, facts)
    _keep(config, data, trained, source, run)
    run.metrics(best.val.flat("best") | {f"trial/{name}": value for name, value in facts.items()})
    reached = (
        f"Best val {metric} {value:.3f}, in epoch {best.number} of {trained.epochs[-1].number}; weights, predictions "
        "and plots are from that epoch."
    )
    run.tag({"mlflow.note.content": f"{describe(config, source)}\n\n{reached}"})
    return Outcome(value, dict(best.val.values), facts, trained)


def describe(config: TrialConfig, source: PreparedDataset) -> str:
    """What is trained on what, in a sentence that a person reads in MLflow."""
    network = config.network
    family = {"resnet": f"ResNet-{network.depth}", "vgg": f"VGG-{network.depth}"}.get(
        network.arch, network.arch.removeprefix(TIMM)
    )
    learned = ", trained as well" if network.learn_alpha else ""
    activation = (
        f"the logarithmic activation (alpha {network.alpha:g}{learned}) behind the first convolution"
        if network.log_activation
        else "no logarithmic activation"
    )
    slope = f"leaky ReLU of slope {network.leakiness:g}" if network.leakiness else "ReLU"
    if network.arch not in DEPTHS:
        slope = "its own activations"
    return (
        f"{family} with {activation} and {slope}, trained on {source.sentence()} at "
        f"{config.data.image_size} px for {config.training.epochs} epochs, seed {config.training.seed}."
    )


def _keep(config: TrialConfig, data: LoadedDataset, trained: Trained, source: PreparedDataset, run: Run) -> None:
    """Weights, logits of val and test, and the plots of val as artifacts."""

    def predictions(part: LoadedSplit) -> Predictions:
        found = split_logits(trained.network, part, config.training, source.device)
        labels = part.labels.cpu().numpy().astype(np.uint8)
        return Predictions(part.ids, found.numpy(), labels, data.class_names, data.label_kind)

    val, test = predictions(data.val), predictions(data.test)
    names, kind = data.class_names, data.label_kind
    truth = val.labels.astype(np.int64)
    answers = decide(torch.from_numpy(val.logits), kind).numpy()
    heading = f"{config.label} on {config.data.dataset} val"
    with run.artifacts() as folder:
        for place in (WEIGHTS, "predictions", "plots"):
            (folder / place).mkdir()
        save_weights(folder / WEIGHTS, Predictor(config, names, kind, trained.network, source.provenance(config)))
        val.write(folder / "predictions" / "val.h5")
        test.write(folder / "predictions" / "test.h5")
        positives = dict(zip(names, truth.sum(0).tolist(), strict=True))
        save(class_f1(trained.best.val.f1, positives, f"F1 per class, {heading}"), folder / "plots" / "class-f1.png")
        save(confusion(answers, truth, names, kind, f"Confusion, {heading}"), folder / "plots" / "confusion.png")
