"""Whether a file obeys the schema of stores: keys, dtypes, shapes, attributes and labels, but not the counts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from airybench.data.hdf5.listing import FAULTS, text_of
from airybench.data.hdf5.own import require_own
from airybench.data.store.columns import read_column
from airybench.data.store.schema import (
    FIRST_VERSION,
    GROUPS,
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

_TEXTS = ("name", "label_kind", "source", "counts_rule", "content_sha256")
_LISTS = ("class_names", "source_files")
_LONGEST = 60  # characters of a value in a message


def checked_attributes(path: Path, file: h5py.File) -> dict[str, Any]:
    """The attributes of a store, once all that the schema asks for are there.

    Args:
        path: the store, for messages.
        file: the same, open.

    Raises:
        DataError: no store, another schema version, or an attribute is missing or has an impossible value.
    """
    attributes = _read_attributes(path, file)
    if attributes.get("schema") != SCHEMA:
        hint = "a deposit: give it the ending .cxi" if "entry_1" in file else "not made by airybench"
        raise DataError(f"{path}: no {SCHEMA} ({hint})", "import it with `airybench data import`")
    version = attributes.get("schema_version")
    if not _is_whole(version) or version not in range(FIRST_VERSION, SCHEMA_VERSION + 1):
        raise DataError(
            f"{path}: schema version {_short(version)}, this airybench reads {FIRST_VERSION} to {SCHEMA_VERSION}",
            REMAKE,
        )
    for key in REQUIRED:
        if key not in attributes:
            raise DataError(f"{path}: attribute {key!r} is missing", REMAKE)
    for key, expected in _misfits(attributes):
        raise DataError(f"{path}: attribute {key!r} is {_short(attributes[key])}, expected {expected}", REMAKE)
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
    for key in (*(kind.key for kind in KINDS), *GROUPS):
        require_own(path, file, key, remedy=REMAKE)
    for kind in KINDS:
        if kind.key in file or (kind.required and file.attrs["schema_version"] >= kind.since):
            _check_kind(path, file, kind)
    images = file["images"]
    _check_groups(path, file)
    _check_lengths(path, file)
    if images.size and images.id.get_storage_size() == 0:
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
        DataError: classes without labels, another number of columns, repeated names, other values than 0 and 1, or not
            one class for each shot of a multiclass store.
    """
    if "labels" not in file:
        if names:
            raise DataError(f"{path}: /labels is missing, class_names has {', '.join(names)}", REMAKE)
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


def _check_groups(path: Path, file: h5py.File) -> None:
    """Whether `truth` and `events`, where they are there, hold columns of numbers or text, and nothing else."""
    for group in GROUPS:
        inside = file.get(group, {})
        if isinstance(inside, h5py.Dataset | h5py.Datatype):
            raise DataError(f"{path}: /{group} is no group, columns under names of their own are expected", REMAKE)
        for name in inside:
            key = f"{group}/{name}"
            require_own(path, file, key, remedy=REMAKE)
            values = inside[name]
            if not isinstance(values, h5py.Dataset):
                raise DataError(f"{path}: /{key} is no data set, a column is expected", REMAKE)
            if values.dtype.kind not in "biuf" and h5py.check_string_dtype(values.dtype) is None:
                raise DataError(f"{path}: /{key} is {values.dtype}, numbers or text are expected", REMAKE)


def _check_lengths(path: Path, file: h5py.File) -> None:
    """Whether every data set has one row per image, and the mask the size of one image or of all."""
    images = file["images"]
    mask_shape = images.shape[1:] if "mask" in file and file["mask"].ndim == 2 else images.shape
    for key, values in arrays(file):
        expected = mask_shape if key == "mask" else (len(images), *values.shape[1:])
        if values.shape != expected:
            raise DataError(f"{path}: /{key} has shape {values.shape}, expected {expected} to match /images")


def _read_attributes(path: Path, file: h5py.File) -> dict[str, Any]:
    attributes = {}
    for key in file.attrs:
        try:
            attributes[key] = file.attrs[key]
        except FAULTS as error:
            raise DataError(f"{path}: attribute {key!r} cannot be read ({text_of(error)})", REMAKE) from None
    return attributes


def _misfits(attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of attributes of another type than the schema has, and what is expected of each."""
    for key in _TEXTS:
        if not isinstance(attributes[key], str):
            yield key, "text"
    for key in _LISTS:
        names = attributes.get(key, np.zeros(0, object))
        listed = isinstance(names, np.ndarray) and names.dtype == object and names.ndim == 1
        if not listed or not all(isinstance(one, str) for one in names):
            yield key, "a list of names"
    seed = attributes["seed"]
    if not isinstance(seed, h5py.Empty) and not _is_whole(seed):
        yield "seed", "a whole number, or nothing"
    for key in ("left_out", "notes"):
        if key in attributes and not isinstance(attributes[key], str):
            yield key, "text in JSON"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _short(value: Any) -> str:
    """A value of any type, in a few words."""
    if isinstance(value, h5py.Empty):
        return "empty"
    text = " ".join(repr(value.item() if isinstance(value, np.generic) else value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
