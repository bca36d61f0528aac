"""Whether a file obeys the schema of stores: keys, dtypes, shapes, attributes and labels, but not the counts."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from airybench.data.store.columns import read_column
from airybench.data.store.schema import (
    FIRST_VERSION,
    KINDS,
    LABEL_KINDS,
    REQUIRED,
    SCHEMA,
    SCHEMA_VERSION,
    Kind,
    arrays,
)
from airybench.errors import DataError

REMAKE = "make or import the store again"


def checked_attributes(path: Path, file: h5py.File) -> dict[str, Any]:
    """The attributes of a store, once all that the schema asks for are there.

    Args:
        path: the store, for messages.
        file: the same, open.

    Raises:
        DataError: no store, another schema version, or an attribute is missing or has an impossible value.
    """
    attributes = dict(file.attrs)
    if attributes.get("schema") != SCHEMA:
        hint = "a deposit: give it the ending .cxi" if "entry_1" in file else "not made by airybench"
        raise DataError(f"{path}: no {SCHEMA} ({hint})", "import it with `airybench data import`")
    version = attributes.get("schema_version")
    if version not in range(FIRST_VERSION, SCHEMA_VERSION + 1):
        raise DataError(
            f"{path}: schema version {version}, this airybench reads {FIRST_VERSION} to {SCHEMA_VERSION}", REMAKE
        )
    for key in REQUIRED:
        if key not in attributes:
            raise DataError(f"{path}: attribute {key!r} is missing", REMAKE)
    if attributes["label_kind"] not in LABEL_KINDS:
        raise DataError(f"{path}: label_kind {attributes['label_kind']!r}, expected one of {', '.join(LABEL_KINDS)}")
    return attributes


def checked_images(path: Path, file: h5py.File) -> h5py.Dataset:
    """The images, once every data set has the dtype and shape that the schema asks for.

    Args:
        path: the store, for messages.
        file: the same, open.

    Raises:
        DataError: a data set is missing, has another dtype or shape, or holds nothing; or ids repeat.
    """
    for kind in KINDS:
        if kind.key in file or (kind.required and file.attrs["schema_version"] >= kind.since):
            _check_kind(path, file, kind)
    images = file["images"]
    _check_lengths(path, file)
    if images.size and (images.is_virtual or images.id.get_storage_size() == 0):
        raise DataError(f"{path}: /images holds no counts of its own", REMAKE)
    ids = read_column(file["ids"])
    if len(np.unique(ids)) != len(ids):
        raise DataError(f"{path}: /ids has repeats, each shot needs its own", "import the store again")
    return images


def check_labels(path: Path, file: h5py.File, names: tuple[str, ...], kind: str) -> None:
    """Check the labels of a store, where it has any, against its class names and its kind of labels.

    Args:
        path: the store, for messages.
        file: the same, open.
        names: of the classes, C of them.
        kind: `multilabel` or `multiclass`.

    Raises:
        DataError: another number of columns, repeated names, other values than 0 and 1, or not one class for each shot
            of a multiclass store.
    """
    if "labels" not in file:
        return
    labels = file["labels"][()]
    if labels.shape[1] != len(names) or len(set(names)) != len(names):
        raise DataError(f"{path}: {labels.shape[1]} label columns, class_names has {len(names)}: {', '.join(names)}")
    if labels.size and labels.max() > 1:
        row = int(np.flatnonzero(labels.max(axis=1) > 1)[0])
        raise DataError(f"{path}: /labels row {row} holds {labels[row].max()}, expected 0 and 1 only")
    if kind == "multiclass" and (labels.sum(axis=1) != 1).any():
        row = int(np.flatnonzero(labels.sum(axis=1) != 1)[0])
        raise DataError(f"{path}: /labels row {row} names {labels[row].sum()} classes, multiclass has exactly one")


def _check_kind(path: Path, file: h5py.File, kind: Kind) -> None:
    """Whether one data set is there, with the dtype and number of dimensions that the schema asks for."""
    if kind.key not in file:
        raise DataError(f"{path}: /{kind.key} is missing", REMAKE)
    values = file[kind.key]
    if not isinstance(values, h5py.Dataset):
        found = "a group"
    elif values.ndim not in kind.dimensions or not kind.allows(values.dtype):
        found = f"{values.dtype} {values.shape}"
    else:
        return
    raise DataError(f"{path}: /{kind.key} is {found}, expected {kind.dtype} of shape {kind.shape}")


def _check_lengths(path: Path, file: h5py.File) -> None:
    """Whether every data set has one row per image, and the mask the size of one image or of all."""
    images = file["images"]
    mask_shape = images.shape[1:] if "mask" in file and file["mask"].ndim == 2 else images.shape
    for key, values in arrays(file):
        expected = mask_shape if key == "mask" else (len(images), *values.shape[1:])
        if values.shape != expected:
            raise DataError(f"{path}: /{key} has shape {values.shape}, expected {expected} to match /images")
