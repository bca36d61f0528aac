"""Files of SACLA: each shot is a data set in a group that its tag number names, one run or several in a file."""

import re

from airybench.data.formats.layout import Layout
from airybench.data.hdf5.tree import FileTree
from airybench.data.reading.options import StackKeys

KIND, TITLE = "sacla", "SACLA file"
NEEDS = "/run_NUMBER/detector_2d_assembled_1/tag_NUMBER/detector_data, or /tag-NUMBER/data"

_RUN, _DETECTOR = re.compile(r"run_\d+"), re.compile(r"detector_2d_(?:assembled_)?\d+")
_HIT_ENERGIES = ("tag-*/photon_energy_ev", "tag-*/photon_energy_eV")
_HIT = re.compile(r"tag-\d+")
_TAGS, _ENERGY = "event_info/tag_number_list", "event_info/bl_*/oh_*/photon_energy_in_eV"


def layout(tree: FileTree) -> Layout | None:
    """Images and their tag numbers, photon energies by tag number, and the run of each shot.

    The columns of a run may be longer than its images: of cancelled runs some tags are incomplete.
    """
    if any(_HIT.fullmatch(name) for name in tree.children.get("", ())):
        return _hits(tree)
    runs = [name for name in tree.children.get("", ()) if _RUN.fullmatch(name)]
    found = {run: [name for name in tree.children.get(run, ()) if _tagged(tree, run, name)] for run in runs}
    first = next((run for run in runs if found[run]), None)  # a run that was broken off may have no image
    if first is None:
        return None
    detectors, run = found[first], first if len(runs) == 1 else "run_*"
    tags = tree.first(f"{first}/{_TAGS}")
    energies = tree.matching(f"{first}/{_ENERGY}")
    return Layout(
        keys=StackKeys(
            images=f"{run}/{detectors[0]}/tag_*/detector_data",
            column_ids=f"{run}/{_TAGS}" if tags else None,
            energy=run + energies[0].removeprefix(first) if energies else None,
            group_by=r"^run_(\d+)/",
        ),
        notes=_others(tree, run, detectors),
    )


def _hits(tree: FileTree) -> Layout | None:
    """Images of the hits that Cheetah found, each in a group of its tag at the root, with its photon energy."""
    if not tree.matching("tag-*/data"):
        return None
    energy = next((key for key in _HIT_ENERGIES if tree.matching(key)), None)
    return Layout(keys=StackKeys(images="tag-*/data", energy=energy))


def _tagged(tree: FileTree, run: str, name: str) -> bool:
    """Whether a group is a detector with images by tag."""
    return bool(_DETECTOR.fullmatch(name)) and any(
        child.startswith("tag_") for child in tree.children.get(f"{run}/{name}", ())
    )


def _others(tree: FileTree, run: str, detectors: list[str]) -> dict[str, str]:
    """A word on further detectors."""
    if len(detectors) < 2:
        return {}
    option = f"--kind {KIND} --images '{run}/{detectors[1]}/tag_*/detector_data'"
    return {"images": f"{tree.path.name}: the images are those of {detectors[0]}; for {detectors[1]} add {option}"}
