"""What is reached without a network on a data set and its split: fitted once, then kept in the data folder."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from numpy.typing import ArrayLike

from airybench.config import TrialConfig
from airybench.config.baseline import LIT_PIXELS, NAMES, BaselineConfig
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.store.labels import miss_column
from airybench.errors import AirybenchError
from airybench.inference.majority import majority_logits
from airybench.inference.predictions import Predictions
from airybench.parsing import read_json
from airybench.paths import data_folder
from airybench.physics.features import brightness, features
from airybench.reporter import SILENT, Reporter
from airybench.training.support_vectors import fit
from airybench.trial.artifacts import split_predictions
from airybench.trial.lit_pixels import lit_pixel_predictions
from airybench.trial.prepared import PreparedDataset

VERSION = 1
"""Increases whenever the same data give other baselines, so that kept ones are not taken for them."""

DATA = {"image_size", "antialias", "noise", "noise_seed", "fraction", "split_seed"}
"""What of the configuration a baseline depends on, beside the shots and their split."""

SEEN: dict[str, object] = {
    "log_activation": True, "input": "image", "input_scaling": "counts", "background": "none",
    "input_mask": "none",
}  # fmt: skip
"""Baselines see counts on the detector, whatever a network would see."""


@dataclass(frozen=True)
class FittedBaseline:
    """A baseline on the shots of one split.

    Attributes:
        val: its predictions on val.
        test: its predictions on test.
        chosen: what cross-validation chose and measured, or the count of a lit pixel; empty for the majority.
        seconds: that fitting it took, when that was done.
    """

    val: Predictions
    test: Predictions
    chosen: dict[str, float]
    seconds: float


def fitted_baselines(
    prepared: PreparedDataset,
    config: TrialConfig,
    search: BaselineConfig,
    names: Sequence[str] = tuple(NAMES),
    reporter: Reporter = SILENT,
) -> dict[str, FittedBaseline]:
    """Fit baselines on the training shots, or read those that were fitted before on the same shots.

    Args:
        prepared: the shots and their split.
        config: its data part says how shots are preprocessed and which fraction trains; its seed assigns the shots to
            the folds of the cross-validation.
        search: the values that cross-validation chooses from.
        names: of the baselines, keys of NAMES.
        reporter: is told what is being fitted.

    Returns:
        By name, in the order of `names`; without the lit-pixel rule where no class is that of the misses. The rule
        predicts the one class `hit`.
    """
    config = config.replace(SEEN)
    found: dict[str, FittedBaseline] = {}
    data: LoadedDataset | None = None
    for name in names:
        if name == LIT_PIXELS and miss_column(prepared.store.class_names) is None:
            continue
        folder = data_folder() / "baselines" / _key(name, prepared, config, search)
        kept = _read(folder)
        if kept is None:
            reporter.notify(f"{prepared.name}: fitting {NAMES[name]}, once for these shots")
            if name == LIT_PIXELS:
                kept = _lit_pixels(prepared, config, search)
            else:
                data = data or prepared.loaded_for(config)
                kept = _fitted(name, data, config, search)
            _write(kept, folder)
        found[name] = kept
    return found


def _key(name: str, prepared: PreparedDataset, config: TrialConfig, search: BaselineConfig) -> str:
    """A name for a baseline on these shots; whatever changes it changes the name."""
    seen = config.data.model_dump(mode="json", include=DATA)
    shots = [prepared.store.content_sha256, prepared.split.digest]
    own = {"lit_count"}
    of_rule = name == LIT_PIXELS
    fitted = search.model_dump(mode="json", include=own if of_rule else None, exclude=None if of_rule else own)
    content = [VERSION, name, seen, config.training.seed, fitted, *shots]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _fitted(name: str, data: LoadedDataset, config: TrialConfig, search: BaselineConfig) -> FittedBaseline:
    began = time.monotonic()
    val: ArrayLike
    test: ArrayLike
    chosen: dict[str, float] = {}
    if name == "majority":
        training = data.train.labels.cpu()
        val, test = (majority_logits(training, len(split)).numpy() for split in (data.val, data.test))
    else:
        seen = brightness if name == "brightness" else features
        labels = data.train.labels.cpu().numpy().astype(np.uint8)
        found = data.train.described(seen)
        machine = fit(found, labels, search, data.class_names, data.label_kind, config.training.seed)
        val, test = (machine.logits(split.described(seen)) for split in (data.val, data.test))
        chosen = machine.chosen
    seconds = time.monotonic() - began
    return FittedBaseline(
        split_predictions(val, data.val, data), split_predictions(test, data.test, data), chosen, seconds
    )


def _lit_pixels(prepared: PreparedDataset, config: TrialConfig, search: BaselineConfig) -> FittedBaseline:
    began = time.monotonic()
    val, test, count = lit_pixel_predictions(prepared, config, search.lit_count)
    return FittedBaseline(val, test, {"lit_count": count}, time.monotonic() - began)


def _read(folder: Path) -> FittedBaseline | None:
    """A baseline that was kept; None where there is none, or where its files are damaged."""
    if not folder.is_dir():
        return None
    try:
        facts = read_json(folder / "baseline.json")
        val, test = (Predictions.read(folder / f"{part}.h5") for part in ("val", "test"))
        chosen = {str(key): float(value) for key, value in facts["chosen"].items()}
        return FittedBaseline(val, test, chosen, float(facts["seconds"]))
    except (AirybenchError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return None


def _write(one: FittedBaseline, folder: Path) -> None:
    """Keep a baseline: under another name first, so that another process finds all of it or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        one.val.write(partial / "val.h5")
        one.test.write(partial / "test.h5")
        facts = {"chosen": one.chosen, "seconds": one.seconds}
        (partial / "baseline.json").write_text(json.dumps(facts), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # damaged, or it would have been read
        os.replace(partial, folder)
    except OSError:
        pass  # another process kept the same one first, or the disk is full: nothing depends on it
    finally:
        shutil.rmtree(partial, ignore_errors=True)
