"""One trial: train, write everything down on its run, hand back what the study needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import yaml

from airybench.config import DataConfig, TrialConfig, Value
from airybench.data.pipeline import Part, Resident, Scaling, resident
from airybench.data.split import PARTS, Split
from airybench.data.store import Store
from airybench.errors import TrialError
from airybench.figures.classes import class_f1, confusion
from airybench.figures.style import save
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.weights import save_weights
from airybench.tracking.dataset import DataInput, log_data
from airybench.tracking.model import WEIGHTS
from airybench.tracking.recording import Recording
from airybench.tracking.run import Run
from airybench.training.loop import Epoch, Trained, logits, train
from airybench.training.metrics import decide

KEPT = 2  # preprocessed copies of the data held at once: raw counts and scaled ones alternate in a grid


class Source:
    """A store and its split, preprocessed on demand and kept on the device from trial to trial.

    Args:
        store: the shots.
        split: which shot is in which part.
        device: where to train.
        name: what runs call the data set.
    """

    def __init__(self, store: Store, split: Split, device: torch.device, name: str) -> None:
        self.store = store
        self.name = name
        self.split = split
        self.device = device
        self._kept: dict[tuple[int, bool, Scaling], Resident] = {}

    def resident(self, config: DataConfig, scaling: Scaling) -> Resident:
        """The three parts as a network of this configuration sees them."""
        key = (config.image_size, config.antialias, scaling)
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = resident(self.store, self.split, config, scaling, self.device)
        return self._kept[key]

    @property
    def logged(self) -> dict[str, Value]:
        """What is logged is what is used: the store's own count, and a name in place of a path of this machine."""
        return {"dataset": self.name, "count": self.store.count}

    def tags(self) -> dict[str, str]:
        """What every run says about its data."""
        return {
            "airybench.data_source": self.store.source,
            "airybench.data_sha256": self.store.content_sha256,
            "airybench.split_digest": self.split.digest,
        }

    def identity(self) -> dict[str, str]:
        """Digests of the data and the split: results compare only where both agree."""
        return {"data_sha256": self.store.content_sha256, "split_digest": self.split.digest}

    def data_input(self) -> DataInput:
        """What MLflow shows as the data set of a run."""
        store = self.store
        return DataInput(
            name=self.name,
            sha256=store.content_sha256,
            file=store.path.name,
            image_shape=store.image_shape,
            class_names=store.class_names,
            sizes={part: len(getattr(self.split, part)) for part in PARTS},
            split_digest=self.split.digest,
            source=store.source,
        )

    def sentence(self) -> str:
        """The data in half a sentence, for descriptions."""
        made = " simulated" if self.store.source == "simulated" else ""
        return f"{self.name} ({self.store.count}{made} shots)"


@dataclass(frozen=True)
class Outcome:
    """What a trial came to: the objective, scores on val at the best epoch, and facts about the training."""

    value: float
    scores: dict[str, float]
    facts: dict[str, float]
    trained: Trained


def execute(
    config: TrialConfig,
    source: Source,
    run: Run,
    *,
    metric: str,
    direction: str,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Outcome:
    """Train one configuration and log parameters, metrics, plots, predictions and weights on its run.

    Raises:
        TrialError: the training failed; the run is left open for the caller to close.
    """
    began = time.monotonic()
    data = source.resident(config.data, config.input_scaling)
    run.params(config.params())
    run.tag({"mlflow.note.content": describe(config, source)})
    log_data(run, source.data_input())
    with run.artifacts() as folder:
        (folder / "config.yaml").write_text(
            yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
        )

    with Recording(run) as recording:

        def note(epoch: Epoch) -> None:
            recording.epoch(epoch.metrics(), step=epoch.number)
            on_epoch(epoch)

        trained = train(config, data, source.device, metric=metric, direction=direction, on_epoch=note)
    best = trained.best
    if metric not in best.val.values:
        raise TrialError(f"{metric} is undefined on val: no class has both a positive and a negative there")
    facts = {
        "parameters": float(sum(p.numel() for p in trained.network.parameters())),
        "seconds": time.monotonic() - began,
        "best_epoch": float(best.number),
        "images_per_second": float(np.median([epoch.images_per_second for epoch in trained.epochs])),
    }
    _keep(config, data, trained, source, run)
    run.metrics(best.val.flat("best") | {f"trial/{name}": value for name, value in facts.items()})
    reached = (
        f"Best val {metric} {best.val.values[metric]:.3f}, in epoch {best.number} of {len(trained.epochs)}; weights, "
        "predictions and plots are from that epoch."
    )
    run.tag({"mlflow.note.content": f"{describe(config, source)}\n\n{reached}"})
    return Outcome(best.val.values[metric], dict(best.val.values), facts, trained)


def describe(config: TrialConfig, source: Source) -> str:
    """What is trained on what, in a sentence that a person reads in MLflow."""
    network = config.network
    family = {"resnet": "ResNet", "vgg": "VGG"}.get(network.arch, network.arch)
    activation = (
        f"the logarithmic activation (alpha {network.alpha:g}) behind the first convolution"
        if network.log_activation
        else "no logarithmic activation"
    )
    slope = f"leaky ReLU of slope {network.leakiness:g}" if network.leakiness else "ReLU"
    return (
        f"{family}-{network.depth} with {activation} and {slope}, trained on {source.sentence()} at "
        f"{config.data.image_size} px for {config.training.epochs} epochs, seed {config.training.seed}."
    )


def _keep(config: TrialConfig, data: Resident, trained: Trained, source: Source, run: Run) -> None:
    """Weights, logits of val and test, and the plots of val as artifacts."""

    def predictions(part: Part) -> Predictions:
        found = logits(trained.network, part, config.training, source.device)
        labels = part.labels.cpu().numpy().astype(np.uint8)
        return Predictions(part.ids, found.numpy(), labels, data.class_names, data.label_kind)

    val, test = predictions(data.val), predictions(data.test)
    names, kind = data.class_names, data.label_kind
    truth = val.labels.astype(np.int64)
    answers = decide(torch.from_numpy(val.logits), kind).numpy()
    heading = f"{config.network.title} on {config.data.dataset} val"
    with run.artifacts() as folder:
        for place in (WEIGHTS, "predictions", "plots"):
            (folder / place).mkdir()
        save_weights(folder / WEIGHTS, Predictor(config, names, kind, trained.network))
        val.write(folder / "predictions" / "val.h5")
        test.write(folder / "predictions" / "test.h5")
        positives = dict(zip(names, truth.sum(0).tolist(), strict=True))
        save(class_f1(trained.best.val.f1, positives, f"F1 per class, {heading}"), folder / "plots" / "class-f1.png")
        save(confusion(answers, truth, names, kind, f"Confusion, {heading}"), folder / "plots" / "confusion.png")
