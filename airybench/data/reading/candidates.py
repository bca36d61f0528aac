"""Which data sets of a file could be meant, for messages about a key that is missing."""

from pathlib import Path

from airybench.data.hdf5.tree import DatasetNode, file_tree

MOST_NAMED = 8

_SHAPED = {"--images": (2, 5), "--mask": (2, 4), "--labels": (1, 2)}
"""Numbers of axes, fewest and most, by option; columns have one."""


def fitting_keys(path: Path, option: str, frames: int = 0, padded: int = 0) -> list[str]:
    """Data sets that an option could name, largest first, at most MOST_NAMED.

    Args:
        path: the file.
        option: of the command line, such as `--ids`.
        frames: number of shots, 0 when unknown.
        padded: the same with padding.

    Returns:
        Such as `/raw (6, 20, 30) uint16`.
    """
    nodes = [
        node for node in file_tree(path).datasets.values() if not node.fault and _fits(node, option, (frames, padded))
    ]
    nodes.sort(key=lambda node: -_size(node.shape))
    return [f"/{node.key} {node.shape} {node.dtype}" for node in nodes[:MOST_NAMED]]


def _fits(node: DatasetNode, option: str, lengths: tuple[int, int]) -> bool:
    number = node.kind not in "SUO"
    shape = node.shape
    if option in ("--images", "--mask"):
        fewest, most = _SHAPED[option]
        return number and fewest <= len(shape) <= most and min(shape[-2:]) > 1
    if not lengths[0]:
        return len(shape) == 1
    fewest, most = _SHAPED.get(option, (1, 2))
    if not shape or shape[0] not in lengths or not fewest <= len(shape) <= most:
        return False
    return len(shape) == 1 or option == "--labels" or shape[1] == 1


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
