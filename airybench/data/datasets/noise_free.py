"""The noise-free patterns of simulated shots, made again from what a store holds, and a file of them."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.opening import writing
from airybench.data.store.columns import storable
from airybench.data.store.store import Store
from airybench.errors import DataError
from airybench.paths import data_folder, locked, require_free, require_new
from airybench.reporter import SILENT, Reporter

NEEDED = ("absorption", "refraction", "newton_shape", "row_shift", "column_shift")
"""Columns of the truth that tell whether it says everything about a helium shot: those that the first version of the
simulator lacks."""

Rebuild = Callable[[int, Mapping[str, float]], NDArray[np.float32]]
"""From the row of a shot and its truth to its pattern."""


def noise_free_patterns(store: Store, rows: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """The intensity that each of some shots was drawn from, on the pixels of its image.

    It has the scale of the field; the photons of the shot are `/truth/photons`. On the kind of device that the store
    was simulated on, arrays are equal to those of the simulation.

    Args:
        store: simulated shots: helium of version 2 of the simulator, or cxidb of either.
        rows: of the store, shape (n,).

    Yields:
        float32, shape (H, W), zero for an empty shot.

    Raises:
        DataError: the store does not say everything that a pattern depends on.
    """
    truth = store.columns("truth")
    rebuild = _cxidb(store) if "particle_class" in truth else _helium(store, truth)
    for row in rows.tolist():
        yield rebuild(row, {name: values[row] for name, values in truth.items()})


def _helium(store: Store, truth: Mapping[str, object]) -> Rebuild:
    """Everything is in the truth."""
    from airybench.physics.helium.rebuild import pattern_from_truth  # imports torch

    missing = [name for name in NEEDED if name not in truth]
    if missing:
        raise DataError(
            f"{store.path}: its truth lacks {', '.join(missing)}, so that patterns cannot be made again",
            "give shots of version 2 of the simulator",
        )
    energy = store.photon_energy()
    return lambda row, of_shot: pattern_from_truth(of_shot, float(energy[row]))


def _cxidb(store: Store) -> Rebuild:
    """The random numbers of the series give what the truth has no place for."""
    from airybench.physics.small_angle.rebuild import pattern_again  # imports torch

    ids, classes, seed, version = store.ids(), store.labels().argmax(axis=1), store.seed, store.simulator
    if seed is None or not version or ids.dtype.kind not in "iu":
        raise DataError(
            f"{store.path} does not say the seed and the numbers of its shots, so that patterns cannot be made again",
            "give a store that `data simulate` made",
        )
    return lambda row, of_shot: pattern_again(store.class_names[classes[row]], of_shot, (version, seed, int(ids[row])))


def write_noise_free(
    store: Store, output: str | Path | None = None, *, force: bool = False, reporter: Reporter = SILENT
) -> Path:
    """Write the noise-free pattern of every shot of a store.

    Args:
        store: as for `noise_free_patterns`.
        output: the HDF5 file to make, with `patterns` (N, H, W), float32, `ids`, `photon_energy` and `photons`; by
            default in the data folder, called like the store.
        force: replace an existing file.
        reporter: receives the progress.

    Returns:
        The file.

    Raises:
        DataError: the store does not say everything, or the file exists or cannot be written.
    """
    path = data_folder() / f"{store.path.stem}-noise-free.h5" if output is None else Path(output).absolute()
    if path.resolve() == store.path.resolve():
        raise DataError(f"{path}: cannot be replaced by its own patterns", "name another file with --output")
    temporary = path.with_name(f".{path.name}.part")
    height, width = store.image_shape
    with locked(path):
        require_new(path, force=force)
        require_free(path.parent, store.count * height * width * 4)
        try:
            with (
                reporter.progress(f"noise-free patterns of {store.path.name}") as progress,
                writing(path, "file"),
                h5py.File(temporary, "w") as file,
            ):
                file["ids"], file["photon_energy"] = storable(store.ids()), store.photon_energy()
                file["photons"] = store.columns("truth").get("photons", np.full(store.count, np.nan, np.float32))
                patterns = file.create_dataset("patterns", (store.count, height, width), np.float32)
                for row, pattern in enumerate(noise_free_patterns(store, np.arange(store.count))):
                    patterns[row] = pattern
                    progress(row + 1, store.count)
            with writing(path, "file"):
                os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    return path
