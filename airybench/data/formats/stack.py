"""Plain HDF5 stacks of images: the user says where everything is, or there is only one stack that can be meant."""

from airybench.data.formats.candidates import (
    fault_of,
    faulty_columns,
    is_text,
    like_energies,
    like_groups,
    like_ids,
    like_labels,
    like_masks,
    like_wavelengths,
    misfit_ids,
    more_like_ids,
)
from airybench.data.formats.image_candidates import image_stacks, shots_first, stacks_along_last
from airybench.data.formats.layout import Layout
from airybench.data.hdf5.tree import DatasetNode, FileTree
from airybench.data.reading.options import StackKeys

KIND, TITLE = "stack", "plain HDF5 stack"
NEEDS = "one data set with the shape of a stack of images, or --images KEY"


def layout(tree: FileTree) -> Layout | None:
    """The one stack of a file with columns of obvious names; None when there are several stacks, or none."""
    stacks = image_stacks(tree) or stacks_along_last(tree)
    if len(stacks) != 1:
        return None
    # Ids that nobody named may well be numbers that begin again in each file.
    images = shots_first(tree, stacks[0])
    return Layout(columns_beside(tree, images), notes=left_beside(tree, images), restarts=True)


def named(tree: FileTree, key: str) -> Layout:
    """A word on what is beside the images that the user names; nothing of it is taken."""
    images = tree.datasets.get(key.strip("/"))
    if images is None or len(images.shape) < 3:
        return Layout(StackKeys())
    images = shots_first(tree, images)
    ids, notes = like_ids(tree, images), left_beside(tree, images)
    if ids:
        notes["ids"] = (
            f"{tree.path.name}: /{ids[0].key} looks like ids and is not used; to use it add --ids {ids[0].key}"
        )
    return Layout(StackKeys(), notes=notes)


def columns_beside(tree: FileTree, images: DatasetNode) -> StackKeys:
    """The images of a file with the columns of obvious names.

    Args:
        tree: of the file.
        images: shape (N, ...).
    """
    ids, energies, groups = (find(tree, images) for find in (like_ids, like_energies, like_groups))
    wavelengths = [] if energies else like_wavelengths(tree, images)
    return StackKeys(
        images=images.key,
        ids=(ids[0].key,) if ids else (),
        energy=energies[0].key if energies else None,
        wavelength=wavelengths[0].key if wavelengths else None,
        groups=groups[0].key if groups else None,
    )


def left_beside(tree: FileTree, images: DatasetNode) -> dict[str, str]:
    """A word on what is in the file and not taken, since its meaning has to be said; by the name of the key.

    Args:
        tree: of the file.
        images: shape (N, ...).
    """
    masks, labels, name = like_masks(tree, images), like_labels(tree, images), tree.path.name
    notes = {node.key: f"{fault_of(tree, node)}; it is not used" for node in faulty_columns(tree)}
    ids = _ids_left(tree, images)
    if ids:
        notes["ids"] = f"{name}: {ids}"
    if masks:
        option = f"--mask {masks[0].key} --mask-convention CONVENTION"
        notes["mask"] = f"{name}: /{masks[0].key} looks like a mask and is not used; to use it add {option}"
    if labels:
        option = f"--labels {labels[0].key}" + ("" if is_text(labels[0]) else " --class-names A,B,...")
        notes["labels"] = f"{name}: /{labels[0].key} looks like labels and is not used; to use them add {option}"
    return notes


def _ids_left(tree: FileTree, images: DatasetNode) -> str:
    """A word on what looks like identifiers and is not taken; empty without any."""
    decimals, others, odd = (
        like_ids(tree, images, decimal=True),
        more_like_ids(tree, images),
        misfit_ids(tree, images),
    )
    if like_ids(tree, images):
        return ""
    if decimals:
        return (
            f"/{decimals[0].key} looks like ids, holds decimals and is not used; to use it add --ids {decimals[0].key}"
        )
    if odd:
        other = max(odd[0].shape) in images.shape[1:]
        where = ", but that of another axis, which the shots may be along" if other else ""
        return (
            f"/{odd[0].key} looks like ids and is not used: its length {max(odd[0].shape)} is not that of the "
            f"{images.shape[0]} images{where}"
        )
    keys = ",".join(node.key for node in others)
    return f"/{keys.replace(',', ', /')} may tell the shots apart; to use as ids add --ids {keys}" if keys else ""
