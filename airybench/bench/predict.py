"""How fast a compressed store is predicted, as a share of bare forward passes, and that its memory is flat."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from airybench.bench.long_store import long_store
from airybench.bench.measure import Measurement, counted_steps, measurement, require_at_least, wait_for
from airybench.bench.memory import peak_memory
from airybench.config import TrialConfig
from airybench.cores import usable_cores
from airybench.data.formats.dispatch import open_shots
from airybench.data.loading.prefetch import readers_for
from airybench.data.loading.preprocess import network_inputs
from airybench.inference.lanes import lanes_for, side_by_side
from airybench.inference.logits import placed
from airybench.inference.plan import PART
from airybench.inference.predict import BATCH, PredictOptions, predict
from airybench.inference.predictor import Predictor
from airybench.reporter import SILENT, Reporter
from airybench.training.device import arranged, precision

GOALS = {"cpu": 0.90, "cuda": 0.80}
"""Share of the bare forward pass to reach."""

TOGETHER_GOAL = {"cpu": 0.95}
"""Share of what decoder and network allow together to reach."""

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
        count: shots of the store, which is simulated on first use; from 1 024 on it repeats its shots. A store of a
            third is predicted, too.
        repeats: number of repeats.
        device: where to compute.
        reporter: shows progress.

    Returns:
        Images per second of prediction, forward passes and decoding alone; the shares that prediction reaches of the
        forward pass, and of what decoder and network allow together; seconds per image of the whole over those of the
        third, and peak memory.

    Raises:
        ConfigError: count or repeats is too small.
    """
    require_at_least(count=(count, OVER * BATCH[device.type]), repeats=(repeats, 1))
    with tempfile.TemporaryDirectory(prefix="airybench-bench-") as name:
        return _measured(config, count, repeats, device, Path(name), reporter)


def _measured(
    config: TrialConfig, count: int, repeats: int, device: torch.device, folder: Path, reporter: Reporter
) -> list[Measurement]:
    """The measurements, with stores and predictions in a folder."""
    batch = BATCH[device.type]
    long, short = (open_shots(long_store(number, config.data, folder).path) for number in (count, count // OVER))
    torch.manual_seed(config.training.seed)
    predictor = placed(Predictor(config, long.class_names, "multilabel"), device)
    counts = torch.from_numpy(long.read(0, batch)).to(device)
    ready = arranged(network_inputs(counts, config.data, config.input_scaling), config.training)

    @torch.no_grad()
    def forward(images: Tensor) -> None:
        with precision(config.training, device):
            predictor.network(images)

    def bare(lanes: int) -> float:
        """Images per second of the network alone, with that many batches at once."""
        parts = [*ready.split(-(-batch // lanes))] * (count // batch)
        wait_for(device)
        began = time.perf_counter()
        with side_by_side(lanes) as mapped:
            for _ in mapped(forward, parts):
                pass
        wait_for(device)
        return count // batch * batch / (time.perf_counter() - began)

    def decoded() -> float:
        """Images per second that this process reads and decodes, with one core."""
        began = time.perf_counter()
        for first in range(0, count // batch * batch, batch):
            long.read(first, first + batch)
        return count // batch * batch / (time.perf_counter() - began)

    lanes, readers = lanes_for(device, config.data.image_size), readers_for(device, count, PART, 1)
    rates: dict[str, list[float]] = {"bare": [], "lanes": [], "decoder": [], "long": [], "short": []}
    peaks: dict[str, float] = {}
    output = folder / "predictions.h5"
    with counted_steps(reporter, "predicting", repeats + 1) as advance:
        for turn in range(repeats + 1):
            limits = {"bare": bare(1), "decoder": decoded()}
            limits["lanes"] = bare(lanes) if lanes > 1 else limits["bare"]
            found = {}
            for name, shots in (("short", short), ("long", long)):
                began = time.perf_counter()
                predict(predictor, shots, output, device=device, options=PredictOptions(force=True))
                found[name] = shots.count / (time.perf_counter() - began)
                peaks.setdefault(name, peak_memory())
            if turn:  # the first one warms up
                for name, rate in (limits | found).items():
                    rates[name].append(rate)
            advance()
    cores = usable_cores()
    network = [max(pair) for pair in zip(rates["bare"], rates["lanes"], strict=True)]
    together = [
        allowed_together(decoder, fastest, cores=cores, readers=readers, device=device.type)
        for decoder, fastest in zip(rates["decoder"], network, strict=True)
    ]
    subject = f"{config.network.title} {config.data.image_size} px"
    added = peaks["long"] - peaks["short"]
    rate_goal = RATE_GOAL.get(device.type, float("nan"))
    of_both = TOGETHER_GOAL.get(device.type, float("nan"))
    return [
        measurement(subject, "prediction, file to file", "images/s", rates["long"], goal=rate_goal),
        measurement(subject, "bare forward pass, one batch after the other", "images/s", rates["bare"]),
        measurement(subject, f"bare forward pass, {lanes} at once", "images/s", rates["lanes"]),
        measurement(subject, "decoder alone, one core", "images/s", rates["decoder"]),
        measurement(subject, "decoder and network together, the limit", "images/s", together),
        measurement(subject, "share of that limit", "ratio", _over(rates["long"], together), goal=of_both),
        measurement(
            subject, "share of the bare forward pass", "ratio", _over(rates["long"], rates["bare"]),
            goal=GOALS[device.type],
        ),
        measurement(
            subject, f"time per image, {count} to {count // OVER} images", "ratio",
            _over(rates["short"], rates["long"]),
        ),
        measurement(subject, f"memory that {count} images add to {count // OVER}", "MB", [added]),
        measurement(subject, "peak memory", "MB", [peak_memory()]),
    ]  # fmt: skip


def _over(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True)]


def allowed_together(decoder: float, network: float, *, cores: int, readers: int, device: str) -> float:
    """Images per second that decoder and network allow together.

    On a CPU they share its cores, and the time of an image is the sum of both. With a GPU they work at the same time,
    and the slower one is the limit.

    Args:
        decoder: images per second of one core that decodes.
        network: images per second of the network with the whole device.
        cores: how many share out the decoding on a CPU.
        readers: processes that decode beside a GPU; with 0 it is this process.
        device: `cpu` or `cuda`.

    >>> allowed_together(1000, 1000, cores=2, readers=0, device="cpu").__round__()
    667
    >>> allowed_together(1000, 5000, cores=16, readers=8, device="cuda")
    5000
    """
    if device == "cpu":
        return 1 / (1 / (cores * decoder) + 1 / network)
    return min(max(1, readers) * decoder, network)
