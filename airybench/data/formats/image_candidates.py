"""Data sets of a plain HDF5 file that look like images by shape and name."""

from dataclasses import replace

from airybench.data.formats.column_names import ENERGIES, GROUPS, IDS, LABELS, MORE_IDS, WAVELENGTHS, called_mask, named
from airybench.data.hdf5.tree import DatasetNode, FileTree

SMALLEST = 8
"""Side of what looks like an image, pixels."""


def image_stacks(tree: FileTree) -> list[DatasetNode]:
    """Data sets of numbers with an axis of shots and the shape of images, without masks; links to one count once."""
    numbers, flags = (
        {
            node.target or node.key: node
            for node in tree.datasets.values()
            if node.kind in kinds and _stacked(node.shape) and not called_mask(node.key)
        }
        for kinds in ("uif", "b")
    )
    return list((numbers or flags).values())


def _stacked(shape: tuple[int, ...]) -> bool:
    """Whether a shape is that of images along the first axis; a last axis of 1 counts as none."""
    frame = shape[1:-1] if len(shape) > 3 and shape[-1] == 1 else shape[1:]
    return 2 <= len(frame) <= 4 and min(frame[-2:]) >= SMALLEST


def stacks_along_last(tree: FileTree, *, sure: bool = True) -> list[DatasetNode]:
    """Data sets of numbers that are images along the last axis, if anything: too few shots for the side of an image.

    Args:
        tree: of the file.
        sure: only where columns have its length.
    """
    return [
        node
        for node in tree.datasets.values()
        if len(node.shape) == 3
        and min(node.shape[:2]) >= SMALLEST > node.shape[2] > 0
        and node.kind in "uifb"
        and not called_mask(node.key)
        and (not sure or _along_last(tree, node))
    ]


def shots_first(tree: FileTree, images: DatasetNode) -> DatasetNode:
    """The images with the axis of the shots before the others, for the columns that fit them."""
    if len(images.shape) == 3 and _along_last(tree, images):
        return replace(images, shape=(images.shape[2], *images.shape[:2]))
    return images


def _along_last(tree: FileTree, images: DatasetNode) -> bool:
    """Whether columns have the length of the last axis of images, and none that of the first."""
    names = (*IDS, *MORE_IDS, *ENERGIES, *WAVELENGTHS, *GROUPS, *LABELS)
    lengths = {node.shape[0] for node in named(tree, names) if node.shape and node.shape[1:] in ((), (1,))}
    return images.shape[-1] in lengths and images.shape[0] not in lengths


def single_images(tree: FileTree) -> list[DatasetNode]:
    """Data sets of numbers with the shape of one image, without masks."""
    return [
        node
        for node in tree.datasets.values()
        if len(node.shape) == 2 and min(node.shape) >= SMALLEST and node.kind in "uifb" and not called_mask(node.key)
    ]
