"""Binning of detector images to at most 259 x 259 pixels, and the check that values are plain counts."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.invalid_values import largest_of

SIDE = 259
"""Side of a stored image, pixels: 1035 / 4, rounded up."""

_IN_A_WORD = 4
"""Numbers of 16 bits in a word of 64."""

_ONES = np.uint64(0x0001_0001_0001_0001)

FULL = int(np.iinfo(np.uint16).max)

_MARKS = (2**31 - 1, 2**32 - 1, 2**32 - 2, 2**63 - 1, 2**64 - 1)
"""Largest values of types, and -2 of 32 bits, as DECTRIS marks faulty pixels."""


class CountsError(ValueError):
    """Values are no plain counts. The text says which values and what to do; the caller adds where they are.

    Args:
        found: which values.
        option: that makes counts of them, the likeliest one; empty where there is none.
        remedy: what to do.
    """

    def __init__(self, found: str, option: str = "", remedy: str = "") -> None:
        super().__init__(f"{found}{': ' if remedy else ''}{remedy}")
        self.found, self.option, self.remedy = found, option, remedy


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
    factor = factor or binning_factor(image.shape)
    return block_means(plain_counts(image), block_pixels(image.shape, None, factor), factor)


def block_means(
    counts: NDArray[np.uint16], pixels: NDArray[np.uint16 | np.uint32], factor: int, largest: int | None = None
) -> NDArray[np.uint16]:
    """Mean counts over the good pixels of each block, rounded half to even; 0 for a block without any.

    Args:
        counts: 0 at pixels that are not good, shape (H, W).
        pixels: good pixels of each block, as `block_pixels` counts them.
        factor: width of a block, pixels.
        largest: of the counts, where it is known already.

    Returns:
        uint16, shape (ceil(H / f), ceil(W / f)).
    """
    if factor == 1:
        return counts
    return _rounded_means(_block_sums(counts, factor, largest), pixels)


def block_pixels(shape: tuple[int, int], good: NDArray[np.bool_] | None, factor: int) -> NDArray[np.uint16 | np.uint32]:
    """Number of good pixels in each block, shape (ceil(H / f), ceil(W / f)).

    Args:
        shape: (H, W), pixels.
        good: bool, of that shape; None for all.
        factor: width of a block, pixels.
    """
    if good is not None:
        return _block_sums(good, factor)
    height, width = (np.minimum(factor, size - np.arange(0, size, factor)) for size in shape)
    return np.outer(height, width).astype(np.uint32)


def binned_mask(good: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
    """Which blocks hold at least one good pixel, shape (ceil(H / f), ceil(W / f)).

    Args:
        good: shape (H, W).
        factor: width of a block, pixels.
    """
    return _block_sums(good, factor) > 0


def _rounded_means(sums: NDArray[np.uint16 | np.uint32], pixels: NDArray[np.uint16 | np.uint32]) -> NDArray[np.uint16]:
    """Sums over pixels, rounded half to even; in whole numbers where all blocks have 2, 4, 16, ... pixels."""
    count = int(pixels.max(initial=0))
    if count > 1 and count & (count - 1) == 0 and pixels.min() == count:
        shift = count.bit_length() - 1
        # Half a unit is added, less the last bit where the whole part is even: so a tie goes to the even number.
        means = (sums >> shift) & 1
        means += sums
        means += count // 2 - 1
        means >>= shift
        return means.astype(np.uint16, copy=False)
    quotients = sums / np.maximum(pixels, 1)
    return np.rint(quotients, out=quotients).astype(np.uint16)


def _block_sums(values: NDArray[Any], factor: int, largest: int | None = None) -> NDArray[np.uint16 | np.uint32]:
    """Sums over blocks: whole numbers (below 2^32 for blocks of up to 2^16 pixels), so that a tie divides exactly.

    Strided additions over the whole image take a tenth of the time of `np.add.reduceat`. In 16 bits, where those hold
    the sums, they take less than half of the time of the same in 32.

    Returns:
        uint16 where it holds the sums of the largest value and half a block more, else uint32.
    """
    if factor == 1:
        return values.astype(np.uint32)
    height, width = values.shape
    whole, across = height // factor, -(-width // factor)
    if largest is None:
        largest = int(values.max(initial=0))
    dtype = np.uint16 if largest * factor**2 + factor**2 // 2 <= FULL else np.uint32
    rows = np.empty((-(-height // factor), across * factor), np.uint16 if largest * factor <= FULL else np.uint32)
    rows[:, width:] = 0  # these complete the blocks that are cut off at the edge
    inside = values[: whole * factor].reshape(whole, factor, width)
    np.add.reduce(inside, axis=1, dtype=rows.dtype, out=rows[:whole, :width])
    if whole < len(rows):
        np.sum(values[whole * factor :], axis=0, dtype=rows.dtype, out=rows[whole, :width])
    if factor == _IN_A_WORD and dtype == np.uint16:
        words = rows.view(np.uint64)
        words *= _ONES  # the topmost 16 bits become the sum of all four
        words >>= 48
        return words.astype(np.uint16)
    sums = np.add(rows[:, 0::factor], rows[:, 1::factor], dtype=dtype)
    for number in range(2, factor):
        sums += rows[:, number::factor]
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
    if _within(image):
        return image.astype(np.uint16)
    for what, bad, option, remedy in _checks(image):
        if bad.any():
            example = image[tuple(np.argwhere(bad)[0])]
            raise CountsError(
                f"{int(bad.sum())} of {image.size} pixels are {what}, such as {example:.6g}; a store holds whole "
                f"numbers from 0 to {FULL} and nothing is cast silently",
                option,
                f"{remedy}, on purpose",
            )
    return image.astype(np.uint16)


def _checks(image: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_], str, str]]:
    """What may be wrong with values: what they are called, where they are, the likeliest option, and what to do."""
    floats, clip = image.dtype.kind == "f", "cut them off with --clip"
    if floats:
        yield "not finite", ~np.isfinite(image), "--nan mask", "mask them with --nan mask"
    remedy = "mask them with --invalid negative where they mark gaps, add the offset that the calibration took away"
    below = image < 0
    # Noise around 0 is what floats hold below it; whole numbers, or one value alone such as -9999, are a mark.
    mark = not floats or image.min(initial=0, where=below) == image.max(initial=-np.inf, where=below)
    yield "negative", below, "--invalid negative" if mark else "--clip", f"{remedy}, or {clip}"
    if image.dtype.kind in "iuf":
        remedy = "mask them with --invalid max"
        yield f"the largest of {image.dtype.name}", image == largest_of(image.dtype), "--invalid max", remedy
    for value in _MARKS:
        if floats or value <= np.iinfo(image.dtype).max:
            option, what = f"--invalid {value}", f"{value}, as detectors write it in place of a count"
            yield what, image == image.dtype.type(value), option, f"mask them with {option}"
    remedy = f"divide by the gain with --counts-per-photon X, or {clip}"
    yield f"above {FULL}", image > FULL, "--counts-per-photon X", remedy
    if floats:
        remedy = "divide by the gain and round with --counts-per-photon X (1 only rounds)"
        yield "not whole", image != np.rint(image), "--counts-per-photon X", remedy


def _within(image: NDArray[Any]) -> bool:
    """Whether all values are plain counts, in as few passes as possible."""
    if image.dtype.kind == "b":
        return True
    if not ((image.dtype.kind == "u" or image.min() >= 0) and image.max() <= FULL):  # so for NaN as well
        return False
    return image.dtype.kind in "iu" or bool((image == np.rint(image)).all())
