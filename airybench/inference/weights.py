"""A trained network on disk, as safetensors and JSON. Nothing is unpickled, so a foreign file cannot run code."""

import json
from pathlib import Path

import safetensors
from safetensors.torch import load_file, save_file

from airybench.config import TrialConfig, validated
from airybench.errors import ConfigError, DataError
from airybench.inference.predictor import Predictor
from airybench.provenance import Provenance

FORMAT = "airybench-weights"
VERSION = 1
TENSORS = "model.safetensors"
DESCRIPTION = "model.json"


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
        content = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
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
        predictor = Predictor(config, tuple(content["class_names"]), content["label_kind"], provenance=provenance)
        predictor.network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError, ConfigError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"weights in {folder} do not fit their description: {reason}") from None
    return predictor.eval()
