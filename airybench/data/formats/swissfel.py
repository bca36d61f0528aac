"""Files of SwissFEL with a Jungfrau detector, raw or processed."""

from pathlib import Path

from airybench.data.formats.layout import MOST_FLAGGED, Layout, flagged_share
from airybench.data.hdf5.tree import DatasetNode, FileTree
from airybench.data.reading.options import Selection, StackKeys

KIND, TITLE = "swissfel", "SwissFEL detector file"
NEEDS = "/data/DETECTOR/data and /data/DETECTOR/pulse_id"


def layout(tree: FileTree) -> Layout | None:
    """Images, pulse ids, further identifiers, mask, and the frames that are good.

    Source: the HDF5 files of the detector buffer of SwissFEL, as jungfrau_utils reads them.
    """
    channels = [
        name
        for name in tree.children.get("data", ())
        if tree.first(f"data/{name}/data") and tree.first(f"data/{name}/pulse_id")
    ]
    detectors = [name for name in channels if _of_images(tree, name)] or channels
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
        notes=_raw(tree, f"{home}/data", masked=mask is not None)
        | ({"mask": note} if note else {})
        | _others(tree, detectors),
    )


def _of_images(tree: FileTree, name: str) -> bool:
    """Whether a channel has images; files of bsread have many that hold one number a pulse."""
    node = tree.datasets.get(f"data/{name}/data")
    return node is None or len(node.shape) > 2


def _convention(path: Path, mask: DatasetNode) -> tuple[str | None, str]:
    """What the values of a mask mean, and a word on it where its type does not tell.

    Boolean masks say which pixels are good. Whole numbers are flags of faults where few are set; where most are, they
    may as well be the opposite, and the convention is asked for.
    """
    if mask.kind == "b":
        return "good-is-one", ""
    flagged = flagged_share(path, mask)
    if flagged > MOST_FLAGGED:
        return None, ""
    text = f"/{mask.key} is {mask.dtype}, not boolean: 0 is taken for good, and {flagged:.2%} of the pixels are flagged"
    return "nxmx", text


def _raw(tree: FileTree, key: str, *, masked: bool) -> dict[str, str]:
    """A word on raw frames of a Jungfrau, whose values are no counts."""
    node = tree.datasets.get(key)
    if node is None or node.kind != "u" or masked or not key.startswith("data/JF"):
        return {}
    text = "raw frames of a Jungfrau hold the gain in their two top bits: for these give the file that was converted"
    return {"images": f"{tree.path.name}: /{key} is {node.dtype}; {text}"}


def _others(tree: FileTree, detectors: list[str]) -> dict[str, str]:
    """A word on further detectors."""
    if len(detectors) < 2:
        return {}
    home = f"data/{detectors[1]}"
    good = f" --keep {home}/is_good_frame" if tree.first(f"{home}/is_good_frame") else ""
    option = f"--images {home}/data --ids {home}/pulse_id{good}"
    return {"images": f"{tree.path.name}: the images are those of {detectors[0]}; for {detectors[1]} give {option}"}
