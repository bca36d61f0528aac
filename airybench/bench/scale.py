"""How cost grows with the number of images, and with the number of trials of a study."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from airybench.bench.measure import Measurement, counted_steps, measurement
from airybench.bench.simulate import WARM_UP, simulate_batches
from airybench.bench.studies import StudyTimes, time_study
from airybench.config import TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.formats.dispatch import open_shots
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.split.split import make_split
from airybench.data.store.store import Store
from airybench.inference.logits import placed
from airybench.inference.predict import PredictOptions, predict
from airybench.inference.predictor import Predictor
from airybench.reporter import SILENT, Reporter
from airybench.training.loop import train

COUNTS = (128, 256, 512, 1024)  # images


@dataclass(frozen=True)
class Growth:
    """The time of one kind of work for rising numbers of images.

    Attributes:
        name: of the work.
        counts: numbers of images.
        seconds: time for each of them.
    """

    name: str
    counts: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def power(self) -> float:
        """Exponent p of seconds ~ counts^p, by least squares on logarithms: 1 is linear.

        >>> round(Growth("work", (10, 20, 40), (1.0, 2.0, 4.0)).power, 6)
        1.0
        """
        return float(np.polyfit(np.log(self.counts), np.log(self.seconds), 1)[0])


def rows(growths: Sequence[Growth], study: StudyTimes) -> list[Measurement]:
    """Seconds for each number of images, the power of their growth, and the cost of a trial by tenths of the study."""
    found = []
    for one in growths:
        found += [
            measurement(one.name, f"{count} images", "s", [seconds])
            for count, seconds in zip(one.counts, one.seconds, strict=True)
        ]
        found.append(measurement(one.name, "power of the number of images (1: linear)", "", [one.power]))
    for part in np.array_split(np.arange(len(study.per_trial)), 10):
        milliseconds = [1e3 * study.per_trial[index] for index in part]
        found.append(
            measurement("a trial's cost to its study", f"trials {part[0] + 1} - {part[-1] + 1}", "ms", milliseconds)
        )
    return found


def measure_growth(
    *,
    counts: Sequence[int] = COUNTS,
    trials: int = 1000,
    device: torch.device,
    reporter: Reporter = SILENT,
) -> tuple[list[Growth], StudyTimes]:
    """Simulate, train on and predict rising numbers of helium shots, and fill a study with trials.

    Args:
        counts: rising numbers of shots.
        trials: number of trials of the study.
        device: where to compute.
        reporter: shows progress.

    Returns:
        One growth per kind of work, and the times of the study.
    """
    config = TrialConfig().replace({"image_size": 64, "antialias": True, "bn_momentum": 0.1, "epochs": 2})
    works = {
        "simulate": _simulation_seconds,
        "train, one epoch": _epoch_seconds,
        "predict, file to file": _prediction_seconds,
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    simulate_batches("helium", list(range(WARM_UP)), torch.device("cpu"))
    with counted_steps(reporter, "measuring growth", len(counts) + 1) as advance:
        for count in counts:
            store = open_dataset("helium", count=count, seed=config.data.data_seed, simulator=config.data.simulator)
            for name, work in works.items():
                seconds[name].append(work(config, store, device))
            advance()
        study = time_study(trials=trials, device=device)
        advance()
    return [Growth(name, tuple(counts), tuple(times)) for name, times in seconds.items()], study


def _simulation_seconds(config: TrialConfig, store: Store, device: torch.device) -> float:
    began = time.perf_counter()
    simulate_batches("helium", list(range(store.count)), torch.device("cpu"))
    return time.perf_counter() - began


def _epoch_seconds(config: TrialConfig, store: Store, device: torch.device) -> float:
    """Time of the last epoch of a training on a store."""
    of = config.data
    split = make_split(store.ids(), store.labels(), store.content_sha256, of.split_seed, of.split_version)
    data = LoadedDataset.from_store(store, split, config.data, config.input_scaling, device)
    shots = len(data.train) // config.training.batch_size * config.training.batch_size
    return shots / train(config, data, device).epochs[-1].images_per_second


def _prediction_seconds(config: TrialConfig, store: Store, device: torch.device) -> float:
    """Time of the second of two predictions of a store; the first one warms up."""
    predictor = placed(Predictor(config, store.class_names, "multilabel"), device)
    again = PredictOptions(force=True)
    with tempfile.TemporaryDirectory(prefix="airybench-bench-") as folder:
        for _ in range(2):
            began = time.perf_counter()
            predict(predictor, open_shots(store.path), Path(folder) / "p.h5", device=device, options=again)
            taken = time.perf_counter() - began
    return taken
