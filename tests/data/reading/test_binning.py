"""Block means against plain loops, on both sides of what 16 bits hold."""

import numpy as np
import pytest

from airybench.data.reading.binning import binned_counts, block_means, block_pixels


@pytest.mark.parametrize("factor", [2, 3, 4, 7])
@pytest.mark.parametrize(
    "largest", ["few", "a block within 16 bits", "just within 16 bits", "just beyond", "all that counts may be"]
)
def test_means_are_those_of_a_plain_loop(factor: int, largest: str) -> None:
    within = 65535 // factor
    block = 65535 // factor**2
    top = {
        "few": 3,
        "a block within 16 bits": block,
        "just within 16 bits": within,
        "just beyond": within + 1,
        "all that counts may be": 65535,
    }[largest]
    rng = np.random.default_rng(factor)
    image = rng.integers(0, top + 1, (23, 26)).astype(np.uint16)
    image[1:7, 9:20] += (image[1:7, 9:20] < top).astype(np.uint16)
    image[:factor, :factor] = image[-1, -1] = top  # a block full of it, and a cut one
    good = rng.random(image.shape) < 0.8
    expected, masked = (np.zeros((-(-23 // factor), -(-26 // factor)), np.uint16) for _ in range(2))
    for row, column in np.ndindex(expected.shape):
        where = (slice(row * factor, (row + 1) * factor), slice(column * factor, (column + 1) * factor))
        values = image[where].astype(object)
        expected[row, column] = np.rint(values.sum() / values.size)
        if good[where].any():
            masked[row, column] = np.rint(values[good[where]].sum() / good[where].sum())
    np.testing.assert_array_equal(binned_counts(image, factor), expected)
    pixels = block_pixels(image.shape, good, factor)
    np.testing.assert_array_equal(block_means(image * good, pixels, factor), masked)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_every_remainder_is_rounded_half_to_even(factor: int) -> None:
    sums = np.arange(4 * factor**2)
    blocks = np.zeros((factor, factor * len(sums)), np.uint16)  # whole blocks only, side by side
    blocks[0, ::factor] = sums
    np.testing.assert_array_equal(binned_counts(blocks, factor)[0], np.rint(sums / factor**2))
    many = 65535 - 4 * factor**2
    np.testing.assert_array_equal(
        binned_counts(blocks + np.uint16(many), factor)[0], np.rint((sums + many * factor**2) / factor**2)
    )
