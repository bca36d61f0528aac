"""Groups of pixels against SciPy's own reductions over labels."""

import numpy as np
import pytest
from scipy import ndimage

from airybench.data.store.pixel_groups import EIGHT, over_groups, small_groups


@pytest.mark.parametrize(
    ("of", "reference"), [(np.maximum, ndimage.maximum), (np.minimum, ndimage.minimum), (np.add, ndimage.sum_labels)]
)
def test_reductions_are_those_of_scipy(of: np.ufunc, reference: object) -> None:
    rng = np.random.default_rng(3)
    labels, number = ndimage.label(rng.random((40, 50)) < 0.2, EIGHT)
    values = rng.normal(size=labels.shape)
    groups = np.arange(1, number + 1, 2)
    np.testing.assert_allclose(over_groups(of, values, labels, groups), reference(values, labels, groups))  # type: ignore[operator]


def test_small_groups_name_the_largest_value_around_them() -> None:
    chosen = np.zeros((9, 9), bool)
    chosen[2, 2:4] = chosen[5:, 5:] = True  # one of two pixels and one of sixteen
    around = np.where(chosen, -np.inf, np.arange(81, dtype=np.float32).reshape(9, 9))
    ((labels, groups, highest),) = small_groups(chosen, np.ones((9, 9), bool), around)
    assert [labels[2, 2]] == groups.tolist()
    assert highest.tolist() == [9 * 3 + 4]
    assert not list(small_groups(chosen & (labels != groups[0]), np.ones((9, 9), bool), around))
