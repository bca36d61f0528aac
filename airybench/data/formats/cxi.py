"""CXI files with one stack for all shots, as Cheetah and psocake write them."""

from shlex import quote

from airybench.data.formats.layout import Layout, convention_unless_inverted
from airybench.data.hdf5.tree import FileTree
from airybench.data.reading.cxi_keys import ENERGY, IDS
from airybench.data.reading.options import StackKeys

KIND, TITLE = "cxi", "CXI stack of Cheetah or psocake"
NEEDS = "a stack at /entry_1/data_1/data"

_IMAGES = ("entry_1/data_1/data", "entry_1/image_1/data", "entry_1/instrument_1/detector_1/data")
_EVENTS = ("LCLS/machineTime", "LCLS/machineTimeNanoSeconds", "LCLS/fiducial")
_ENERGY = "LCLS/photon_energy_eV"
_STATIC_MASK = "staticMask.h5"


def layout(tree: FileTree) -> Layout | None:
    """Images, mask, identifiers of the events, and photon energies; those in eV come before those in joule.

    Without text that names the events, time, nanoseconds and fiducial do so together.

    Source: the formats of Cheetah (`hdf5-cxi.cpp`) and psocake.
    """
    images = tree.first(*_IMAGES[:2]) or _detector_stack(tree)
    if images is None or ("entry_2" in tree.children.get("", ()) and not _stacked(tree, images)):
        return None  # where each shot has an entry, the file is a deposit
    ids = tree.first(*(f"entry_1/{name}" for name in IDS))
    events = tuple(key for key in _EVENTS if tree.first(key))
    mask = tree.first(f"{images.rpartition('/')[0]}/mask")
    named: tuple[str, ...] = events if len(events) == len(_EVENTS) else ()
    return Layout(
        keys=StackKeys(
            images=images,
            ids=(ids,) if ids else named,
            energy=tree.first(_ENERGY, f"entry_1/{ENERGY}"),
            events=events,
            mask=mask,
            mask_convention=convention_unless_inverted(tree.path, tree.datasets.get(mask), "cxi") if mask else None,
        ),
        notes=({} if mask else _static_mask(tree)) | _others(tree),
    )


def _detector_stack(tree: FileTree) -> str | None:
    """The stack of the detector itself, where the file has no link to it; in a deposit it is one image."""
    return _IMAGES[2] if _stacked(tree, _IMAGES[2]) else None


def _stacked(tree: FileTree, key: str) -> bool:
    node = tree.datasets.get(key)
    return node is not None and len(node.shape) >= 3


def _others(tree: FileTree) -> dict[str, str]:
    """A word on a second detector."""
    other = tree.first("entry_1/data_2/data", "entry_1/instrument_1/detector_2/data")
    if other is None:
        return {}
    option = f"--kind {KIND} --images {other}"
    return {"images": f"{tree.path.name}: the images are those of the first detector; for /{other} add {option}"}


def _static_mask(tree: FileTree) -> dict[str, str]:
    """A word on the mask that psocake keeps beside the file: it is not this run's for sure, so it is not taken."""
    if not (tree.path.parent / _STATIC_MASK).is_file():
        return {}
    place = quote(f"{tree.path.parent / _STATIC_MASK}:/entry_1/data_1/mask")
    option = f"--mask {place} --mask-convention good-is-one"
    return {"mask": f"{_STATIC_MASK} lies beside {tree.path.name} and is not used; to use it add {option}"}
