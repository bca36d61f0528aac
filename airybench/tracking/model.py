"""Models in MLflow: logged with raw counts as input, found by any of their names, and loaded without unpickling."""

import re
import tempfile
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from airybench.config import TrialConfig
from airybench.data.loading.background import FEWEST
from airybench.errors import DataError
from airybench.inference.predictor import Predictor
from airybench.inference.weights import DESCRIPTION, TENSORS, load_weights
from airybench.paths import require_free
from airybench.tracking.dataset import logged_data
from airybench.tracking.find import winner_of
from airybench.tracking.model_card import ModelCard
from airybench.tracking.model_name import require_form
from airybench.tracking.run import Run
from airybench.tracking.search import models_of_run
from airybench.tracking.store import Tracking, client_of
from airybench.tracking.tags import Tag
from airybench.tracking.weights import WEIGHTS, fetch_weights

_PROGRAM_BYTES = 20 * 2**20
"""More than the files of a model take besides its tensors."""


@dataclass(frozen=True)
class ModelPlace:
    """The place of a model.

    Attributes:
        folder: of its weights, where the user named a folder; else None.
        run_id: of the run that trained it; else None.
    """

    folder: Path | None = None
    run_id: str | None = None


def example_shots(config: TrialConfig) -> int:
    """Shots of the example of a model: two, so that the batch size stays free, or enough for a background."""
    return 2 if config.data.background == "none" else FEWEST


def log_model(run: Run, predictor: Predictor, example: NDArray[np.uint16], card: ModelCard) -> str:
    """Log a predictor as the MLflow model of a run, with signature and example; a run that has ended stays so.

    Args:
        run: the run it belongs to.
        predictor: on the CPU, in evaluation mode.
        example: raw counts, uint16, shape (n, H, W), see `example_shots`.
        card: what its page says.

    Returns:
        Model URI, `models:/m-...`.
    """
    origin = run.client.get_run(run.run_id)
    model = _begun(run, origin) or run.client.create_logged_model(
        origin.info.experiment_id, name=card.name(predictor), source_run_id=run.run_id, params=dict(origin.data.params)
    )
    if str(model.status) != "READY":
        with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
            size = sum(one.nbytes for one in predictor.state_dict().values())
            # On a full disk, torch's writer ends the process.
            require_free(Path(folder), 2 * size + _PROGRAM_BYTES, "or set TMPDIR to a folder on another disk")
            _save(predictor, example, model, Path(folder) / "model")
            run.client.log_model_artifacts(model.model_id, f"{folder}/model")
        run.client.finalize_logged_model(model.model_id, "READY")
    outputs = origin.outputs.model_outputs if origin.outputs else []
    if model.model_id not in {one.model_id for one in outputs}:
        run.client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, step=0)])
    uri = f"models:/{model.model_id}"
    run.client.set_logged_model_tags(model.model_id, {Tag.NOTE: card.description(predictor, uri)})
    used = [one.dataset for one in logged_data(origin)]
    now, known = int(time.time() * 1000), {one.key for one in model.metrics or []}
    scores = {key: value for key, value in origin.data.metrics.items() if key.startswith("best/")} | card.metrics
    run.client.log_batch(
        run.run_id,
        metrics=[
            Metric(
                key, value, now, 0, model_id=model.model_id, run_id=run.run_id,
                **({"dataset_name": used[0].name, "dataset_digest": used[0].digest} if used else {}),
            )
            for key, value in scores.items() if key not in known
        ],
    )  # fmt: skip
    run.tag({Tag.MODEL_URI: uri})
    return uri


def _begun(run: Run, origin: MlflowRun) -> LoggedModel | None:
    """What an attempt that was killed left, whole or not: without it the run would have two models."""
    found = models_of_run(run.client, origin.info.experiment_id, run.run_id)
    return run.client.get_logged_model(found[0].model_id) if found else None


def _save(predictor: Predictor, example: NDArray[np.uint16], model: LoggedModel, folder: Path) -> None:
    """Write the files of a model; `mlflow.pytorch.log_model` does so as well, but cannot go on with a model."""
    import mlflow

    with torch.no_grad():
        answer = predictor(torch.from_numpy(example)).numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pytorch.save_model(
            predictor,
            folder,
            mlflow_model=mlflow.models.Model(
                artifact_path=model.artifact_location, run_id=model.source_run_id, model_id=model.model_id,
                model_uuid=model.model_id,
            ),
            # The batch size is free; the image size is that of the training images.
            signature=mlflow.models.infer_signature(example, answer),
            input_example=example,
            pip_requirements=[f"{name}=={_version(name)}" for name in ("torch", "numpy", "mlflow")],
        )  # fmt: skip


def logged_model(run: Run, example: NDArray[np.uint16], card: ModelCard) -> str:
    """The MLflow model of a run, logged from the weights that the run keeps unless it has been logged before.

    Args:
        run: a finished training.
        example: raw counts, uint16, shape (n, H, W), see `example_shots`.
        card: what its page says.

    Returns:
        Model URI, `models:/m-...`.
    """
    known = run.client.get_run(run.run_id).data.tags.get(Tag.MODEL_URI)
    return str(known) if known else log_model(run, load(run.run_id, run.tracking), example, card)


def load(model: str, tracking: Tracking | None = None) -> Predictor:
    """Load a predictor by any of the names in `model_name.FORMS`, from its weights; nothing is unpickled.

    Args:
        model: as the user names it.
        tracking: the store; needed for everything but a folder.

    Raises:
        DataError: no such model, or damaged weights.
        TrackingError: the run has no weights; see `fetch_weights`.
    """
    found = find(model, tracking)
    if found.folder is not None:
        return _read(found.folder)
    assert tracking is not None
    assert found.run_id is not None
    with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
        return _read(fetch_weights(Run(tracking, found.run_id), Path(folder)))


def find(model: str, tracking: Tracking | None = None) -> ModelPlace:
    """The folder or run that a model's name stands for.

    Raises:
        DataError: no such model, none of the forms, or a file that may hold a pickle.
    """
    path = Path(model)
    if path.is_dir():
        return ModelPlace(folder=path)
    if path.is_file():
        if path.name in (TENSORS, DESCRIPTION):
            return ModelPlace(folder=path.parent)
        _refuse_pickle(path)
        raise DataError(f"model {model} is a file; expected a folder with {TENSORS} and {DESCRIPTION}")
    scheme, _, rest = model.partition(":")
    require_form(model)
    if tracking is None:
        raise DataError(f"model {model!r} is in MLflow, but no tracking store was named; give --tracking-uri")
    if scheme == "winner":
        return ModelPlace(run_id=winner_of(tracking, rest))
    if scheme == "models":
        return ModelPlace(run_id=_run_of_model(model, tracking))
    return ModelPlace(run_id=rest.strip("/").partition("/")[0] if scheme == "runs" else model)


def _run_of_model(model: str, tracking: Tracking) -> str:
    """The run that trained a logged or registered model."""
    client = client_of(tracking.uri)
    name = model.removeprefix("models:").strip("/")
    try:
        if re.fullmatch(r"m-[0-9a-f]{32}", name):
            run_id = client.get_logged_model(name).source_run_id
        elif "@" in name:
            run_id = client.get_model_version_by_alias(*name.split("@", 1)).run_id
        elif name.partition("/")[2].isdigit():
            run_id = client.get_model_version(*name.split("/", 1)).run_id
        else:
            raise DataError(f"model {model!r} names no version; expected models:/NAME/VERSION or models:/NAME@ALIAS")
    except MlflowException as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"model {model!r} is not in {tracking.uri}: {reason}") from None
    if not run_id:
        raise DataError(f"model {model!r} belongs to no run, so it has no weights that airybench reads")
    return str(run_id)


def _read(folder: Path) -> Predictor:
    if (folder / TENSORS).is_file():
        _refuse_pickle(folder / TENSORS)
    return load_weights(folder)


def _refuse_pickle(path: Path) -> None:
    """Refuse files of torch.save and pickle: opening one would run whatever code it contains."""
    with path.open("rb") as file:
        head = file.read(4)
    # torch.save writes a zip archive around a pickle; a bare pickle of protocol 2 or later begins with 0x80 and that
    # protocol. safetensors begins with the length of its header, 8 bytes little-endian, and the header with "{".
    pickled = head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    if path.suffix.lower() in (".pkl", ".pickle") or head == b"PK\x03\x04" or (pickled and not _safetensors(path)):
        raise DataError(
            f"{path} is a pickle, which could run code when opened; expected {TENSORS} and {DESCRIPTION}, as the "
            f"{WEIGHTS}/ artifact of a run holds them"
        )


def _safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def _version(name: str) -> str:
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return "0"
