"""A trained network on disk, as safetensors and JSON. Nothing is unpickled, so a foreign file cannot run code."""

import json
from pathlib import Path

import safetensors
from safetensors.torch import load_file, save_file

from airybench.config import TrialConfig, validated
from airybench.data.store.schema import LABEL_KINDS
from airybench.errors import ConfigError, DataError
from airybench.inference.predictor import Predictor
from airybench.parsing import read_json
from airybench.provenance import Provenance

FORMAT = "airybench-weights"
VERSION = 1
TENSORS = "model.safetensors"
DESCRIPTION = "model.json"

_MISFITS = (AttributeError, TypeError, ValueError, RuntimeError, ArithmeticError, MemoryError)


def save_weights(folder: Path, predictor: Predictor) -> None:
    """Write `model.safetensors` and `model.json` into an existing folder."""
    state = {key: value.detach().cpu().contiguous() for key, value in predictor.network.state_dict().items()}
    save_file(state, folder / TENSORS)
    content = {"format": FORMAT, "version": VERSION, **predictor.description()}
    (folder / DESCRIPTION).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def load_weights(folder: Path) -> Predictor:
    """Read a folder written by `save_weights`.

    Returns:
        The predictor in evaluation mode, on the CPU.

    Raises:
        DataError: a file is missing or damaged, has another version, or the weights do not fit the description.
    """
    try:
        content = read_json(folder / DESCRIPTION)
        state = load_file(folder / TENSORS)
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} holds no {Path(error.filename or TENSORS).name}; expected a weights/ folder"
        ) from None
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise DataError(f"weights in {folder} are damaged ({error}); train again or restore the file") from None
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise DataError(f"{folder / DESCRIPTION} is not {FORMAT} version {VERSION}; it was written by another program")
    try:
        config = validated(TrialConfig, content["config"])
        provenance = Provenance.from_json(content)
        names, kind = content["class_names"], content["label_kind"]
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("class_names is no list of names")
        if kind not in LABEL_KINDS:
            raise ValueError(f"label_kind {kind!r}, expected one of {', '.join(LABEL_KINDS)}")
        predictor = Predictor(config, tuple(names), kind, provenance=provenance)
        predictor.network.load_state_dict(state)
    except (LookupError, *_MISFITS, ConfigError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"weights in {folder} do not fit their description: {reason}") from None
    return predictor.eval()
