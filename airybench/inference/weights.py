"""A trained network on disk, as safetensors and JSON. Nothing is unpickled, so a foreign file cannot run code.

`model.json` holds the hash of `model.safetensors`, and one over itself, so that no weight, class name, scaling of the
input or size of the images can change without a word. Files of version 1, from before that, are read and named as such.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save

from airybench.config import recorded_trial
from airybench.data.store.schema import LABEL_KINDS
from airybench.errors import ConfigError, DataError
from airybench.inference.predictor import BACKGROUND, MASK, Predictor
from airybench.parsing import read_json
from airybench.provenance import Provenance
from airybench.training.checkpoint import sha256_of_facts, sha256_of_file

FORMAT = "airybench-weights"
VERSION = 2
FIRST_VERSION = 1
"""Without a hash."""

HASH, TENSORS_HASH = "sha256", "tensors_sha256"
TENSORS = "model.safetensors"
DESCRIPTION = "model.json"

_MISFITS = (AttributeError, TypeError, ValueError, RuntimeError, ArithmeticError, MemoryError)


def save_weights(folder: Path, predictor: Predictor) -> None:
    """Write `model.safetensors` and `model.json` into an existing folder."""
    state = {key: value.detach().cpu().contiguous() for key, value in predictor.tensors().items()}
    (folder / TENSORS).write_bytes(save(state))  # `save_file` has an error of its own for a full disk
    content = {"format": FORMAT, "version": VERSION, **predictor.description()}
    content[TENSORS_HASH] = sha256_of_file(folder / TENSORS)
    content[HASH] = sha256_of_facts(content)
    (folder / DESCRIPTION).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def load_weights(folder: Path) -> Predictor:
    """Read a folder written by `save_weights`.

    Returns:
        The predictor in evaluation mode, on the CPU.

    Raises:
        DataError: a file is missing, damaged, changed or of another version, or the weights do not fit the description.
    """
    for name in (DESCRIPTION, TENSORS):
        if (folder / name).exists() and not (folder / name).is_file():  # a pipe without a writer is waited for
            raise DataError(f"{folder / name} is no file", "restore the file")
    try:
        content = read_json(folder / DESCRIPTION)
        version = _checked_version(folder, content)
        state = load_file(folder / TENSORS)
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} holds no {Path(error.filename or TENSORS).name}; expected a weights/ folder"
        ) from None
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise DataError(f"weights in {folder} are damaged ({error}); train again or restore the file") from None
    try:
        provenance = Provenance.from_json(content)
        config = recorded_trial(content["config"], simulated=provenance is None or provenance.simulated)
        names, kind = content["class_names"], content["label_kind"]
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("class_names is no list of names")
        if kind not in LABEL_KINDS:
            raise ValueError(f"label_kind {kind!r}, expected one of {', '.join(LABEL_KINDS)}")
        mask = state.pop(MASK, None)
        if mask is not None and (mask.ndim != 2 or mask.dtype != torch.uint8):
            raise ValueError(f"{MASK} is {mask.dtype} of shape {tuple(mask.shape)}, expected uint8 (H, W)")
        good = None if mask is None else mask.numpy() > 0
        rows = state.pop(BACKGROUND, None)
        if rows is not None and (rows.ndim != 1 or rows.dtype != torch.int64):
            raise ValueError(f"{BACKGROUND} is {rows.dtype} of shape {tuple(rows.shape)}, expected int64 (R,)")
        taken = None if rows is None else rows.numpy()
        predictor = Predictor(config, tuple(names), kind, provenance=provenance, good=good, background=taken)
        predictor.network.load_state_dict(state)
        _require_finite(state)
        predictor.hashed = version > FIRST_VERSION
    except (LookupError, *_MISFITS, ConfigError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"weights in {folder} do not fit their description: {reason}") from None
    return predictor.eval()


def _require_finite(state: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights with which every probability could be NaN, which compares as no class."""
    for name, values in state.items():
        if values.is_floating_point() and not values.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")


def _checked_version(folder: Path, content: Any) -> int:
    """The version of a description, once both files are as they were written, as far as that version can tell."""
    version = content.get("version") if isinstance(content, Mapping) else None
    if type(version) is not int or not FIRST_VERSION <= version <= VERSION or content.get("format") != FORMAT:
        raise DataError(
            f"{folder / DESCRIPTION} is not {FORMAT} version {FIRST_VERSION} to {VERSION}; it was written by another "
            f"program"
        )
    hashes = {key: content.get(key) for key in (HASH, TENSORS_HASH)}
    if version == FIRST_VERSION and not any(hashes.values()):
        return FIRST_VERSION
    facts = {key: value for key, value in content.items() if key != HASH}
    for name, expected, found in (
        (DESCRIPTION, hashes[HASH], sha256_of_facts(facts)),
        (TENSORS, hashes[TENSORS_HASH], sha256_of_file(folder / TENSORS)),
    ):
        if expected != found:
            raise DataError(
                f"{folder / name} was changed or damaged: its hash is {found[:12]}, {str(expected)[:12]} expected",
                "train again or restore both files",
            )
    return version
