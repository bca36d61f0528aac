"""How fast a compressed store is predicted, as a share of bare forward passes, and that its memory is flat."""

import tempfile
import time
from pathlib import Path

import torch

from airybench.bench.measure import Measurement, counted_steps, measurement, require_at_least, wait_for
from airybench.bench.memory import peak_memory
from airybench.config import TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.formats.dispatch import open_shots
from airybench.data.loading.preprocess import network_inputs
from airybench.inference.logits import placed
from airybench.inference.predict import BATCH, PredictOptions, predict
from airybench.inference.predictor import Predictor
from airybench.reporter import SILENT, Reporter
from airybench.training.device import arranged, precision

GOALS = {"cpu": 0.90, "cuda": 0.80}
"""Share of the bare forward pass to reach."""

RATE_GOAL = {"cuda": 27_000.0}
"""Images per second to reach on a GPU: the full pulse rate of the European XFEL."""

OVER = 3
"""The store is also predicted to this fraction, to compare time per image and memory."""


def bench_predict(
    *,
    config: TrialConfig,
    count: int = 512,
    repeats: int = 3,
    device: torch.device,
    reporter: Reporter = SILENT,
) -> list[Measurement]:
    """Predict a compressed store repeatedly, file to file, and time forward passes over one ready batch.

    Args:
        config: network, image size, precision.
        count: shots of the store, which is simulated on first use. A store of a third is predicted, too.
        repeats: number of repeats.
        device: where to compute.
        reporter: shows progress.

    Returns:
        Images per second of both, the share of the forward pass that prediction reaches, seconds per image of the whole
        over those of the third, and peak memory.

    Raises:
        ConfigError: count or repeats is too small.
    """
    batch = BATCH[device.type]
    require_at_least(count=(count, OVER * batch), repeats=(repeats, 1))
    long = open_shots(
        open_dataset("helium", count=count, seed=config.data.data_seed, simulator=config.data.simulator).path
    )
    short = open_shots(
        open_dataset("helium", count=count // OVER, seed=config.data.data_seed, simulator=config.data.simulator).path
    )
    torch.manual_seed(config.training.seed)
    predictor = placed(Predictor(config, long.class_names, "multilabel"), device)
    counts = torch.from_numpy(long.read(0, batch)).to(device)
    ready = arranged(network_inputs(counts, config.data, config.input_scaling), config.training)

    @torch.no_grad()
    def bare() -> float:
        passes = count // batch
        wait_for(device)
        began = time.perf_counter()
        for _ in range(passes):
            with precision(config.training, device):
                predictor.network(ready)
        wait_for(device)
        return passes * batch / (time.perf_counter() - began)

    rates: dict[str, list[float]] = {"bare": [], "long": [], "short": []}
    peaks: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="airybench-bench-") as folder,
        counted_steps(reporter, "predicting", repeats + 1) as advance,
    ):
        output = Path(folder) / "predictions.h5"
        for turn in range(repeats + 1):
            limit = bare()
            found = {}
            for name, shots in (("short", short), ("long", long)):
                began = time.perf_counter()
                predict(predictor, shots, output, device=device, options=PredictOptions(force=True))
                found[name] = shots.count / (time.perf_counter() - began)
                peaks.setdefault(name, peak_memory())
            if turn:  # the first one warms up
                rates["bare"].append(limit)
                for name, rate in found.items():
                    rates[name].append(rate)
            advance()
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
