"""Plain HDF5 stacks of images: the keys that the user gives say where everything is."""

from airybench.data.hdf5.tree import FileTree
from airybench.data.reading.options import StackKeys

KIND, TITLE = "stack", "HDF5 stack"


def keys(tree: FileTree) -> StackKeys | None:
    """Nothing is known of a plain stack; it is chosen by `--images`."""
    return None
