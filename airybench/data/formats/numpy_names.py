"""Which array of a NumPy file is what."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from shlex import quote

import numpy as np

from airybench.data.formats.column_names import called_mask
from airybench.data.formats.numpy_array import NumpyArray
from airybench.data.formats.numpy_frames import NumpyFrames
from airybench.data.formats.stack import columns_beside, left_beside
from airybench.data.hdf5.tree import DatasetNode, FileTree
from airybench.data.reading.options import StackKeys
from airybench.errors import DataError, MissingOptionError, unknown

_IDS = ("id", "ids", "shot_id", "shot_ids", "event_id", "event_ids", "tag", "tags", "pulse_id", "pulse_ids")


def completed_keys(
    path: Path, keys: StackKeys, arrays: Mapping[str, NumpyArray], frames: NumpyFrames
) -> tuple[StackKeys, list[str]]:
    """The keys with the columns of obvious names, and a word on what looks like more."""
    nodes = {name: DatasetNode(name, array.shape, str(array.dtype)) for name, array in arrays.items()}
    tree, images = FileTree(path, nodes, {}), DatasetNode("", (frames.count, *frames.framing.raw), "")
    keys = keys.completed(replace(columns_beside(tree, images), images=None, ids=_ids(arrays, frames.count)))
    notes = left_beside(tree, images).items()
    return keys, [note.replace(": /", ": ", 1) for name, note in notes if not getattr(keys, name, None)]


def name_of_images(path: Path, arrays: Mapping[str, NumpyArray], said: str | None) -> str:
    """The name of the array of images: the one that the user names, or the only one that can be it."""
    listed = "; ".join(array.words for array in arrays.values())
    if said is not None:
        if said not in arrays:
            raise DataError(f"{path}: no array {said}", f"it holds {listed}")
        return said
    if len(arrays) == 1:
        return next(iter(arrays))
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind in "biuf"}
    stacks = [name for name, array in numbers.items() if len(array.shape) > 2]
    stacks = stacks or [name for name, array in numbers.items() if len(array.shape) == 2]
    if len(stacks) > 1:
        stacks = [name for name in stacks if not called_mask(name)] or stacks
    if not stacks:
        raise DataError(f"{path}: holds no stack of images (N, H, W), but {listed}", "give a file with images")
    if len(stacks) != 1:
        largest = max(
            stacks, key=lambda name: (len(numbers[name].shape) == 3, np.prod(numbers[name].shape, dtype=float))
        )
        raise MissingOptionError(
            f"{path}: which array holds the images? It holds {listed}",
            f"--images {quote(largest)}",
            "give --images NAME",
        )
    return stacks[0]


def lengths_of_columns(arrays: Mapping[str, NumpyArray], images: NumpyArray) -> set[int]:
    """Lengths of the columns."""
    return {array.shape[0] for array in arrays.values() if len(array.shape) == 1 and array is not images}


def _ids(arrays: Mapping[str, NumpyArray], count: int) -> tuple[str, ...]:
    """The array of identifiers that is named like one; none where there is no such array, or two."""
    fitting = [
        name
        for name, array in arrays.items()
        if name.lower() in _IDS
        and array.shape in ((count,), (count, 1), () if count == 1 else (count,))
        and array.dtype.kind in "iuUS"
    ]
    return (fitting[0],) if len(fitting) == 1 else ()


def last_axis(array: NumpyArray, said: str | None, lengths: Collection[int]) -> bool:
    """Whether the shots of a stack are along its last axis.

    Args:
        array: the stack.
        said: `--axis`.
        lengths: of the columns beside it.

    Raises:
        ConfigError: `said` is unknown.
        DataError: it looks so, and nobody said it.
    """
    if said not in (None, "first", "last"):
        raise unknown("--axis", said, ("first", "last"))
    if len(array.shape) < 3 or said is not None:
        return said == "last" and len(array.shape) > 2
    first, middle, last = array.shape[0], array.shape[-2], array.shape[-1]
    fits_last = last in lengths and first not in lengths
    if fits_last or (len(array.shape) == 3 and first == middle != last and first not in lengths):
        raise MissingOptionError(
            f"{array.path}: {array.words}: the columns or the shape say that its {last} shots are along the last axis",
            "--axis last",
            f"give --axis last for that, --axis first for {first} shots of {middle} x {last} px",
        )
    return False
