"""Small real files: a store, a deposit written by h5py alone, and a simulator that is quick."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from airybench.data.store.store import Store
from airybench.data.store.writer import StoreWriter
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES

JOULE = 1.602176634e-19
ROUND = (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
STREAK = (0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0)
EMPTY = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own for every test."""
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def store_file(path: Path, count: int = 10, side: int = 24, **given: Any) -> Store:
    """A store of random counts with two classes."""
    rng = np.random.default_rng(given.pop("content", 0))
    options = {
        "name": "helium",
        "class_names": ("A", "B"),
        "label_kind": "multilabel",
        "source": "simulated",
        "counts_rule": "drawn",
        "seed": 3,
    } | given
    with StoreWriter(path, image_shape=(side, side), **options) as writer:
        for start in range(0, count, 4):
            ids = np.arange(start, min(start + 4, count))
            writer.append(
                rng.integers(0, 65536, (len(ids), side, side)).astype(np.uint16),
                ids=ids + 100,
                photon_energy=20.0 + ids,
                labels=np.stack([ids % 2, np.ones_like(ids)], axis=1) if options["class_names"] else None,
                truth={"radius": ids * 1.5},
            )
    return Store.open(path)


def deposit_file(
    path: Path,
    images: Sequence[NDArray[Any]],
    labels: Sequence[Sequence[int]],
    *,
    numbers: Sequence[int] | None = None,
    edit: Callable[[h5py.File], None] = lambda file: None,
) -> Path:
    """The layout of CXIDB deposit 94; entry k has id 1000 + k and 20 + k eV. `edit` may spoil it."""
    with h5py.File(path, "w") as file:
        for number, image, vector in zip(numbers or range(1, len(images) + 1), images, labels, strict=True):
            entry = file.create_group(f"entry_{number}")
            entry["instrument_1/detector_1/data"] = image
            entry["note_1/data"] = np.array(vector, np.int64)
            entry["instrument_1/source_1/energy"] = (20 + number) * JOULE
            entry["experimental_identifier"] = np.int64(1000 + number)
        edit(file)
    return path


@pytest.fixture
def write_store() -> Callable[..., Store]:
    return store_file


@pytest.fixture
def write_deposit() -> Callable[..., Path]:
    return deposit_file


@pytest.fixture
def quick_simulator(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Replace the simulator by noise that depends on (seed, i) only; counts the shots it was asked for."""
    record = SimpleNamespace(shots=0, batches=[], fail_at=None)

    def simulate(dataset: str, indices: Sequence[int], seed: int, *, balance: float = 0.0, device: str = "cpu") -> Any:
        record.shots += len(indices)
        record.batches.append(list(indices))
        if record.fail_at is not None and max(indices) >= record.fail_at:
            raise KeyboardInterrupt
        rngs = [np.random.default_rng([seed, index]) for index in indices]
        rows = np.array([ROUND, STREAK, EMPTY] if dataset == "helium" else np.eye(5), np.uint8)
        return SimpleNamespace(
            images=np.stack([rng.poisson(5, (259, 259)).astype(np.uint16) for rng in rngs]),
            labels=rows[np.array(indices) % len(rows)],
            photon_energy=np.array([20 + rng.random() for rng in rngs], np.float32),
            truth={"radius": np.array([rng.random() for rng in rngs], np.float32)},
        )

    monkeypatch.setattr("airybench.physics.simulate.simulate", simulate)
    assert len(HELIUM_CLASSES) == 11
    assert len(CXIDB_CLASSES) == 5
    return record
