"""Predictions of the same shots as changed detectors would have recorded them, and the file that keeps them."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.config import SEED
from airybench.data.datasets.another_run import OtherRuns
from airybench.data.loading.background import RunBackgrounds, store_reader
from airybench.data.loading.corrections import ShotCorrections
from airybench.data.store.ids import ShotIds
from airybench.data.store.store import Store
from airybench.errors import ConfigError, DataError
from airybench.inference.logits import BATCH, for_store, logits, placed
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import ANOTHER_RUN, CHANGES
from airybench.reporter import SILENT, Reporter

Stressed = dict[str, dict[float, Predictions]]
"""Predictions by change and strength."""

Changer = Callable[[NDArray[np.uint16], NDArray[np.int64]], NDArray[np.uint16]]
"""From counts (n, H, W) and the rows of their shots (n,) to changed counts."""

STRESSED = "stress.npz"
"""File of the logits under every change, beside the predictions of the unchanged shots."""


def write_stressed(path: Path, stressed: Stressed) -> None:
    """Keep the logits under every change; ids and labels are those of the unchanged shots.

    Args:
        path: of the file.
        stressed: what `stressed_predictions` returns.
    """
    cases = [(name, strength) for name, found in stressed.items() for strength in found if strength]
    np.savez_compressed(
        path,
        changes=np.array([name for name, _ in cases], dtype=np.str_),
        strengths=np.array([strength for _, strength in cases], dtype=np.float64),
        logits=np.stack([stressed[name][strength].logits for name, strength in cases]),
    )


def read_stressed(path: Path, clean: Predictions) -> Stressed:
    """Read what `write_stressed` wrote.

    Args:
        path: of the file.
        clean: the predictions of the unchanged shots, which are those of strength 0.

    Raises:
        DataError: not such a file, or one of other shots.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            changes, strengths, found = (file[name] for name in ("changes", "strengths", "logits"))
        if found.dtype != np.float32 or found.shape != (len(changes), *clean.logits.shape):
            raise ValueError(f"logits {found.dtype} {found.shape} beside those of {len(clean)} shots")
        cases = list(zip(changes.tolist(), strengths.tolist(), found, strict=True))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path} holds no predictions under changes of the detector ({error}); sweep --stress writes it"
        ) from None
    stressed: Stressed = {}
    for name, strength, logits_of in cases:
        stressed.setdefault(name, {0.0: clean})[strength] = replace(clean, logits=logits_of)
    return stressed


def stressed_predictions(
    predictor: Predictor,
    store: Store,
    rows: NDArray[np.int64],
    clean: Predictions,
    plan: Mapping[str, tuple[float, ...]],
    device: torch.device,
    reporter: Reporter = SILENT,
) -> Stressed:
    """Predict shots of a store under every change in every strength; each image is read once.

    Args:
        predictor: the model.
        store: holds the shots.
        rows: which shots, shape (N,).
        clean: the predictions of these shots as they are, which are those of strength 0.
        plan: strengths by change, as `stress_plan` gives them.
        device: where to compute.
        reporter: receives the progress over shots and changes.

    Raises:
        ConfigError: the shots cannot be detected in another run.
    """
    (predictor, corrections), ids = for_store(placed(predictor, device), store), store.ids()
    cases = [(name, strength) for name, strengths in plan.items() for strength in strengths if strength]
    found: dict[tuple[str, float], list[NDArray[np.float32]]] = {case: [] for case in cases}
    changers = {case: _changer(store, ids, *case) for case in cases}
    corrected = {case: _after_change(corrections, changers[case], case[0]) for case in cases}
    done, total = 0, len(rows) * len(cases)
    with reporter.progress("changing the detector") as progress:
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            counts = store.read_images(some)
            for name, strength in cases:
                changed = corrected[name, strength].corrected(changers[name, strength](counts, some), some)
                found[name, strength].append(logits(predictor, changed, device, ids[some]).numpy())
                done += len(some)
                progress(done, total)
    return {
        name: {
            strength: replace(clean, logits=np.concatenate(found[name, strength])) if strength else clean
            for strength in strengths
        }
        for name, strengths in plan.items()
    }


def _changer(store: Store, ids: ShotIds, name: str, strength: float) -> Changer:
    """What makes one change in one strength."""
    if name != ANOTHER_RUN:
        return lambda counts, rows: CHANGES[name](counts, ids[rows], strength, SEED)
    others = OtherRuns.of(store)
    if isinstance(others, str):
        raise ConfigError(f"{ANOTHER_RUN}: {others}", "leave it out")
    again = others
    return lambda counts, rows: again.counts(rows, int(strength))


def _after_change(corrections: ShotCorrections, change: Changer, name: str) -> ShotCorrections:
    """The same corrections with the backgrounds of the changed shots, as they would be taken after the change."""
    background = corrections.background
    if background is None:
        return corrections
    if name in CHANGES and CHANGES[name].orderly:  # the shots play no part in it
        images = change(background.images, np.zeros(len(background.images), np.int64))
        return replace(corrections, background=background.changed(images))
    unchanged = store_reader(corrections.store)

    def read(rows: NDArray[np.int64]) -> tuple[NDArray[np.uint16], NDArray[np.bool_] | None]:
        counts, good = unchanged(rows)
        return change(counts, rows), good

    return replace(corrections, background=RunBackgrounds.of(read, background.groups, background.rows))
