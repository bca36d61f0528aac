"""Peaks, lines and rectangles against searches that try everything."""

import numpy as np
import pytest

from airybench.data.store.isolated_pixels import bright_lines, opened, peaks


def around(place: tuple[int, int], shape: tuple[int, int]) -> set[tuple[int, int]]:
    """The pixels that touch one."""
    return {
        (row, column)
        for row in range(max(0, place[0] - 1), min(shape[0], place[0] + 2))
        for column in range(max(0, place[1] - 1), min(shape[1], place[1] + 2))
        if (row, column) != place
    }


def groups_of(chosen: np.ndarray) -> list[set[tuple[int, int]]]:
    """The chosen pixels, in groups that hang together."""
    left, groups = {(int(row), int(column)) for row, column in np.argwhere(chosen)}, []
    while left:
        group, waiting = set[tuple[int, int]](), [min(left)]
        while waiting:
            place = waiting.pop()
            if place in left:
                left.discard(place)
                group.add(place)
                waiting += around(place, chosen.shape) & left
        groups.append(group)
    return groups


def every_peak(values: np.ndarray, others: np.ndarray, known: np.ndarray, least: float) -> np.ndarray:
    """All groups at all levels, one by one."""
    found = np.zeros(values.shape, bool)
    for level in np.unique(values[known]):
        for group in groups_of(known & (values >= level)):
            if len(group) > 9:
                continue
            beside = [(one, known[one]) for place in group for one in around(place, values.shape) - group]
            lit = [others[one] for one, seen in beside if seen]
            if lit and 2 * len(lit) >= len(beside) and level >= max(lit) + least:
                found[tuple(zip(*group, strict=True))] = True
    return found


@pytest.mark.parametrize("seed", range(4))
def test_peaks_are_those_of_a_search_at_every_level(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.normal(0, 0.15, (11, 14)) + 4 * (rng.random((11, 14)) < 0.15) * rng.random((11, 14))).astype(
        np.float32
    )
    values[2:5, 2:5] += 2
    values[7:9, 4:9] += 3
    others, known = values + (rng.random(values.shape) * 0.1).astype(np.float32), rng.random(values.shape) < 0.85
    expected = every_peak(values, others, known, 0.7)
    assert expected.sum() > 9
    np.testing.assert_array_equal(peaks(values, others, known, 0.7), expected)


def test_groups_of_nine_are_found_and_of_ten_are_not() -> None:
    values = np.zeros((20, 20), np.float32)
    values[2:5, 2:5] = values[10:12, 5:10] = values[0, 19] = 1
    expected = values > 0
    expected[10:12] = False
    np.testing.assert_array_equal(peaks(values, values, values < 2, 0.9), expected)
    assert not peaks(values, values, values < 2, 1.1).any()


@pytest.mark.parametrize("size", [(3, 3), (10, 1), (1, 4), (40, 2)])
def test_rectangles_are_those_that_fit(size: tuple[int, int]) -> None:
    chosen = np.random.default_rng(4).random((30, 12)) < 0.93
    expected = np.zeros_like(chosen)
    for row in range(31 - size[0]):
        for column in range(13 - size[1]):
            place = np.s_[row : row + size[0], column : column + size[1]]
            expected[place] |= chosen[place].all()
    np.testing.assert_array_equal(opened(chosen, size), expected)


def test_columns_of_ten_between_known_columns_are_lines() -> None:
    values, known = np.zeros((30, 12), np.float32), np.ones((30, 12), bool)
    values[:, 0] = values[3:13, 4] = values[20:29, 4] = values[:, 8] = 1  # the second but one has nine pixels
    known[:, 9] = False
    expected = np.zeros_like(known)
    expected[3:13, 4] = True
    np.testing.assert_array_equal(bright_lines(values, values, known, 0.7), expected)
