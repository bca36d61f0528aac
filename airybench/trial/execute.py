"""One trial: train, write everything down on its run, hand back what the study needs."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from airybench.config import DEPTHS, TIMM, DataConfig, Scaling, TrialConfig, Value
from airybench.paths import checkpoint_folder
from airybench.data.split.fraction import digest, training_fraction
from airybench.data.loading.loaded import Part, Resident, resident
from airybench.data.split.split import PARTS, Split
from airybench.data.store.store import Store
from airybench.errors import OutOfMemoryError
from airybench.figures.classes import class_f1, confusion
from airybench.figures.style import save
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Origin, Predictor
from airybench.inference.weights import save_weights
from airybench.sweep.records import measured
from airybench.tracking.dataset import DataInput, log_data
from airybench.tracking.model import WEIGHTS
from airybench.tracking.recording import Recording
from airybench.tracking.run import Run
from airybench.training.checkpoint import EVERY, Checkpoints
from airybench.training.epoch import Epoch
from airybench.training.loop import Trained, logits, train
from airybench.training.metrics import decide
from airybench.training.distributed import Ranks

HALVES = 2  # parts of a batch, once it did not fit the device whole
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
        self._kept: dict[tuple[object, ...], Resident] = {}

    def resident(self, config: DataConfig, scaling: Scaling) -> Resident:
        """The three parts as a network of this configuration sees them."""
        seen_as = (config.input, config.ccf_kind, config.ccf_delta, config.ccf_zero, config.noise, config.noise_seed)
        key = (config.image_size, config.antialias, scaling, *seen_as)
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = resident(self.store, self.split, config, scaling, self.device)
        everything = self._kept[key]
        if config.fraction == 1:
            return everything
        rows = self.training_rows(config)
        kept = np.flatnonzero(np.isin(self.split.train, rows))
        return replace(everything, train=everything.train.chosen(kept))

    def training_rows(self, config: DataConfig) -> NDArray[np.int64]:
        """Rows of the store that a configuration trains on: the training part, or its fraction."""
        ids, labels = self.store.ids(), self.store.labels()
        return training_fraction(self.split.train, ids, labels, config.fraction, config.split_seed)

    def forget(self) -> None:
        """Free the preprocessed copies, where others will train."""
        self._kept.clear()

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

    @property
    def origin(self) -> Origin:
        """What a network trained on this carries along."""
        store = self.store
        return Origin(self.name, store.source, store.content_sha256, self.split.digest, store.image_shape)

    def digest(self, config: TrialConfig) -> str:
        """Digest of a configuration on these data: the same one gives the same network."""
        content = [config.model_dump(mode="json"), self.store.content_sha256, self.split.digest]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]

    def checkpoints(
        self, config: TrialConfig, scope: str, *, every: float = EVERY, notify: Callable[[str], None] = lambda _: None
    ) -> Checkpoints:
        """Where a training of this configuration saves and goes on from.

        Args:
            config: what is trained.
            scope: study or command that it belongs to.
            every: seconds between two checkpoints at least.
            notify: handed one line where one is damaged or cannot be written.
        """
        identity = self.digest(config)
        return Checkpoints(checkpoint_folder(scope) / identity, identity, every=every, notify=notify)

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
    data = source.resident(config.data, config.input_scaling)
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


def describe(config: TrialConfig, source: Source) -> str:
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
    heading = f"{config.label} on {config.data.dataset} val"
    with run.artifacts() as folder:
        for place in (WEIGHTS, "predictions", "plots"):
            (folder / place).mkdir()
        save_weights(folder / WEIGHTS, Predictor(config, names, kind, trained.network, source.origin))
        val.write(folder / "predictions" / "val.h5")
        test.write(folder / "predictions" / "test.h5")
        positives = dict(zip(names, truth.sum(0).tolist(), strict=True))
        save(class_f1(trained.best.val.f1, positives, f"F1 per class, {heading}"), folder / "plots" / "class-f1.png")
        save(confusion(answers, truth, names, kind, f"Confusion, {heading}"), folder / "plots" / "confusion.png")
