"""Data sets of a plain HDF5 file that look like identifiers, energies, runs, labels or masks by shape and name."""

from airybench.data.formats.column_names import (
    ENERGIES,
    GROUPS,
    IDS,
    LABELS,
    LENGTH_UNIT,
    MASKS,
    MORE_IDS,
    UNIT,
    WAVELENGTHS,
    named,
)
from airybench.data.hdf5.tree import DatasetNode, FileTree


def named_ids(tree: FileTree) -> list[DatasetNode]:
    """Data sets with the name of identifiers, the likeliest first, whatever their shape."""
    return named(tree, (*IDS, *MORE_IDS))


def like_ids(tree: FileTree, images: DatasetNode, *, decimal: bool = False) -> list[DatasetNode]:
    """Columns that could be identifiers: whole numbers and text, or those that hold decimals."""
    columns = [node for node in named(tree, IDS) if _is_column(node, images)]
    return [node for node in columns if (node.kind == "f") == decimal and node.kind != "b"]


def more_like_ids(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns that may tell the shots apart, each alone or several together."""
    return [node for node in named(tree, MORE_IDS) if _is_column(node, images) and node.kind in "uiSUO"]


def misfit_ids(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns with the name of identifiers and another length than the stack."""
    columns = [node for node in named(tree, IDS) if node.kind in "uifSUO" and len(node.shape) in (1, 2)]
    return [node for node in columns if sum(size != 1 for size in node.shape) == 1 and not _is_column(node, images)]


def like_energies(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be photon energies."""
    nodes = named(tree, ENERGIES, UNIT)
    return [node for node in nodes if _is_number(node) and (_is_column(node, images) or node.shape in ((), (1,)))]


def like_wavelengths(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be wavelengths."""
    nodes = named(tree, WAVELENGTHS, LENGTH_UNIT)
    return [node for node in nodes if _is_number(node) and (_is_column(node, images) or node.shape in ((), (1,)))]


def like_groups(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or scalars that could be runs."""
    nodes = named(tree, GROUPS)
    return [node for node in nodes if _is_column(node, images) or node.shape in ((), (1,))]


def like_labels(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Columns or tables that could be labels."""
    nodes = named(tree, LABELS)
    tables = [node for node in nodes if node.shape[:1] == images.shape[:1] and len(node.shape) < 3]
    return [node for node in tables if _is_number(node) or (is_text(node) and _is_column(node, images))]


def is_text(node: DatasetNode) -> bool:
    """Whether a data set holds words."""
    return node.kind in "SUO"


def faulty_columns(tree: FileTree) -> list[DatasetNode]:
    """Data sets of the names above that cannot be read."""
    names = (*IDS, *MORE_IDS, *ENERGIES, *WAVELENGTHS, *GROUPS, *LABELS, *MASKS)
    return named(tree, names, faulty=True)


def fault_of(tree: FileTree, node: DatasetNode) -> str:
    """Why a data set cannot be read, with its file and key."""
    return (
        node.fault
        if node.fault.startswith((str(tree.path), str(tree.path.parent.absolute())))
        else f"{tree.path}: /{node.key} {node.fault}"
    )


def like_masks(tree: FileTree, images: DatasetNode) -> list[DatasetNode]:
    """Data sets that could be masks."""
    return [node for node in named(tree, MASKS) if node.shape[-2:] == images.shape[-2:]]


def _is_column(node: DatasetNode, images: DatasetNode) -> bool:
    count = images.shape[0]
    return node.shape in ((count,), (count, 1), (1, count))


def _is_number(node: DatasetNode) -> bool:
    return node.kind in "uifb"
