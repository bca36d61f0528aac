"""What to say of a source that no format recognises: what is in it, and what to type."""

import re
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import h5py

from airybench.data.formats.candidates import (
    fault_of,
    like_ids,
    more_like_ids,
    named_ids,
)
from airybench.data.formats.image_candidates import image_stacks, single_images, stacks_along_last
from airybench.data.hdf5.tree import DatasetNode, FileTree, file_tree
from airybench.data.reading.options import SourceOptions
from airybench.errors import DataError, MissingOptionError

MOST_LISTED = 12

_TEXT = (".csv", ".tsv", ".txt", ".lst")
_DIGITS = re.compile(r"\d+")


def unrecognised(path: Path, paths: Sequence[Path], options: SourceOptions) -> DataError:
    """The refusal of a source of no known format.

    Args:
        path: the file or folder that messages name.
        paths: all that were looked at.
        options: as the user gave them.
    """
    if not path.exists():
        return DataError(f"{path}: no such file")
    if not path.is_file() and not path.is_dir():
        return DataError(f"{path}: neither a file nor a folder", "give a file with images")
    if path.suffix.lower() in _TEXT:
        return DataError(
            f"{path}: a list, not images", "give the file of the images; labels in a list are --labels-csv FILE"
        )
    if path.is_file() and not h5py.is_hdf5(path):
        return DataError(
            f"{path}: not an HDF5 file, nor of any other known kind",
            "a store ends in .h5, a deposit in .cxi; pictures are PNG, TIFF, NPY or NPZ",
        )
    tree = file_tree(path)
    more = f" (and {len(paths) - 1} more files)" if len(paths) > 1 else ""
    if not tree.datasets:
        return DataError(f"{path}{more}: holds no data set", "give a file with images")
    wanted = f"no {options.kind} file" if options.kind else "of no known layout"
    found = f"{path}{more}: {wanted}; it holds {_listed(tree)}"
    images = _images(tree)
    if isinstance(images, DatasetNode) and len(images.shape) == 2 and like_ids(tree, images):
        what = f"/{images.key} {images.shape} has a row for each of the ids, as flattened images have"
        return DataError(f"{path}{more}: {what}", "save it with its shape, (N, H, W)")
    if images is None:
        faults = [fault_of(tree, node) for node in tree.datasets.values() if node.fault]
        if len(faults) == len(tree.datasets):
            return DataError(faults[0], "none of its data sets can be read")
        return DataError("; ".join([found, *faults[:1]]), "none of them is a stack of images; give --images KEY")
    ids = _ids_of(tree, images) if isinstance(images, DatasetNode) else _ids_named(tree, images)
    key = images.key if isinstance(images, DatasetNode) else images
    option = f"--images {quote(key)}" + (f" --ids {quote(ids)}" if ids else "")
    return MissingOptionError(found, option, "name the images with --images KEY")


def _listed(tree: FileTree) -> str:
    """Data sets with shapes and dtypes, likely images first."""
    nodes = sorted(tree.datasets.values(), key=_rank)
    text = ", ".join(f"/{node.key} {node.shape} {node.dtype}" for node in nodes[:MOST_LISTED] if not node.fault)
    return text if len(nodes) <= MOST_LISTED else f"{text} and {len(nodes) - MOST_LISTED} more"


def _rank(node: DatasetNode) -> tuple[int, int]:
    """Stacks of numbers first, then single images, then columns; the larger first."""
    number = node.kind not in "SUO"
    size = 1
    for length in node.shape:
        size *= length
    return -min(len(node.shape), 3) * number, -size


def _ids_of(tree: FileTree, images: DatasetNode) -> str:
    """Keys of the likely identifiers: a column beside a stack, or several; a scalar beside one image."""
    if len(images.shape) == 2:
        return next((node.key for node in named_ids(tree) if node.shape in ((), (1,))), "")
    home = images.key.rpartition("/")[0]
    together = [node.key for node in more_like_ids(tree, images) if node.key.rpartition("/")[0] == home]
    return next((node.key for node in like_ids(tree, images)), ",".join(together))


def _ids_named(tree: FileTree, pattern: str) -> str:
    """A pattern for the identifiers of stacks that a pattern names."""
    parts = [node for node in image_stacks(tree) if _DIGITS.sub("*", node.key) == pattern]
    return _ids_of_parts(tree, parts) if parts else ""


def _images(tree: FileTree) -> DatasetNode | str | None:
    """The likely images: the largest stack, a pattern for many data sets of one image each, or one image."""
    stacks = image_stacks(tree) or stacks_along_last(tree, sure=False)
    if stacks:
        largest = max(stacks, key=lambda node: (len(node.shape) == 3, *reversed(node.shape)))
        return _joined(tree, stacks, largest) or largest
    patterns: dict[str, int] = {}
    for node in tree.datasets.values():
        if len(node.shape) == 2 and min(node.shape) > 1 and _DIGITS.search(node.key):
            pattern = _DIGITS.sub("*", node.key)
            patterns[pattern] = patterns.get(pattern, 0) + 1
    if patterns:
        return max(patterns, key=lambda one: patterns[one])
    alone = single_images(tree)
    return alone[0] if len(alone) == 1 else None


def _joined(tree: FileTree, stacks: Sequence[DatasetNode], one: DatasetNode) -> str:
    """A pattern for stacks that are parts of one: of one shape, and of different lengths or with ids of their own.

    Stacks of one length without them may be of several detectors.
    """
    pattern = _DIGITS.sub("*", one.key)
    parts = [node for node in stacks if _DIGITS.sub("*", node.key) == pattern and node.shape[1:] == one.shape[1:]]
    lengths = {node.shape[0] for node in parts}
    return pattern if len(lengths) > 1 or (len(parts) > 1 and _ids_of_parts(tree, parts)) else ""


def _ids_of_parts(tree: FileTree, parts: Sequence[DatasetNode]) -> str:
    """A pattern for the identifiers beside each of some stacks; empty where one has none."""
    found = set()
    for part in parts:
        home = part.key.rpartition("/")[0]
        ids = [node.key for node in like_ids(tree, part) if node.key.rpartition("/")[0] == home]
        found.add(_DIGITS.sub("*", ids[0]) if ids else "")
    return found.pop() if len(found) == 1 else ""
