"""Patterns in memory as a model takes them: counts of the right shape and type, above the background of their run."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from airybench.data.loading.background import RunBackgrounds, background_rows, subtracted
from airybench.errors import DataError
from airybench.inference.predictor import Predictor

GIVE = "give more shots of the run, or its median image as background="


def checked_counts(predictor: Predictor, array: NDArray[Any]) -> NDArray[np.uint16]:
    """Counts of the size and type that a model takes.

    Args:
        predictor: the model.
        array: shape (N, H, W), or (H, W) for one pattern.

    Returns:
        uint16, shape (N, H, W).

    Raises:
        DataError: another shape, or values that are no counts.
    """
    if array.ndim == 2:
        array = array[None]
    shape = predictor.image_shape
    expected = "(N, H, W)" if shape is None else f"(N, {shape[0]}, {shape[1]})"
    if array.ndim != 3 or not predictor.fits(array.shape[1:]):
        raise DataError(f"counts have shape {array.shape}, expected {expected}; bin or crop them to that size")
    if array.dtype == np.uint16:
        return np.ascontiguousarray(array)
    whole = np.issubdtype(array.dtype, np.integer)
    if not whole or (array.size and (array.min() < 0 or array.max() > 65535)):
        raise DataError(
            f"counts are {array.dtype}, expected whole numbers from 0 to 65535; import_data and open_shots turn "
            "other values into counts by a rule that you choose"
        )
    return array.astype(np.uint16)


def above_background(
    predictor: Predictor, counts: NDArray[np.uint16], groups: ArrayLike | None, background: ArrayLike | None
) -> NDArray[np.uint16]:
    """Counts above the background of their run, where the model takes that; else the counts themselves.

    Args:
        predictor: the model.
        counts: shape (N, H, W).
        groups: run of each shot, whole numbers, shape (N,); None for one run.
        background: the median image of the run, uint16, shape (H, W); None to take the median of the counts.

    Raises:
        DataError: groups or background of another shape or type, or too few shots of a run.
    """
    if not predictor.subtracts:
        if background is not None:
            raise DataError("the model takes raw counts", "leave background= out; it was trained without one")
        return counts
    if background is not None:
        image = checked_counts(predictor, np.asarray(background))
        if len(image) != 1 or image.shape[1:] != counts.shape[1:]:
            raise DataError(f"background has shape {np.shape(background)}, expected {counts.shape[1:]}")
        return subtracted(counts, image[0])
    runs = np.zeros(len(counts), np.int32) if groups is None else np.asarray(groups)
    if runs.shape != (len(counts),) or runs.dtype.kind not in "iu":
        raise DataError(f"groups are {runs.dtype} of shape {runs.shape}, a whole number for each shot is expected")
    if not len(counts):
        return counts
    rows = background_rows("counts", runs, remedy=GIVE)
    return RunBackgrounds.of(lambda some: (counts[some], None), runs, rows).removed(counts, np.arange(len(counts)))
