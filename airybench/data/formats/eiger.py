"""Master files of Eiger detectors, and NXmx files of the same form."""

import re
from collections.abc import Sequence
from pathlib import Path

from airybench.data.formats.layout import Layout, convention_unless_inverted
from airybench.data.hdf5.tree import FileTree
from airybench.data.reading.options import StackKeys

KIND, TITLE = "eiger", "Eiger / NXmx master file"
NEEDS = "/entry/data/data_000001 and so on, or /entry/data/data beside /entry/instrument/detector"

_DATA = "entry/data"
_WAVELENGTHS = ("entry/instrument/beam/incident_wavelength", "entry/sample/beam/incident_wavelength")
_ENERGY = "entry/instrument/detector/detectorSpecific/photon_energy"
_MASKS = (
    "entry/instrument/detector/pixel_mask",
    "entry/instrument/detector/detectorSpecific/pixel_mask",
)
_PART = re.compile(r"data_\d+")
_PART_FILE = re.compile(r"(.+)_data_\d+")


def layout(tree: FileTree) -> Layout | None:
    """Parts of the stack in order, mask and wavelength.

    Source: the NXmx definition of NeXus, and the file format of DECTRIS.
    """
    parts = [name for name in tree.children.get(_DATA, ()) if _PART.fullmatch(name)]
    alone = tree.datasets.get(f"{_DATA}/data")
    master = "entry/instrument/detector" in tree.children
    if not (parts or (alone is not None and (master or "image_nr_low" in alone.attributes))):
        return None
    mask, wavelength = tree.first(*_MASKS), tree.first(*_WAVELENGTHS)
    energy = None if wavelength and _has_unit(tree, wavelength) else tree.first(_ENERGY)
    return Layout(
        keys=StackKeys(
            images=f"{_DATA}/data_*" if parts else f"{_DATA}/data",
            energy=energy,
            wavelength=None if energy else wavelength,
            mask=mask,
            mask_convention=convention_unless_inverted(tree.path, tree.datasets.get(mask), "nxmx") if mask else None,
        ),
        restarts=True,
        notes=_notes(tree, parts, master=master),
    )


def _notes(tree: FileTree, parts: Sequence[str], *, master: bool) -> dict[str, str]:
    """A word on what is not here."""
    absent = _absent(tree, parts)
    if not master:
        absent = absent or "mask and wavelength are in the master file, not here"
    return {"images": f"{tree.path.name}: {absent}"} if absent else {}


def _absent(tree: FileTree, parts: Sequence[str]) -> str:
    """What to type where parts of a master are missing, as after an acquisition that was broken off; else empty."""
    known = {name: tree.datasets.get(f"{_DATA}/{name}") for name in parts}
    there = [name for name, node in known.items() if node is not None and not node.fault]
    pattern = (
        there[0] if len(there) == 1 else f"{there[0][:-1]}[{''.join(name[-1] for name in there)}]" if there else ""
    )
    if len(there) == len(parts) or not there or len({name[:-1] for name in there}) > 1:
        return ""
    return (
        f"{len(parts) - len(there)} of {len(parts)} parts cannot be read; to import the others add "
        f"--images '{_DATA}/{pattern}'"
    )


def _has_unit(tree: FileTree, key: str) -> bool:
    node = tree.datasets.get(key)
    return node is not None and any(name in node.attributes for name in ("units", "unit"))


def without_parts(paths: Sequence[Path]) -> list[Path]:
    """Files without those that hold the images of a master file among them."""
    masters = {path.with_name(path.stem.removesuffix("_master")) for path in paths if path.stem.endswith("_master")}
    parts = {path: _PART_FILE.fullmatch(path.stem) for path in paths}
    return [path for path, part in parts.items() if part is None or path.with_name(part[1]) not in masters]
