"""Files of SwissFEL with a Jungfrau detector, raw or processed."""

from pathlib import Path

import numpy as np

from airybench.data.formats.layout import Layout
from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import DatasetNode, FileTree
from airybench.data.reading.options import Selection, StackKeys

KIND, TITLE = "swissfel", "SwissFEL detector file"
NEEDS = "/data/DETECTOR/data and /data/DETECTOR/pulse_id"


def layout(tree: FileTree) -> Layout | None:
    """Images, pulse ids, further identifiers, mask, and the frames that are good.

    Source: the HDF5 files of the detector buffer of SwissFEL, as jungfrau_utils reads them.
    """
    detectors = [
        name
        for name in tree.children.get("data", ())
        if tree.first(f"data/{name}/data") and tree.first(f"data/{name}/pulse_id")
    ]
    if not detectors:
        return None
    home = f"data/{detectors[0]}"
    mask = tree.datasets.get(f"{home}/meta/pixel_mask")
    good = tree.first(f"{home}/is_good_frame")
    convention, note = (None, "") if mask is None else _convention(tree.path, mask)
    return Layout(
        keys=StackKeys(
            images=f"{home}/data",
            ids=(f"{home}/pulse_id",),
            events=tuple(key for key in (f"{home}/frame_index", f"{home}/daq_rec") if tree.first(key)),
            mask=None if mask is None else mask.key,
            mask_convention=convention,
        ),
        selection=Selection(keep=(good,) if good else ()),
        notes={"mask": note} | _others(tree, detectors) if note else _others(tree, detectors),
    )


def _convention(path: Path, mask: DatasetNode) -> tuple[str | None, str]:
    """What the values of a mask mean, and a word on it where its type does not tell.

    Boolean masks say which pixels are good. Whole numbers are flags of faults where few are set; where most are, they
    may as well be the opposite, and the convention is asked for.
    """
    if mask.dtype == "bool":
        return "good-is-one", ""
    with open_hdf5(path) as file:
        flagged = float(np.mean(np.asarray(file[mask.key][()]) != 0)) if mask.shape else 0.0
    if flagged > 0.5:
        return None, ""
    text = f"/{mask.key} is {mask.dtype}, not boolean: 0 is taken for good, and {flagged:.2%} of the pixels are flagged"
    return "nxmx", text


def _others(tree: FileTree, detectors: list[str]) -> dict[str, str]:
    """A word on further detectors."""
    if len(detectors) < 2:
        return {}
    home = f"data/{detectors[1]}"
    good = f" --keep {home}/is_good_frame" if tree.first(f"{home}/is_good_frame") else ""
    option = f"--images {home}/data --ids {home}/pulse_id{good}"
    return {"images": f"{tree.path.name}: the images are those of {detectors[0]}; for {detectors[1]} give {option}"}
