"""Models in MLflow: logged from raw counts to probabilities, loaded again by our own loader."""

import re
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.errors import DataError
from airybench.inference.predictor import Predictor
from airybench.inference.weights import load_weights
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, active

WEIGHTS = "weights"  # artifact folder with what load_weights reads
RUN_ID = re.compile(r"[0-9a-f]{32}")


def log_model(run: Run, predictor: Predictor, example: NDArray[np.uint16]) -> str:
    """Log a predictor as the MLflow model of a run, with signature and example.

    Args:
        run: the run it belongs to.
        predictor: on the CPU, in evaluation mode.
        example: raw counts, uint16, shape (2, H, W); two, so that the batch stays free.

    Returns:
        Model URI, `models:/m-...`.
    """
    import mlflow

    with torch.no_grad():
        answer = predictor(torch.from_numpy(example)).numpy()
    # The batch is free; the image size is what this network was trained on.
    signature = mlflow.models.infer_signature(example, answer)
    tags = run.client.get_run(run.run_id).data.tags
    with active(run.tracking.uri), mlflow.start_run(run_id=run.run_id), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        info = mlflow.pytorch.log_model(
            predictor,
            name="model",
            signature=signature,
            input_example=example,
            pip_requirements=[f"{name}=={_version(name)}" for name in ("torch", "numpy", "mlflow")],
        )
    # The context above closed the run as its own; give it back its state.
    run.tag({"airybench.state": tags.get("airybench.state", "finished"), "airybench.model_uri": info.model_uri})
    return str(info.model_uri)


def load(model: str, tracking: Tracking | None = None) -> Predictor:
    """Load a predictor from a weights folder or a run id.

    Args:
        model: a folder written by `save_weights`, or the id of a run that has `weights/`.
        tracking: where runs are; needed for a run id.

    Raises:
        DataError: neither, or damaged weights.
    """
    if Path(model).is_dir():
        return load_weights(Path(model))
    run_id = model.removeprefix("runs:/").partition("/")[0]
    if RUN_ID.fullmatch(run_id) and tracking is not None:
        with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
            return load_weights(Run(tracking, run_id).fetch(WEIGHTS, Path(folder)))
    raise DataError(f"model {model!r} is neither a weights folder nor a run id")


def _version(name: str) -> str:
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return "0"
