"""One trial: train the network, log everything on its run, and return what the study needs."""

import json
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import yaml

from airybench.config import DEPTHS, RANKING, TIMM, Objective, TrialConfig
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.split.fraction import digest
from airybench.errors import OutOfMemoryError
from airybench.inference.predictor import Predictor
from airybench.inference.stressed import STRESSED
from airybench.inference.weights import save_weights
from airybench.provenance import DIGESTS, digests_text
from airybench.tracking.dataset import log_data
from airybench.tracking.recording import Recording
from airybench.tracking.run import Run
from airybench.tracking.tags import Tag
from airybench.tracking.weights import WEIGHTS
from airybench.training.checkpoint import Checkpoints
from airybench.training.device import number_format
from airybench.training.distributed import ALONE, Ranks
from airybench.training.epoch import Epoch, EpochCallbacks
from airybench.training.loop import Trained, train
from airybench.training.trainer import split_logits
from airybench.trial.artifacts import split_predictions, write_results
from airybench.trial.outcome import Outcome, measured
from airybench.trial.prepared import PreparedDataset
from airybench.trial.stress import stress_test

HALVES = 2  # parts of a batch that did not fit the device whole


def execute(
    config: TrialConfig,
    dataset: PreparedDataset,
    run: Run,
    *,
    objective: Objective = RANKING,
    on_epoch: Callable[[Epoch], bool | None] = lambda epoch: None,
    checkpoints: Checkpoints | None = None,
    ranks: Ranks = ALONE,
    stress: bool = False,
) -> Outcome:
    """Train one configuration and log parameters, metrics, plots, predictions and weights on its run.

    A batch that does not fit the device is tried once more in two halves, which a tag of the run says.

    Args:
        config: what to train.
        dataset: on which data.
        run: its run.
        objective: the first objective of the study, which chooses the best epoch.
        on_epoch: called after each evaluation on val; returning True ends the training there, and its result counts.
        checkpoints: where to save and from where to resume; epochs of a checkpoint are logged where the run lacks them.
        ranks: the processes that share the training, of which this is the lead.
        stress: whether the test shots are predicted under changes of the detector as well.

    Raises:
        TrialError: the training failed; the run is left open for the caller to close.
    """
    began = time.monotonic()
    data = dataset.loaded_for(config)
    _log_inputs(config, dataset, run)
    with Recording(run) as recording:
        train_in_parts = partial(
            train, config, data, dataset.device, objective=objective, checkpoints=checkpoints, ranks=ranks,
            callbacks=_callbacks(recording, run, on_epoch),
        )  # fmt: skip
        parts = 1
        try:
            trained = train_in_parts()
        except OutOfMemoryError:
            if config.training.batch_size < HALVES or ranks.world > 1:
                raise
            parts = HALVES
        if parts > 1:  # outside the handler, whose traceback holds on to the tensors that did not fit
            if dataset.device.type == "cuda":
                torch.cuda.empty_cache()
            halved = f"batch {config.training.batch_size} was halved"
            run.tag({Tag.ACCUMULATE: str(parts), Tag.OUT_OF_MEMORY: halved})
            trained = train_in_parts(accumulate=parts)
    best = trained.best
    facts = _facts(data, trained) | {"seconds": time.monotonic() - began, "accumulate": float(parts)}
    value = measured(objective.metric, best.val.values, facts)
    _log_results(config, data, trained, dataset, run, stress=stress)
    run.metrics(best.val.flat("best") | {f"trial/{name}": fact for name, fact in facts.items()})
    reached = (
        f"Best val {objective.metric} {value:.3f}, in epoch {best.number} of {trained.epochs[-1].number}; weights, "
        "predictions and plots are from that epoch."
    )
    run.tag({Tag.NOTE: f"{describe(config, dataset)}\n\n{reached}"})
    return Outcome(value, dict(best.val.values), facts)


def describe(config: TrialConfig, dataset: PreparedDataset) -> str:
    """What is trained on what, in a sentence for the run's page in MLflow."""
    network = config.network
    family = {"resnet": f"ResNet-{network.depth}", "vgg": f"VGG-{network.depth}"}.get(
        network.arch, network.arch.removeprefix(TIMM)
    )
    learned = ", trained as well" if network.learn_alpha else ""
    activation = (
        f"the logarithmic activation (alpha {network.alpha:g}{learned}) after the first convolution"
        if network.log_activation
        else "no logarithmic activation"
    )
    slope = f"leaky ReLU of slope {network.leakiness:g}" if network.leakiness else "ReLU"
    if network.arch not in DEPTHS:
        slope = "its own activations"
    return (
        f"{family} with {activation} and {slope}, trained on {dataset.summary()} at "
        f"{config.data.image_size} px for {config.training.epochs} epochs, seed {config.training.seed}."
    )


def _log_inputs(config: TrialConfig, dataset: PreparedDataset, run: Run) -> None:
    """Parameters, provenance, data set and configuration, before the training begins."""
    run.params(config.params())
    used = {Tag.PRECISION: number_format(config.training, dataset.device)}
    provenance = dataset.provenance(config).tags()
    run.tag({Tag.NOTE: describe(config, dataset), **used, **provenance})
    log_data(run, dataset.data_input())
    with run.artifacts() as folder:
        text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        if config.data.fraction < 1:
            ids, rows = dataset.store.ids(), dataset.training_rows(config.data)
            training = {
                "fraction": config.data.fraction,
                "digest": digest(rows, ids),
                "ids": np.sort(ids[rows]).tolist(),
            }
            run.tag({DIGESTS: f"{provenance[DIGESTS]} {digests_text(training=digest(rows, ids))}"})
            (folder / "training.json").write_text(json.dumps(training) + "\n", encoding="utf-8")


def _callbacks(recording: Recording, run: Run, on_epoch: Callable[[Epoch], bool | None]) -> EpochCallbacks:
    """Log every epoch once, those of a checkpoint too, and pass the new ones on."""

    def record(epoch: Epoch) -> bool | None:
        recording.epoch(epoch.metrics(), step=epoch.number)
        return on_epoch(epoch)

    def replay(epochs: tuple[Epoch, ...]) -> None:
        logged = run.steps("train/loss")
        for epoch in epochs:
            if epoch.number not in logged:
                recording.epoch(epoch.metrics(), step=epoch.number)

    return EpochCallbacks(record, replay)


def _facts(data: LoadedDataset, trained: Trained) -> dict[str, float]:
    return {
        "training_shots": float(len(data.train)),
        "parameters": float(sum(p.numel() for p in trained.network.parameters())),
        "best_epoch": float(trained.best.number),
        "images_per_second": float(np.median([epoch.images_per_second for epoch in trained.epochs])),
        "epochs": float(trained.epochs[-1].number),
    }


def _log_results(
    config: TrialConfig, data: LoadedDataset, trained: Trained, dataset: PreparedDataset, run: Run, *, stress: bool
) -> None:
    """Weights, predictions and plots as artifacts."""
    val, test = (
        split_predictions(split_logits(trained.network, split, config.training, dataset.device), split, data)
        for split in (data.val, data.test)
    )
    provenance, (good, _) = dataset.provenance(config), dataset.trained_mask(config.data)
    predictor = Predictor(config, data.class_names, data.label_kind, trained.network, provenance, good,
                          dataset.background_rows(config.data))  # fmt: skip
    with run.artifacts() as folder:
        (folder / WEIGHTS).mkdir()
        save_weights(folder / WEIGHTS, predictor)
        write_results(folder, val, test, trained.best.val, f"{config.label} on {config.data.dataset}")
        if stress:
            run.metrics(stress_test(predictor, dataset, test, folder / "predictions" / STRESSED))
