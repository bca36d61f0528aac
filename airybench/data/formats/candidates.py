"""Data sets of a plain HDF5 file that look like images, identifiers, energies or labels by shape and name."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from airybench.data.hdf5.tree import DatasetNode, FileTree

SMALLEST = 8
"""Side of what looks like an image, pixels."""

_IDS = ("id", "ids", "shotid", "shotids", "eventid", "eventids", "shot", "shots", "event", "events")
_MORE_IDS = (
    *("trainid", "pulseid", "bunchid", "bunch", "bunches", "tag", "tagnumber", "timestamp", "timestamps", "eventtime"),
    *("fiducial", "fiducials", "frame", "framenumber"),
)
_ENERGIES = ("photonenergy", "photonenergies", "energy", "energies")
_WAVELENGTHS = ("wavelength", "wavelengths", "photonwavelength", "incidentwavelength", "lambda")
_UNIT = re.compile(r"(_in)?_(ev|kev|j|joule)$")
_LENGTH_UNIT = re.compile(r"(_in)?_(nm|pm|m|a|angstrom)$")
_GROUPS = ("run", "runs", "runnumber", "group", "groups")
_LABELS = ("label", "labels", "class", "classes", "y")
_MASKS = ("mask", "masks", "pixelmask", "badpixels")


def image_stacks(tree: FileTree) -> list[DatasetNode]:
    """Data sets of numbers with an axis of shots and the shape of images, without masks; links to one count once."""
    numbers, flags = (
        {
            node.target or node.key: node
            for node in tree.datasets.values()
            if node.kind in kinds and _stacked(node.shape) and _name(node) not in _MASKS
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
    return [node for node in columns if (node.kind == "f") == decimal and node.kind != "b"]


def more_like_ids(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns that may tell the shots apart, each alone or several together."""
    return [node for node in _named(tree, _MORE_IDS) if _is_column(node, images) and node.kind in "uiSUO"]


def misfit_ids(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns with the name of identifiers and another length than the stack."""
    columns = [node for node in _named(tree, _IDS) if node.kind in "uifSUO" and len(node.shape) in (1, 2)]
    return [node for node in columns if sum(size != 1 for size in node.shape) == 1 and not _is_column(node, images)]


def like_energies(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be photon energies."""
    nodes = _named(tree, _ENERGIES, lambda name: _UNIT.sub("", name))
    return [node for node in nodes if _is_number(node) and (_is_column(node, images) or node.shape in ((), (1,)))]


def like_wavelengths(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be wavelengths."""
    nodes = _named(tree, _WAVELENGTHS, lambda name: _LENGTH_UNIT.sub("", name))
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
    return node.kind in "SUO"


def faulty_columns(tree: FileTree) -> list[DatasetNode]:
    """Data sets of the names above that cannot be read."""
    names = (*_IDS, *_MORE_IDS, *_ENERGIES, *_WAVELENGTHS, *_GROUPS, *_LABELS, *_MASKS)
    return _named(tree, names, faulty=True)


def called_mask(name: str) -> bool:
    """Whether a key or name is one of a mask."""
    return _plain(name.rpartition("/")[2].lower()) in _MASKS


def fault_of(tree: FileTree, node: DatasetNode) -> str:
    """Why a data set cannot be read, with its file and key."""
    return (
        node.fault
        if node.fault.startswith((str(tree.path), str(tree.path.parent.absolute())))
        else f"{tree.path}: /{node.key} {node.fault}"
    )


def like_masks(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Data sets that could be masks."""
    return [node for node in _named(tree, _MASKS) if node.shape[-2:] == images.shape[-2:]]


def _named(
    tree: FileTree, names: Sequence[str], form: Callable[[str], str] = lambda name: name, *, faulty: bool = False
) -> list[DatasetNode]:
    """Data sets of some names that can be read, or that cannot, in the order of those names.

    What `form` leaves of a name counts as well.
    """
    found = {
        node.key: next((name for name in (_name(node), _plain(form(_last(node)))) if name in names), None)
        for node in tree.datasets.values()
    }
    known = [(tree.datasets[key], name) for key, name in found.items() if name is not None]
    known = [one for one in known if bool(one[0].fault) == faulty]
    return [node for node, _ in sorted(known, key=lambda one: names.index(one[1]))]


def _last(node: DatasetNode) -> str:
    return node.key.rpartition("/")[2].lower()


def _name(node: DatasetNode) -> str:
    """Last part of a key, so that `pulseId` and `pulse_id` are one."""
    return _plain(_last(node))


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "")


def _is_column(node: DatasetNode, images: DatasetNode) -> bool:
    count = images.shape[0]
    return node.shape in ((count,), (count, 1), (1, count))


def _is_number(node: DatasetNode) -> bool:
    return node.kind in "uifb"
