"""Handing a model on: ONNX and pt2, from raw counts to probabilities, each checked against the network it came from."""

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from airybench.data.store.hdf5_file import writing
from airybench.errors import AirybenchError, DataError, already_exists, unknown
from airybench.inference.predictor import Predictor
from airybench.inference.weights import save_weights

FORMATS = ("onnx", "pt2", "weights")
TOLERANCE = 1e-4
DEFAULT_SHAPE = (259, 259)
OPSET = 20
SEED = 1612


@dataclass(frozen=True)
class Exported:
    """What was written, and how far its answers are from the network's on random counts.

    Attributes:
        path: the file, or the folder of weights.
        format: one of FORMATS.
        image_shape: (H, W) of the counts it takes, pixels.
        probability_error: largest difference of a probability.
        logit_error: largest difference of a logit over max(1, |logit|).
    """

    path: Path
    format: str
    image_shape: tuple[int, int]
    probability_error: float
    logit_error: float


def export(predictor: Predictor, output: Path, *, format: str, force: bool = False) -> Exported:
    """Write a model for others to run; preprocessing is inside, raw counts go in and probabilities come out.

    The input `counts` is uint16 (N, H, W) with any N, the outputs are `probabilities` and `logits`, float32 (N, C).

    Args:
        predictor: on the CPU, in evaluation mode.
        output: file to make; a folder for `weights`.
        format: `onnx`, `pt2` (torch.export), or `weights` (safetensors + JSON, what airybench itself reads).
        force: replace what is there.

    Raises:
        ConfigError: no such format.
        DataError: the output exists, or cannot be written.
        AirybenchError: the format cannot say what this network does, or says something else.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    output = output.absolute()
    if output.exists() and not force:
        raise already_exists(output)
    if output.exists() and output.is_dir() != (format == "weights"):
        expected = "a folder" if format == "weights" else "a file"
        raise DataError(f"{output}: is there and is not {expected}, which {format} is; choose another --output")
    if not output.parent.is_dir():
        raise DataError(f"{output}: the folder {output.parent} does not exist; create it, or choose another --output")
    shape = predictor.image_shape or DEFAULT_SHAPE
    if format == "weights":
        with writing(output, "export"):
            output.mkdir(exist_ok=True)
            save_weights(output, predictor)
        return Exported(output, format, shape, 0.0, 0.0)
    module = Answers(predictor.cpu()).eval()
    made = output.with_name(f".{output.name}.part")
    try:
        with writing(output, "export"), _told(format):
            run = (_onnx if format == "onnx" else _pt2)(module, made, shape)
        errors = _compare(module, run, shape)
        if not all(error <= TOLERANCE for error in errors):  # NaN is no agreement
            raise AirybenchError(
                f"{output}: the {format} model answers otherwise than the network (probabilities by {errors[0]:.1e}, "
                f"logits by {errors[1]:.1e}, at most {TOLERANCE:.0e} is expected); nothing was written"
            )
        with writing(output, "export"):
            os.replace(made, output)
    finally:
        with suppress(OSError):
            made.unlink(missing_ok=True)
    return Exported(output, format, shape, *errors)


class Answers(nn.Module):
    """A predictor that gives its logits as well."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.predictor = predictor

    def forward(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and logits, float32 (N, C), of raw counts, uint16 (N, H, W)."""
        logits = self.predictor.logits(counts)
        return torch.sigmoid(logits), logits


Run = Callable[[NDArray[np.uint16]], tuple[NDArray[np.float32], NDArray[np.float32]]]


def _onnx(module: Answers, path: Path, shape: tuple[int, int]) -> Run:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  (what torch writes ONNX with)
    except ImportError as error:
        raise AirybenchError(
            f"{error.name} is not installed, and ONNX needs it; pip install 'airybench[export]'"
        ) from None
    program: Any = torch.onnx.export(
        module, (_counts(2, shape),), dynamo=True, opset_version=OPSET, input_names=["counts"],
        output_names=["probabilities", "logits"], dynamic_shapes=({0: torch.export.Dim("shots")},), verbose=False,
    )  # fmt: skip
    model = program.model_proto
    onnx.helper.set_model_props(model, _description(module))
    onnx.save(model, str(path))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(counts: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        probabilities, logits = session.run(["probabilities", "logits"], {"counts": counts})
        return probabilities, logits

    return run


def _pt2(module: Answers, path: Path, shape: tuple[int, int]) -> Run:
    program = torch.export.export(
        module, (_counts(2, shape),), dynamic_shapes=({0: torch.export.Dim("shots")},), strict=False
    )
    with path.open("wb") as file:  # by handle: torch takes a name by its ending
        torch.export.save(program, file, extra_files=_description(module))
    with path.open("rb") as written:
        loaded = torch.export.load(written).module()

    def run(counts: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.no_grad():
            probabilities, logits = loaded(torch.from_numpy(counts))
        return probabilities.numpy(), logits.numpy()

    return run


def _compare(module: Answers, run: Run, shape: tuple[int, int]) -> tuple[float, float]:
    """Largest differences over three batches of another size each; NaN where either side is none."""
    probability, logit = [], []
    for shots in (1, 3, 5):
        counts = _counts(shots, shape)
        with torch.no_grad():
            probabilities, logits = (answer.numpy() for answer in module(counts))
        said, found = run(counts.numpy())
        probability.append(np.abs(said - probabilities).max())
        logit.append((np.abs(found - logits) / np.maximum(1, np.abs(logits))).max())
    return float(np.max(probability)), float(np.max(logit))


def _counts(shots: int, shape: tuple[int, int]) -> Tensor:
    """Counts as detectors give them: most pixels dark, a few bright, saturated ones among them."""
    rng = np.random.default_rng(SEED + shots)
    counts = rng.poisson(np.exp(rng.normal(2, 2.5, (shots, *shape)))).clip(0, 65535)
    return torch.from_numpy(counts.astype(np.uint16))


def _description(module: Answers) -> dict[str, str]:
    return {"airybench": json.dumps(module.predictor.description())}


@contextmanager
def _told(format: str) -> Iterator[None]:
    """Keep exporters quiet, and tell in a line what they cannot say."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (torch.onnx.errors.OnnxExporterError, torch._dynamo.exc.TorchDynamoException) as error:
        reason = " ".join(str(error).split())[:200]
        raise AirybenchError(f"this network cannot be said in {format} ({reason}); try another --format") from error
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
