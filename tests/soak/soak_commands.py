"""The commands that the soak kills: what each starts from, what to type, and what it leaves when nobody kills it."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

EXPERIMENT = """
question: Does it survive?
base:
  network: {arch: "timm:test_resnet"}
  data: {dataset: helium, count: 64, image_size: 32, antialias: true}
  training: {epochs: 2, batch_size: 16, schedule: cosine}
space: {log_activation: [true], alpha: [0.2, 0.5]}
"""
STACK_SHOTS = 1100  # more than one part of a prediction


@dataclass(frozen=True)
class Command:
    """One command line that is killed.

    Attributes:
        words: what follows `airybench`; run in the folder `work` of a copy of the template.
        result: what it made, as text that is equal whenever the result is; kills must not change it.
        done: words that say on a repetition that the work was finished before, which only the exit code 2 may go with.
        logs: whether it makes runs, and so studies, in MLflow.
        over: whether nothing is left to resume, for a command that then begins something new.
        weight: how often it is drawn.
    """

    words: tuple[str, ...]
    result: Callable[[Path], dict[str, str]]
    done: str = ""
    logs: bool = False
    over: Callable[[Path], bool] = lambda work: False
    weight: int = field(default=1)


def digest(*values: Any) -> str:
    """A short hash of arrays, bytes and everything else by its text."""
    found = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            found.update(f"{value.dtype}{value.shape}".encode())
            found.update(np.ascontiguousarray(value).tobytes() if value.dtype != object else repr(value).encode())
        else:
            found.update(value if isinstance(value, bytes) else str(value).encode())
    return found.hexdigest()[:16]


def hdf5_content(path: Path) -> dict[str, str]:
    """Every data set of a file by name, as a hash."""
    found: dict[str, str] = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.update({name: digest(item[()])}) if isinstance(item, h5py.Dataset) else None
        )
        return {key: found[key] for key in sorted(found)} | {"sha256": str(file.attrs.get("content_sha256", ""))}


def runs(work: Path) -> list[dict[str, str]]:
    """The runs in `mlflow.db`: id, status, tags and parameters, as the database has them."""
    with closing(sqlite3.connect(work / "mlflow.db")) as database:
        rows = database.execute("SELECT run_uuid, status FROM runs WHERE lifecycle_stage = 'active'").fetchall()
        found = []
        for run_id, status in rows:
            tags = dict(database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run_id,)).fetchall())
            found.append({**tags, "run_id": run_id, "status": status})
        return found


def scores(work: Path, kind: str) -> dict[str, str]:
    """Metrics on val and logits of the finished runs of a kind, by what was trained; a doubled one is an error."""
    found: dict[str, str] = {}
    with closing(sqlite3.connect(work / "mlflow.db")) as database:
        for run in runs(work):
            if run["status"] != "FINISHED" or run.get("airybench.kind") != kind:
                continue
            said = database.execute(
                "SELECT key, value, step FROM metrics WHERE run_uuid = ? ORDER BY key, step",
                (run["run_id"],),
            ).fetchall()
            params = dict(
                database.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run["run_id"],)).fetchall()
            )
            name = f"alpha {params['alpha']}"
            if name in found:
                raise AssertionError(f"two finished runs of {name}")
            stored = work / "mlruns" / "airybench" / run["run_id"] / "artifacts"
            logits = {one.name: hdf5_content(one) for one in sorted(stored.glob("predictions/*.h5"))}
            weights = digest(*(one.read_bytes() for one in sorted(stored.glob("weights/*.safetensors"))))
            held = sorted(str(one.relative_to(stored)) for one in stored.rglob("*") if one.is_file())
            found[name] = json.dumps([digest(_steady(said)), logits, weights, held])
    return found


def _steady(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Metrics that do not depend on the clock."""
    return [row for row in rows if row[0].startswith(("val/", "best/val", "train/loss", "test/"))]


def of_sweep(work: Path) -> dict[str, str]:
    """What a study says: each trial's result, and its parent's state."""
    parents = [run for run in runs(work) if run.get("airybench.kind") == "sweep"]
    found = scores(work, "trial")
    finished = [run["status"] for run in parents if run["status"] == "FINISHED"]
    return found | {"parents": str(finished), "open": still_open(work), "models": models(work)}


def of_training(work: Path) -> dict[str, str]:
    """What a single training says."""
    return scores(work, "train") | {"open": still_open(work), "models": models(work)}


def models(work: Path) -> str:
    """The logged models by name, and how many scores each has; a run that was gone on with has no second one."""
    with closing(sqlite3.connect(work / "mlflow.db")) as database:
        return str(database.execute(
            "SELECT name, status, (SELECT count(*) FROM logged_model_metrics m WHERE m.model_id = l.model_id) "
            "FROM logged_models l WHERE lifecycle_stage = 'active' ORDER BY name"
        ).fetchall())  # fmt: skip


def training_finished(work: Path) -> bool:
    """Whether a single training has finished; the same command would train once more."""
    return (work / "mlflow.db").exists() and any(
        run["status"] == "FINISHED" and run.get("airybench.kind") == "train" for run in runs(work)
    )


def still_open(work: Path) -> str:
    """The runs that are marked RUNNING."""
    return str([run["run_id"] for run in runs(work) if run["status"] == "RUNNING"])


def of_file(name: str) -> Callable[[Path], dict[str, str]]:
    """The content of an HDF5 file."""
    return lambda work: hdf5_content(work / name)


def of_bytes(*names: str) -> Callable[[Path], dict[str, str]]:
    """The very bytes of files."""
    return lambda work: {name: digest((work / name).read_bytes()) for name in names}


def of_report(work: Path) -> dict[str, str]:
    """The page without the moment at which it was made."""
    text = (work / "report.md").read_text(encoding="utf-8")
    return {"report.md": digest("\n".join(line for line in text.splitlines() if "2026" not in line))}


def onnx_outputs(work: Path) -> dict[str, str]:
    """What the exported model says of fixed counts."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(work / "model.onnx"), providers=["CPUExecutionProvider"])
    counts = np.random.default_rng(1).poisson(3, (2, 259, 259)).astype(np.uint16)
    return {"outputs": digest(*session.run(None, {"counts": counts}))}


COMMANDS = {
    "sweep": Command(
        ("sweep", "--dataset", "helium", "--config", "survive.yaml", "--study", "soak", "--checkpoint-every", "0.01"),
        of_sweep, logs=True, weight=2,
    ),
    "sweep-workers": Command(
        ("sweep", "--dataset", "helium", "--config", "survive.yaml", "--study", "soak", "--workers", "2",
         "--checkpoint-every", "0.01"),
        of_sweep, logs=True,
    ),
    "train": Command(
        ("train", "--dataset", "helium", "--config", "survive.yaml", "--epochs", "3", "--checkpoint-every", "0.01"),
        of_training, logs=True, over=training_finished, weight=2,
    ),
    "predict": Command(
        ("predict", "../model", "../stack.h5", "--images", "/images", "--photon-energy", "1200", "--output", "out.h5"),
        of_file("out.h5"), "exists already", weight=4,
    ),
    "import": Command(
        ("data", "import", "../stack.h5", "--images", "/images", "--photon-energy", "1200", "--output", "new.h5"),
        of_file("new.h5"), "exists already", weight=4,
    ),
    "simulate": Command(
        ("data", "simulate", "helium", "--count", "24", "--seed", "7", "--output", "sim.h5"),
        of_file("sim.h5"), "exists already", weight=3,
    ),
    "export": Command(
        ("export", "../model", "--format", "onnx", "--output", "model.onnx"), onnx_outputs, "exists already", weight=2
    ),
    "export-weights": Command(
        ("export", "../model", "--format", "weights", "--output", "again"),
        of_bytes("again/model.safetensors"), "exists already",
    ),
    "report": Command(
        ("report", "--study", "known", "--output", "report.html"), of_report, "exists already", weight=2
    ),
}  # fmt: skip
"""By name."""


def make_template(folder: Path, run: Callable[[Path, tuple[str, ...]], int]) -> None:
    """Make what the commands start from: a data folder with shots and a finished study, a model, a stack of images.

    Args:
        folder: where; it holds `work`, in which the commands run, and `data`, the data folder.
        run: runs an airybench command in a copy.
    """
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "survive.yaml").write_text(EXPERIMENT, encoding="utf-8")
    study = ("sweep", "--dataset", "helium", "--config", "survive.yaml", "--study", "known", "--tracking-uri")
    assert run(folder, (*study, f"sqlite:///{folder}/known/mlflow.db")) == 0
    model = ("export", "winner:known@helium", "--format", "weights", "--output", "../model")
    assert run(folder, (*model, "--tracking-uri", f"sqlite:///{folder}/known/mlflow.db")) == 0
    rng = np.random.default_rng(1612)
    with h5py.File(folder / "stack.h5", "w") as file:
        file["images"] = rng.poisson(2, (STACK_SHOTS, 259, 259)).astype(np.uint16)


def copy_template(template: Path, to: Path) -> None:
    """A fresh place for one round; what is only read is shared."""
    to.mkdir(parents=True)
    shutil.copytree(template / "work", to / "work")
    shutil.copytree(template / "data", to / "data")
    for shared in ("model", "stack.h5"):
        with suppress(FileExistsError):
            os.symlink(template / shared, to / shared)
