"""A small model, a small store and what is predicted from them, for the tests of predictions."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from airybench.config import TrialConfig
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.inference.predict import Predicted, PredictOptions, predict
from airybench.inference.predictor import Predictor
from airybench.provenance import Provenance

CPU = torch.device("cpu")
NAMES = ("Round", "Spherical, Oblate", "Empty")
COUNT, SIDE, PART = 38, 40, 4  # ten parts, the last one short


def model(seed: int = 3, kind: str = "multilabel", **changes: Any) -> Predictor:
    torch.manual_seed(seed)
    small = {"arch": "timm:resnet10t", "image_size": 32, "antialias": True} | changes
    origin = Provenance("helium", "simulated", "0" * 64, "1" * 64, (SIDE, SIDE))
    predictor = Predictor(TrialConfig().replace(small), NAMES, kind, provenance=origin).eval()
    with torch.no_grad():  # answers on both sides of one half
        predictor.network.fc.weight *= 30
    return predictor


def images(count: int = COUNT, side: int = SIDE) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.poisson(20, (count, side, side)) * rng.integers(0, 40, (count, 1, 1))).astype(np.uint16)


def store(path: Path, names: tuple[str, ...] = (), count: int = COUNT, side: int = SIDE) -> Path:
    header = StoreHeader("run", names, "multilabel", source="simulated", counts_rule="drawn", seed=3)
    with StoreWriter(path, header, image_shape=(side, side)) as writer:
        labels = np.ones((count, len(names)), np.uint8) if names else None
        ids = 5000 - 3 * np.arange(count)
        writer.append(images(count, side), ids=ids, photon_energy=np.full(count, 20.0, np.float32), labels=labels)
    return path


def go(predictor: Predictor, shots: ShotSource, output: Path, **options: Any) -> Predicted:
    return predict(predictor, shots, output, device=CPU, options=PredictOptions(**{"readers": 0, **options}))


def columns(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {key: values[()] for key, values in file.items()}


def assert_same(path: Path, expected: dict[str, np.ndarray]) -> None:
    found = columns(path)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert found[key].dtype == values.dtype, key
        assert found[key].tobytes() == values.tobytes(), key
