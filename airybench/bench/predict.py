"""How much of a bare forward pass a prediction from a compressed store reaches, and that its memory is flat."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from airybench.bench.measure import Measurement, measurement, peak_memory
from airybench.config import TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.formats.dispatch import open_shots
from airybench.data.loading.preprocess import network_inputs
from airybench.errors import ConfigError
from airybench.inference.logits import placed
from airybench.inference.predict import BATCH, PredictOptions, predict
from airybench.inference.predictor import Predictor
from airybench.training.device import arranged, precision

GOALS = {"cpu": 0.90, "cuda": 0.80}
RATE_GOAL = {"cuda": 27_000.0}
"""Images per second on a GPU: the full pulse rate of the European XFEL."""

OVER = 3


def bench_predict(
    *,
    config: TrialConfig,
    count: int = 512,
    repeats: int = 3,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> list[Measurement]:
    """Predict a compressed store again and again, from file to file, beside forward passes over one ready batch.

    Args:
        config: network, image size, precision.
        count: shots of the simulated store, made on first use; its first third is predicted as well, for memory.
        repeats: turns.
        device: where to compute.
        progress: handed (turns done, turns in all).

    Returns:
        Images per second of both, the share, seconds per image of the whole over those of a third, peak memory.

    Raises:
        ConfigError: count or repeats is too small.
    """
    batch = BATCH[device.type]
    if count < OVER * batch or repeats < 1:
        raise ConfigError(f"count {count}, repeats {repeats}: at least {OVER * batch} and 1 are needed")
    long = open_shots(open_dataset("helium", count=count, seed=config.data.data_seed).path)
    short = open_shots(open_dataset("helium", count=count // OVER, seed=config.data.data_seed).path)
    torch.manual_seed(config.training.seed)
    predictor = placed(Predictor(config, long.class_names, "multilabel"), device)
    counts = torch.from_numpy(long.read(0, batch)).to(device)
    ready = arranged(network_inputs(counts, config.data, config.input_scaling), config.training)

    @torch.no_grad()
    def bare() -> float:
        passes = count // batch
        _wait(device)
        began = time.perf_counter()
        for _ in range(passes):
            with precision(config.training, device):
                predictor.network(ready)
        _wait(device)
        return passes * batch / (time.perf_counter() - began)

    rates: dict[str, list[float]] = {"bare": [], "long": [], "short": []}
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="airybench-bench-") as folder:
        output = Path(folder) / "predictions.h5"
        for turn in range(repeats + 1):
            limit = bare()
            found = {}
            for name, shots in (("short", short), ("long", long)):
                began = time.perf_counter()
                predict(predictor, shots, output, device=device, options=PredictOptions(force=True))
                found[name] = shots.count / (time.perf_counter() - began)
                peaks.setdefault(name, peak_memory())
            if turn:
                rates["bare"].append(limit)
                for name, rate in found.items():
                    rates[name].append(rate)
            if progress:
                progress(turn + 1, repeats + 1)
    subject = f"{config.network.title} {config.data.image_size} px"
    share = [ours / limit for ours, limit in zip(rates["long"], rates["bare"], strict=True)]
    linear = [short_rate / long_rate for short_rate, long_rate in zip(rates["short"], rates["long"], strict=True)]
    added = peaks["long"] - peaks["short"]
    rate_goal = RATE_GOAL.get(device.type, float("nan"))
    return [
        measurement(subject, "prediction, file to file", "images/s", rates["long"], goal=rate_goal),
        measurement(subject, "bare forward pass, the limit", "images/s", rates["bare"]),
        measurement(subject, "share of the bare forward pass", "ratio", share, goal=GOALS[device.type]),
        measurement(subject, f"time per image, {count} to {count // OVER} images", "ratio", linear),
        measurement(subject, f"memory that {count} images add to {count // OVER}", "MB", [added]),
        measurement(subject, "peak memory", "MB", [peak_memory()]),
    ]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
