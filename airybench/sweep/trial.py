"""One trial: train, write everything down on its run, hand back what the study needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import yaml

from airybench.config import DataConfig, TrialConfig, Value
from airybench.data.pipeline import Part, Resident, Scaling, resident
from airybench.data.split import Split
from airybench.data.store import Store
from airybench.errors import OutOfMemoryError
from airybench.figures.classes import class_f1, confusion
from airybench.figures.style import save
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.weights import save_weights
from airybench.sweep.records import measured
from airybench.tracking.model import WEIGHTS
from airybench.tracking.run import Run
from airybench.training.loop import Epoch, Trained, logits, train
from airybench.training.metrics import decide

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
        self._kept: dict[tuple[int, bool, Scaling], Resident] = {}

    def resident(self, config: DataConfig, scaling: Scaling) -> Resident:
        """The three parts as a network of this configuration sees them."""
        key = (config.image_size, config.antialias, scaling)
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = resident(self.store, self.split, config, scaling, self.device)
        return self._kept[key]

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
) -> Outcome:
    """Train one configuration and log parameters, metrics, plots, predictions and weights on its run.

    A batch that does not fit the device is tried once more in two halves, which the run's tag says.

    Args:
        config: what to train.
        source: the data.
        run: where to write.
        metric: the first objective, which names the best epoch.
        direction: which way of it is better.
        on_epoch: called after each epoch; True ends the training there, and what it came to counts.

    Raises:
        TrialError: the training failed; the run is left open for the caller to close.
    """
    began = time.monotonic()
    data = source.resident(config.data, config.input_scaling)
    run.params(config.params())
    with run.artifacts() as folder:
        (folder / "config.yaml").write_text(
            yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
        )

    def note(epoch: Epoch) -> bool | None:
        run.metrics(epoch.metrics(), step=epoch.number)
        return on_epoch(epoch)

    def trained_in(parts: int) -> Trained:
        return train(config, data, source.device, metric=metric, direction=direction, on_epoch=note, accumulate=parts)

    parts, batch = 1, config.training.batch_size
    try:
        trained = trained_in(parts)
    except OutOfMemoryError:
        if batch < HALVES:
            raise
        parts = HALVES
    if parts > 1:  # outside the handler, whose traceback holds on to the tensors that did not fit
        if source.device.type == "cuda":
            torch.cuda.empty_cache()
        run.tag({"airybench.accumulate": str(parts), "airybench.out_of_memory": f"batch {batch} was halved"})
        trained = trained_in(parts)
    best = trained.best
    facts = {
        "parameters": float(sum(p.numel() for p in trained.network.parameters())),
        "seconds": time.monotonic() - began,
        "best_epoch": float(best.number),
        "images_per_second": float(np.median([epoch.images_per_second for epoch in trained.epochs])),
        "epochs": float(len(trained.epochs)),
        "accumulate": float(parts),
    }
    value = measured(metric, best.val.values, facts)
    _keep(config, data, trained, source, run)
    run.metrics(best.val.flat("best") | {f"trial/{name}": value for name, value in facts.items()})
    return Outcome(value, dict(best.val.values), facts, trained)


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
