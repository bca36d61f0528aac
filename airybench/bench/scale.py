"""How cost grows: with images, in what is done to each of them, and with trials, in what a study does for each."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from airybench.bench.measure import Measurement, measurement
from airybench.bench.simulate import WARM_UP, simulate_batches
from airybench.bench.studies import StudyTimes, time_study
from airybench.config import TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.formats.dispatch import open_shots
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.split.split import make_split
from airybench.inference.logits import placed
from airybench.inference.predict import PredictOptions, predict
from airybench.inference.predictor import Predictor
from airybench.training.loop import train

COUNTS = (128, 256, 512, 1024)


@dataclass(frozen=True)
class Growth:
    """One kind of work over more and more of it.

    Attributes:
        name: what is done.
        counts: of images or trials.
        seconds: for each of the counts.
    """

    name: str
    counts: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def power(self) -> float:
        """P of seconds ~ counts^p, by least squares on logarithms: 1 is linear."""
        return float(np.polyfit(np.log(self.counts), np.log(self.seconds), 1)[0])


def rows(growths: Sequence[Growth], study: StudyTimes) -> list[Measurement]:
    """Seconds for each count, the power of their growth, and a trial's cost by tenths of the study."""
    found = []
    for one in growths:
        found += [
            measurement(one.name, f"{count} images", "s", [seconds])
            for count, seconds in zip(one.counts, one.seconds, strict=True)
        ]
        found.append(measurement(one.name, "power of the number of images (1: linear)", "", [one.power]))
    for part in np.array_split(np.arange(len(study.told)), 10):
        told = [1e3 * study.told[index] for index in part]
        found.append(measurement("a trial's cost to its study", f"trials {part[0] + 1} - {part[-1] + 1}", "ms", told))
    return found


def measure_growth(
    *,
    counts: Sequence[int] = COUNTS,
    trials: int = 1000,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Growth], StudyTimes]:
    """Simulate, train on and predict more and more helium shots, and tell a study more and more trials.

    Args:
        counts: shots, rising.
        trials: of the study.
        device: where to compute.
        progress: handed (parts done, parts in all).

    Returns:
        One growth a kind of work over images, and what the study took.
    """
    config = TrialConfig().replace({"image_size": 64, "antialias": True, "bn_momentum": 0.1, "epochs": 2})
    found: dict[str, list[float]] = {"simulate": [], "train, one epoch": [], "predict, file to file": []}
    steps = len(counts) + 1
    simulate_batches("helium", list(range(WARM_UP)), torch.device("cpu"))
    for done, count in enumerate(counts, 1):
        store = open_dataset("helium", count=count, seed=config.data.data_seed)
        began = time.perf_counter()
        simulate_batches("helium", list(range(count)), torch.device("cpu"))
        found["simulate"].append(time.perf_counter() - began)
        split = make_split(store.ids(), store.labels(), store.content_sha256, config.data.split_seed)
        data = LoadedDataset.from_store(store, split, config.data, config.input_scaling, device)
        shots = len(data.train) // config.training.batch_size * config.training.batch_size
        speed = train(config, data, device).epochs[-1].images_per_second
        found["train, one epoch"].append(shots / speed)
        predictor = placed(Predictor(config, store.class_names, "multilabel"), device)
        with tempfile.TemporaryDirectory(prefix="airybench-bench-") as folder:
            for _ in range(2):  # the first one warms up
                began = time.perf_counter()
                predict(
                    predictor,
                    open_shots(store.path),
                    Path(folder) / "p.h5",
                    device=device,
                    options=PredictOptions(force=True),
                )
                taken = time.perf_counter() - began
        found["predict, file to file"].append(taken)
        if progress:
            progress(done, steps)
    study = time_study(trials=trials, device=device)
    if progress:
        progress(steps, steps)
    return [Growth(name, tuple(counts), tuple(seconds)) for name, seconds in found.items()], study
