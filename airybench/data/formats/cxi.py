"""CXI files with one stack for all shots, as Cheetah and psocake write them."""

from airybench.data.formats.layout import Layout
from airybench.data.hdf5.tree import FileTree
from airybench.data.reading.cxi_keys import ENERGY, IDS
from airybench.data.reading.options import StackKeys

KIND, TITLE = "cxi", "CXI stack"
NEEDS = "a stack at /entry_1/data_1/data"

IMAGES = ("entry_1/data_1/data", "entry_1/image_1/data")
"""Where a CXI file keeps its stack."""


def layout(tree: FileTree) -> Layout | None:
    """Where the file keeps its stack, identifiers and photon energies; None when it has no such stack."""
    images = tree.first(*IMAGES)
    if images is None:
        return None
    ids = tree.first(*(f"entry_1/{name}" for name in IDS))
    return Layout(StackKeys(images=images, ids=(ids,) if ids else (), energy=tree.first(f"entry_1/{ENERGY}")))
