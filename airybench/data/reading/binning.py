"""Binning of detector images to at most 259 x 259 pixels, and the check that values are plain counts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 259
"""Side of a stored image, pixels: 1035 / 4, rounded up."""

FULL = int(np.iinfo(np.uint16).max)


class CountsError(ValueError):
    """Values are no plain counts. The text says which values and what to do; the caller adds where they are."""


def binning_factor(shape: tuple[int, int]) -> int:
    """Width of a block, pixels, that brings an image to at most 259 x 259.

    >>> binning_factor((1035, 1035)), binning_factor((259, 128))
    (4, 1)
    """
    return -(-max(shape) // SIDE)


def binned_shape(shape: tuple[int, int], factor: int) -> tuple[int, int]:
    """Shape (H, W) of an image after binning, pixels; a block that is cut off at the edge counts as one.

    >>> binned_shape((1035, 1035), 4)
    (259, 259)
    """
    height, width = shape
    return -(-height // factor), -(-width // factor)


def binned_counts(image: NDArray[Any], factor: int | None = None) -> NDArray[np.uint16]:
    """Mean counts of square blocks, rounded half to even.

    Blocks that are cut off at the last row or column average over the pixels they have, three of four for 1035.

    Args:
        image: counts of any integer or float dtype, shape (H, W).
        factor: width f of a block, pixels; by default `binning_factor`.

    Returns:
        uint16, shape (ceil(H / f), ceil(W / f)).

    Raises:
        CountsError: a value is not a whole number from 0 to 65535.

    >>> binned_counts(np.array([[1, 3, 5], [5, 7, 9]]), 2)
    array([[4, 7]], dtype=uint16)
    """
    counts = plain_counts(image)
    factor = factor or binning_factor(image.shape)
    if factor == 1:
        return counts
    sums, pixels = _blocks(counts, factor), _blocks(np.ones(counts.shape, np.uint16), factor)
    return np.rint(sums / pixels).astype(np.uint16)


def binned_good(
    counts: NDArray[np.uint16], good: NDArray[np.bool_], factor: int
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Mean counts over the good pixels of each block, rounded half to even; a block without any is 0 and not good.

    Args:
        counts: shape (H, W).
        good: shape (H, W).
        factor: width of a block, pixels.

    Returns:
        Counts and which of them are good, shape (ceil(H / f), ceil(W / f)).
    """
    counts = np.where(good, counts, np.uint16(0))
    if factor == 1:
        return counts, good
    pixels = _blocks(good.astype(np.uint16), factor)
    return np.rint(_blocks(counts, factor) / np.maximum(pixels, 1)).astype(np.uint16), pixels > 0


def binned_mask(good: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
    """Which blocks hold at least one good pixel, shape (ceil(H / f), ceil(W / f)).

    Args:
        good: shape (H, W).
        factor: width of a block, pixels.
    """
    return _blocks(good.astype(np.uint16), factor) > 0


def _blocks(values: NDArray[np.uint16], factor: int) -> NDArray[np.uint32]:
    # Sums are whole numbers (below 2^32 for blocks of up to 2^16 pixels), so that a tie divides exactly.
    sums = values.astype(np.uint32)
    for axis, length in enumerate(values.shape):
        sums = np.add.reduceat(sums, np.arange(0, length, factor), axis=axis, dtype=np.uint32)
    return sums


def plain_counts(image: NDArray[Any]) -> NDArray[np.uint16]:
    """An image as uint16, if every value is a whole number from 0 to 65535.

    Args:
        image: shape (H, W), any dtype.

    Raises:
        CountsError: a value is not a whole number from 0 to 65535, or the dtype holds no numbers.
    """
    if image.dtype == np.uint16:
        return image.astype(np.uint16, copy=False)  # native byte order
    if image.dtype.kind not in "biuf":
        raise CountsError(f"values of type {image.dtype} are no counts; give whole numbers from 0 to {FULL}")
    checks = [
        ("negative", image < 0, "cut them off with --clip, or add the offset that the calibration took away"),
        (f"above {FULL}", image > FULL, "divide by the gain with --counts-per-photon X, or --clip"),
    ]
    if image.dtype.kind == "f":
        gain = "divide by the gain and round with --counts-per-photon X (1 only rounds)"
        checks.insert(0, ("not finite", ~np.isfinite(image), "mask them with --nan mask"))
        checks.append(("not whole", image != np.rint(image), gain))
    for what, bad, remedy in checks:
        if bad.any():
            example = image[tuple(np.argwhere(bad)[0])]
            raise CountsError(
                f"{int(bad.sum())} of {image.size} pixels are {what}, such as {example:.6g}; a store holds whole "
                f"numbers from 0 to {FULL} and nothing is cast silently: {remedy}, on purpose"
            )
    return image.astype(np.uint16)
