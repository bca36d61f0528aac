"""Virtual CXI files of European XFEL, as EXtra-data writes them over the files of the modules of a detector."""

from airybench.data.formats.layout import Layout, convention_unless_inverted
from airybench.data.hdf5.tree import DatasetNode, FileTree
from airybench.data.reading.cxi_keys import IDS
from airybench.data.reading.options import FrameOptions, StackKeys

KIND, TITLE = "euxfel-cxi", "virtual CXI file of European XFEL"
NEEDS = "/entry_1/instrument_1/detector_1/data beside /entry_1/trainId and /entry_1/pulseId or memoryCell"

PLANES = 2
"""Of a raw frame: intensity and gain."""

_DETECTOR = "entry_1/instrument_1/detector_1"
_TRAIN, _PULSES = "entry_1/trainId", ("entry_1/pulseId", "entry_1/memoryCell")
_EVENTS = (_TRAIN, *_PULSES, "entry_1/cellId")


def layout(tree: FileTree) -> Layout | None:
    """Images, masks, and identifiers of train and pulse.

    Raw files have an axis for intensity and gain, of which the intensity is taken; corrected ones hold NaN where a
    module is missing.

    Source: `write_cxi.py` of EXtra-data.
    """
    images = tree.first(f"{_DETECTOR}/data", "entry_1/data_1/data")
    pulse = tree.first(*_PULSES)  # of JUNGFRAU detectors it is the memory cell
    if images is None or pulse is None or not tree.first(_TRAIN):
        return None
    node = tree.datasets.get(images)
    ids = tree.first(*(f"entry_1/{name}" for name in IDS))
    mask = tree.first(f"{images.rpartition('/')[0]}/mask")
    floats = node is not None and node.kind == "f"
    return Layout(
        keys=StackKeys(
            images=images,
            ids=(ids,) if ids else (_TRAIN, pulse),
            events=tuple(key for key in _EVENTS if _column(tree, key)),
            mask=mask,
            mask_convention=convention_unless_inverted(tree.path, tree.datasets.get(mask), "euxfel") if mask else None,
        ),
        frames=FrameOptions() if node is None else _frames(node, flat=_flat(tree, node)),
        nan_mask=floats,
        notes={"images": "NaN, such as of modules that are missing in a train, is masked"} if floats else {},
    )


def _column(tree: FileTree, key: str) -> bool:
    """Whether a key has one value for each shot; `cellId` may have one for each module."""
    node = tree.datasets.get(key)
    return node is not None and (len(node.shape) == 1 or node.shape[1:] == (1,))


def _flat(tree: FileTree, node: DatasetNode) -> bool:
    """Whether images have no axis for modules, which the number of dimensions alone does not tell of raw ones.

    The cells of the detector, one for each module, tell how many there are. A file without them is asked about.
    """
    cells = tree.datasets.get("entry_1/cellId")
    if cells is None or len(cells.shape) not in (1, 2):
        return len(node.shape) == 3
    modules = cells.shape[1] if len(cells.shape) == 2 else 1
    return len(node.shape) == 3 or (len(node.shape) == 4 and node.shape[1] == PLANES != modules)


def _frames(node: DatasetNode, *, flat: bool) -> FrameOptions:
    """The plane of raw frames that holds intensities; corrected ones, which are floats, have modules there."""
    shape = node.shape[1:]
    if node.kind == "f":
        return FrameOptions()
    raw = len(shape) == (3 if flat else 4) and shape[-3] == PLANES
    return FrameOptions(channel=0 if raw else None)
