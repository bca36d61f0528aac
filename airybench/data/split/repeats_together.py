"""Shots with the same image are kept together: as one shot, or by making one group of theirs."""

import numpy as np
from numpy.typing import NDArray

from airybench.errors import DataError


def merged_groups(groups: NDArray[np.int32], first: NDArray[np.int64], needed: int) -> NDArray[np.int32]:
    """Groups, where those that are connected by identical images have become one.

    Args:
        groups: run or file of each shot, shape (N,).
        first: row of the first shot with the same image, shape (N,).
        needed: least number of groups that a split needs.

    Returns:
        Shape (N,): each group is called by the smallest number of those that it was made of.

    Raises:
        DataError: too few are left.

    >>> merged_groups(np.array([1, 2, 3, 4], np.int32), np.array([0, 1, 0, 3]), 3)
    array([1, 2, 1, 4], dtype=int32)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    values, members = np.unique(groups, return_inverse=True)
    members = members.reshape(-1)
    links = coo_array((np.ones(len(first)), (members, members[first])), shape=(len(values), len(values)))
    number, component = connected_components(links, directed=False)
    if number < needed <= len(values):
        raise DataError(
            f"identical images connect the {len(values)} groups, so that {number} can be kept apart; at least {needed} "
            "are needed to split by group",
            "leave the repeats out of the source, or use --split-by shot",
        )
    smallest = np.full(number, values.max())
    np.minimum.at(smallest, component, values)
    return np.asarray(smallest[component[members]], groups.dtype)


def one_for_each_image(
    labels: NDArray[np.bool_], first: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Distinct images in place of shots.

    Args:
        labels: of the shots, shape (N, C).
        first: row of the first shot with the same image, shape (N,).

    Returns:
        Labels of the M images, all that any of their shots has, shape (M, C); number of shots of each, shape (M,);
        and the image of each shot, shape (N,).
    """
    _, image, counts = np.unique(first, return_inverse=True, return_counts=True)
    image = image.reshape(-1)
    joined = np.zeros((len(counts), labels.shape[1]), bool)
    np.logical_or.at(joined, image, labels)
    return joined, counts, image
