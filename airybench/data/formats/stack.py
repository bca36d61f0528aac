"""Plain HDF5 stacks of images: the keys that the user gives say where everything is."""

from airybench.data.formats.layout import Layout
from airybench.data.hdf5.tree import FileTree

KIND, TITLE = "stack", "HDF5 stack"
NEEDS = "a stack of images, named with --images KEY"


def layout(tree: FileTree) -> Layout | None:
    """Nothing is known of a plain stack; it is chosen by `--images`."""
    return None
