"""What tests share: a data folder of their own, no tracking variables from outside, one small finished benchmark."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from files import deposit_file, store_file

from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES

ROUND = (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
STREAK = (0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0)
EMPTY = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)

TINY = """
question: Does it run?
base:
  network: {arch: resnet, depth: 18, bn_momentum: 0.1}
  data: {count: 64, image_size: 32, antialias: true}
  training: {epochs: 1, batch_size: 16, schedule: cosine}
space:
  - {log_activation: [true, false], alpha: [0.2], leakiness: [0.2]}
  - {log_activation: [true], alpha: [0.5], leakiness: [0.0]}
"""
"""A sweep of three cells that takes seconds."""

if "PYTEST_XDIST_WORKER" in os.environ:  # workers that share the cores only get in one another's way with threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["AIRYBENCH_DATA"] = ""  # set by the fixture below; no test may fall back on the user's own folder
for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
    os.environ.pop(name, None)
os.environ["MPLBACKEND"] = "Agg"
# A shell's background job, as a CI may be, ignores Ctrl-C, and every process that it starts inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder for the whole session, so that stand-ins are simulated once."""
    folder = tmp_path_factory.mktemp("airybench-data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRYBENCH_DATA", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def no_tracking_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow keeps its global URI in the environment; a test must not inherit the one before it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(autouse=True)
def nothing_left_where_tests_are_started(request: pytest.FixtureRequest) -> Iterator[None]:
    """Without a store of their own, commands log into the folder that they are run in."""
    runs = [request.config.rootpath / name for name in ("mlflow.db", "mlruns")]
    before = [path.exists() for path in runs]
    yield
    assert [path.exists() for path in runs] == before, "the test logged into the folder that it was started from"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny experiment as a file."""
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Benchmark:
    """A finished sweep over both data sets."""

    folder: Path
    uri: str
    printed: str


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Benchmark:
    """The tiny sweep over both data sets, run once through the command line."""
    import contextlib
    import io

    from airybench.cli.main import run

    folder = tmp_path_factory.mktemp("benchmark")
    out = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out):
        code = run(["sweep", "--dataset", "helium", "--dataset", "cxidb", "--config", str(tiny), "--study", "both"])
    assert code == 0, out.getvalue()
    return Benchmark(folder, f"sqlite:///{folder / 'mlflow.db'}", out.getvalue())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder for one test."""
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def write_store() -> Callable[..., Any]:
    return store_file


@pytest.fixture
def write_deposit() -> Callable[..., Path]:
    return deposit_file


@pytest.fixture
def quick_simulator(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Replace the simulator by noise that depends on (seed, i) only; counts the shots it was asked for."""
    record = SimpleNamespace(shots=0, batches=[], fail_at=None)

    def simulate(dataset: str, indices: Sequence[int], seed: int, **_: Any) -> Any:
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
            groups=np.zeros(len(indices), np.int32),
        )

    monkeypatch.setattr("airybench.physics.simulate.simulate", simulate)
    assert len(HELIUM_CLASSES) == 11
    assert len(CXIDB_CLASSES) == 5
    return record
