"""Export of a model as ONNX or pt2, from raw counts to probabilities, and its check against the original network."""

import json
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from airybench.config import SEED
from airybench.data.hdf5.opening import writing
from airybench.errors import AirybenchError, DataError, already_exists, unknown
from airybench.inference.predictor import Predictor
from airybench.inference.weights import save_weights
from airybench.paths import refuse_special

FORMATS = ("onnx", "pt2", "weights")

TOLERANCE = 1e-4
"""Largest accepted difference of a probability or a logit between the exported model and the network."""

DEFAULT_SHAPE = (259, 259)
"""(H, W) in pixels of the counts of a model that does not know the size of its images."""

OPSET = 20
"""Version of the ONNX operators."""


@dataclass(frozen=True)
class Exported:
    """What was written, and how much it differs from the network for random counts.

    Attributes:
        path: the file, or the folder of weights.
        format: one of `FORMATS`.
        image_shape: (H, W) in pixels of the counts that the model takes.
        probability_error: largest difference of a probability.
        logit_error: largest difference of a logit, divided by max(1, |logit|).
    """

    path: Path
    format: str
    image_shape: tuple[int, int]
    probability_error: float
    logit_error: float


def export(predictor: Predictor, output: Path, *, format: str, force: bool = False) -> Exported:
    """Write a model that other programs can run. It contains the preprocessing: its input is raw counts.

    The input `counts` is uint16 (N, H, W) with any N; the outputs `probabilities` and `logits` are float32 (N, C). A
    model that takes counts above the background has a second input `background`, uint16 (H, W): the median image of
    the run that the counts are from.

    Args:
        predictor: on the CPU, in evaluation mode.
        output: file to write; a folder for `weights`.
        format: `onnx`, `pt2` (torch.export), or `weights` (safetensors and JSON, which airybench itself reads).
        force: replace an existing output.

    Raises:
        ConfigError: no such format.
        DataError: the output exists, or cannot be written.
        AirybenchError: the network cannot be expressed in the format, or the exported model gives other results.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    output = output.absolute()
    _require_writable(output, format, force=force)
    shape = predictor.image_shape or DEFAULT_SHAPE
    if format == "weights":
        _save_weights(output, predictor)
        return Exported(output, format, shape, 0.0, 0.0)
    module = WithLogits(predictor.cpu()).eval()
    unfinished = output.with_name(f".{output.name}.part")
    try:
        with writing(output, "export"), _quiet(format):
            run = (_onnx if format == "onnx" else _pt2)(module, unfinished, shape)
        errors = _compare(module, run, shape)
        if not all(error <= TOLERANCE for error in errors):  # also refuses NaN
            raise AirybenchError(
                f"{output}: the {format} model differs from the network (probabilities by {errors[0]:.1e}, logits by "
                f"{errors[1]:.1e}; at most {TOLERANCE:.0e} is expected); nothing was written"
            )
        with writing(output, "export"):
            os.replace(unfinished, output)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return Exported(output, format, shape, *errors)


def _save_weights(output: Path, predictor: Predictor) -> None:
    """Write the folder of weights under another name: a kill leaves no half of it to be refused the next time."""
    unfinished = output.with_name(f".{output.name}.part")
    with writing(output, "export"):
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            unfinished.mkdir()
            save_weights(unfinished, predictor)
            if not output.exists():
                unfinished.rename(output)
                return
            for file in sorted(unfinished.iterdir()):  # other files in the folder stay
                os.replace(file, output / file.name)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _require_writable(output: Path, format: str, *, force: bool) -> None:
    """Refuse an output that exists, is no file or folder as the format needs it, or has no parent folder."""
    refuse_special(output)
    if output.exists() and not force:
        raise already_exists(output)
    if output.exists() and output.is_dir() != (format == "weights"):
        expected, found = ("a folder", "a file") if format == "weights" else ("a file", "a folder")
        raise DataError(f"{output} is {found}, but {format} is written as {expected}; choose another --output")
    if not output.parent.is_dir():
        raise DataError(f"{output}: the folder {output.parent} does not exist; create it, or choose another --output")


class WithLogits(nn.Module):
    """A predictor that returns its logits as well.

    Args:
        predictor: on the CPU, in evaluation mode.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.predictor = predictor

    def forward(self, counts: Tensor, background: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Probabilities and logits, float32 (N, C), of raw counts, uint16 (N, H, W), and a background (H, W)."""
        logits = self.predictor.logits(counts, background)
        return torch.sigmoid(logits), logits


Run = Callable[..., tuple[NDArray[np.float32], NDArray[np.float32]]]
"""An exported model: from counts, and the background where it takes one, to probabilities and logits."""


def _onnx(module: WithLogits, path: Path, shape: tuple[int, int]) -> Run:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  (what torch writes ONNX with)
    except ImportError as error:
        raise AirybenchError(
            f"{error.name} is not installed, but ONNX needs it; pip install 'airybench[export]'"
        ) from None
    given, free = _example(module, shape)
    names = ["counts", "background"][: len(given)]
    program: Any = torch.onnx.export(
        module, given, dynamo=True, opset_version=OPSET, input_names=names,
        output_names=["probabilities", "logits"], dynamic_shapes=free, verbose=False,
    )  # fmt: skip
    model = program.model_proto
    onnx.helper.set_model_props(model, _description(module))
    onnx.save(model, str(path))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(*inputs: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        probabilities, logits = session.run(["probabilities", "logits"], dict(zip(names, inputs, strict=True)))
        return probabilities, logits

    return run


def _pt2(module: WithLogits, path: Path, shape: tuple[int, int]) -> Run:
    given, free = _example(module, shape)
    program = torch.export.export(module, given, dynamic_shapes=free, strict=False)
    content = BytesIO()  # on a full disk, torch's own writer ends the process
    torch.export.save(program, content, extra_files=_description(module))
    path.write_bytes(content.getbuffer())
    with path.open("rb") as written:
        loaded = torch.export.load(written).module()

    def run(*inputs: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.no_grad():
            probabilities, logits = loaded(*map(torch.from_numpy, inputs))
        return probabilities.numpy(), logits.numpy()

    return run


def _compare(module: WithLogits, run: Run, shape: tuple[int, int]) -> tuple[float, float]:
    """Largest differences of probabilities and logits over batches of three sizes; NaN if any value is NaN."""
    probability, logit = [], []
    for shots in (1, 3, 5):
        inputs = (_counts(shots, shape), *_background(module, shape))
        with torch.no_grad():
            probabilities, logits = (output.numpy() for output in module(*inputs))
        exported_probabilities, exported_logits = run(*(one.numpy() for one in inputs))
        probability.append(np.abs(exported_probabilities - probabilities).max())
        logit.append((np.abs(exported_logits - logits) / np.maximum(1, np.abs(logits))).max())
    return float(np.max(probability)), float(np.max(logit))


def _counts(shots: int, shape: tuple[int, int]) -> Tensor:
    """Random counts like those of detectors: most pixels are dark, a few are bright, and some of those saturated."""
    rng = np.random.default_rng(SEED + shots)
    counts = rng.poisson(np.exp(rng.normal(2, 2.5, (shots, *shape)))).clip(0, 65535)
    return torch.from_numpy(counts.astype(np.uint16))


def _background(module: WithLogits, shape: tuple[int, int]) -> tuple[Tensor, ...]:
    """The background that a model is given beside counts; none where it takes none."""
    return (_counts(7, shape)[0],) if module.predictor.subtracts else ()


def _example(module: WithLogits, shape: tuple[int, int]) -> tuple[tuple[Tensor, ...], tuple[dict[int, Any], ...]]:
    """Inputs to trace a model with, and which of their axes are free: the number of shots."""
    background = _background(module, shape)
    return (_counts(2, shape), *background), ({0: torch.export.Dim("shots")}, *({} for _ in background))


def _description(module: WithLogits) -> dict[str, str]:
    return {"airybench": json.dumps(module.predictor.description())}


@contextmanager
def _quiet(format: str) -> Iterator[None]:
    """Silence the exporters, and turn their errors into one line."""
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
        raise AirybenchError(f"this network cannot be exported as {format} ({reason}); try another --format") from error
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
