"""Data sets of a plain HDF5 file that look like images, identifiers, energies or labels by shape and name."""

from collections.abc import Sequence
from dataclasses import replace

from airybench.data.hdf5.tree import DatasetNode, FileTree

SMALLEST = 8
"""Side of what looks like an image, pixels."""

_IDS = ("id", "ids", "shot_id", "shot_ids", "event_id", "event_ids", "shot", "shots", "event", "events")
_MORE_IDS = ("bunch_id", "bunch", "bunches", "pulse_id", "train_id", "tag", "tag_number", "frame", "frame_number")
_ENERGIES = ("photon_energy", "photon_energies", "photon_energy_ev", "energy", "energies")
_WAVELENGTHS = ("wavelength", "wavelengths", "photon_wavelength", "incident_wavelength", "lambda")
_GROUPS = ("run", "runs", "run_number", "group", "groups")
_LABELS = ("label", "labels", "class", "classes", "y")
_MASKS = ("mask", "masks", "pixel_mask", "bad_pixels")


def image_stacks(tree: FileTree) -> list[DatasetNode]:
    """Data sets of numbers with an axis of shots and the shape of images, without masks; links to one count once."""
    by_place = {
        node.target or node.key: node
        for node in tree.datasets.values()
        if 3 <= len(node.shape) <= 5
        and min(node.shape[-2:]) >= SMALLEST
        and node.dtype.startswith(("uint", "int", "float"))
        and _name(node) not in _MASKS
    }
    return list(by_place.values())


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
        and _is_number(node)
        and _name(node) not in _MASKS
        and (not sure or _along_last(tree, node))
    ]


def shots_first(tree: FileTree, images: DatasetNode) -> DatasetNode:
    """The images with the axis of the shots before the others, for the columns that fit them."""
    if len(images.shape) == 3 and _along_last(tree, images):
        return replace(images, shape=(images.shape[2], *images.shape[:2]))
    return images


def _along_last(tree: FileTree, images: DatasetNode) -> bool:
    """Whether columns have the length of the last axis of images, and none that of the first."""
    names = (*_IDS, *_MORE_IDS, *_ENERGIES, *_WAVELENGTHS, *_GROUPS, *_LABELS)
    lengths = {node.shape[0] for node in _named(tree, names) if node.shape and node.shape[1:] in ((), (1,))}
    return images.shape[-1] in lengths and images.shape[0] not in lengths


def single_images(tree: FileTree) -> list[DatasetNode]:
    """Data sets of numbers with the shape of one image, without masks."""
    return [
        node
        for node in tree.datasets.values()
        if len(node.shape) == 2 and min(node.shape) >= SMALLEST and _is_number(node) and _name(node) not in _MASKS
    ]


def named_ids(tree: FileTree) -> list[DatasetNode]:
    """Data sets with the name of identifiers, the likeliest first, whatever their shape."""
    return _named(tree, (*_IDS, *_MORE_IDS))


def like_ids(tree: FileTree, images: DatasetNode, *, decimal: bool = False) -> list[DatasetNode]:
    """Columns that could be identifiers: whole numbers and text, or those that hold decimals."""
    columns = [node for node in _named(tree, _IDS) if _is_column(node, images)]
    return [node for node in columns if node.dtype.lstrip("<>=|").startswith(("float", "f")) == decimal]


def like_energies(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be photon energies."""
    nodes = _named(tree, _ENERGIES)
    return [node for node in nodes if _is_number(node) and (_is_column(node, images) or node.shape in ((), (1,)))]


def like_wavelengths(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be wavelengths."""
    ends = [f"{name}{unit}" for name in _WAVELENGTHS for unit in ("", "_nm", "_angstrom")]
    nodes = _named(tree, ends)
    return [node for node in nodes if _is_number(node) and (_is_column(node, images) or node.shape in ((), (1,)))]


def like_groups(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be runs."""
    nodes = _named(tree, _GROUPS)
    return [node for node in nodes if _is_column(node, images) or node.shape in ((), (1,))]


def like_labels(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or tables that could be labels."""
    nodes = _named(tree, _LABELS)
    tables = [node for node in nodes if node.shape[:1] == images.shape[:1] and len(node.shape) < 3]
    return [node for node in tables if _is_number(node) or (is_text(node) and _is_column(node, images))]


def is_text(node: DatasetNode) -> bool:
    """Whether a data set holds words."""
    return node.dtype.lstrip("<>=|").startswith(("S", "U", "str", "object"))


def faulty_columns(tree: FileTree) -> list[DatasetNode]:
    """Data sets of the names above that cannot be read."""
    names = (*_IDS, *_MORE_IDS, *_ENERGIES, *_WAVELENGTHS, *_GROUPS, *_LABELS, *_MASKS)
    return [node for node in _named(tree, names) if node.fault]


def fault_of(tree: FileTree, node: DatasetNode) -> str:
    """Why a data set cannot be read, with its file and key."""
    return node.fault if node.fault.startswith(str(tree.path.parent)) else f"{tree.path}: /{node.key} {node.fault}"


def like_masks(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Data sets that could be masks."""
    return [node for node in _named(tree, _MASKS) if node.shape[-2:] == images.shape[-2:]]


def _named(tree: FileTree, names: Sequence[str]) -> list[DatasetNode]:
    """Data sets of some names, in the order of those names."""
    found = [node for node in tree.datasets.values() if _name(node) in names]
    return sorted(found, key=lambda node: names.index(_name(node)))


def _name(node: DatasetNode) -> str:
    return node.key.rpartition("/")[2].lower()


def _is_column(node: DatasetNode, images: DatasetNode) -> bool:
    return node.shape[:1] == images.shape[:1] and node.shape[1:] in ((), (1,))


def _is_number(node: DatasetNode) -> bool:
    return node.dtype.startswith(("uint", "int", "float", "bool"))
