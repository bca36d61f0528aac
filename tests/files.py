"""Small real files: a store, and a deposit written by plain h5py."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.dispatch import import_data
from airybench.data.reading.options import LabelOptions, SourceOptions
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter

JOULE = 1.602176634e-19


def store_file(path: Path, count: int = 10, side: int = 24, **given: Any) -> Store:
    """A store of random counts with two classes."""
    rng = np.random.default_rng(given.pop("content", 0))
    expected = given.pop("expected", 0)
    options = {
        "name": "helium",
        "class_names": ("A", "B"),
        "label_kind": "multilabel",
        "source": "simulated",
        "counts_rule": "drawn",
        "seed": 3,
    } | given
    with StoreWriter(path, StoreHeader(**options), image_shape=(side, side), expected=expected) as writer:
        for start in range(0, count, 4):
            ids = np.arange(start, min(start + 4, count))
            writer.append(
                rng.integers(0, 65536, (len(ids), side, side)).astype(np.uint16),
                ids=ids + 100,
                photon_energy=20.0 + ids,
                labels=np.stack([ids % 2, np.ones_like(ids)], axis=1) if options["class_names"] else None,
                truth={"radius": ids * 1.5},
            )
    return Store.open(path)


def first_version(path: Path) -> Store:
    """Turn a store into one of schema version 1, as older versions of airybench wrote them."""
    with h5py.File(path, "a") as file:
        del file["image_hash"]
        for key in ("left_out", "notes"):
            del file.attrs[key]
        file.attrs["schema_version"] = 1
        digest = hashlib.sha256()
        for key, dtype in (("ids", "<i8"), ("labels", "u1"), ("photon_energy", "<f4"), ("images", "<u2")):
            if key in file:
                digest.update(file[key][()].astype(dtype).tobytes())
        file.attrs["content_sha256"] = digest.hexdigest()
    return Store.open(path)


def import_deposit(
    source: Path, output: Path | None = None, *, class_names: Sequence[str] | None = None, **how: Any
) -> Store:
    """Import a deposit as `airybench data import` does."""
    labels = LabelOptions(class_names=None if class_names is None else tuple(class_names))
    return import_data([source], output, SourceOptions(labels=labels), **how)


def deposit_file(
    path: Path,
    images: Sequence[NDArray[Any]],
    labels: Sequence[Sequence[int]],
    *,
    numbers: Sequence[int] | None = None,
    edit: Callable[[h5py.File], None] = lambda file: None,
) -> Path:
    """The layout of CXIDB deposit 94; entry k has id 1000 + k and 20 + k eV. `edit` may spoil it."""
    with h5py.File(path, "w") as file:
        for number, image, vector in zip(numbers or range(1, len(images) + 1), images, labels, strict=True):
            entry = file.create_group(f"entry_{number}")
            entry["instrument_1/detector_1/data"] = image
            entry["note_1/data"] = np.array(vector, np.int64)
            entry["instrument_1/source_1/energy"] = (20 + number) * JOULE
            entry["experimental_identifier"] = np.int64(1000 + number)
        edit(file)
    return path
