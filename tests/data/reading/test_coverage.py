"""What has no source in a view: compared place by place with the fill value that HDF5 reads there."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.data.reading.coverage import Coverage, coverage_of

SHAPE = (6, 3, 4, 5)


def held(found: Coverage, first: int, stop: int) -> np.ndarray:
    """Where some shots have a source."""
    part = found.part(0, first, stop)
    return np.ones((stop - first, *SHAPE[1:]), bool) if part is None else part


def module(layout: h5py.VirtualLayout, source: Callable[..., h5py.VirtualSource]) -> None:
    layout[:, 0] = source((6, 4, 5))
    layout[1:4, 2] = source((3, 4, 5))


def shots(layout: h5py.VirtualLayout, source: Callable[..., h5py.VirtualSource]) -> None:
    layout[0:2] = source((2, 3, 4, 5))
    layout[3:6] = source((3, 3, 4, 5))


def strided(layout: h5py.VirtualLayout, source: Callable[..., h5py.VirtualSource]) -> None:
    layout[::2, 1, 1::2] = source((3, 2, 5))


@pytest.mark.parametrize("fill", [module, shots, strided])
def test_the_coverage_is_where_hdf5_has_values(tmp_path: Path, fill: Callable[..., None]) -> None:
    def source(shape: tuple[int, ...]) -> h5py.VirtualSource:
        name = "x".join(map(str, shape))
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["data"] = np.ones(shape, np.uint16)
        return h5py.VirtualSource(f"{name}.h5", "data", shape)

    layout = h5py.VirtualLayout(SHAPE, "u2")
    fill(layout, source)
    with h5py.File(tmp_path / "view.h5", "w") as file:
        file.create_virtual_dataset("data", layout, fillvalue=65535)
    with h5py.File(tmp_path / "view.h5") as file:
        expected = file["data"][()] == 1
        found = coverage_of(file["data"])
        assert found is not None
        np.testing.assert_array_equal(held(found, 0, 6), expected)
        np.testing.assert_array_equal(held(found, 2, 5), expected[2:5])
        np.testing.assert_array_equal(found.empty(0), ~expected.any(axis=(1, 2, 3)))
        assert found.missing() == pytest.approx(1 - expected.mean())
        filled = expected[expected.any(axis=(1, 2, 3))]
        assert found.same(0) == bool((filled == filled[:1]).all())


def test_a_view_that_is_filled_everywhere_has_no_coverage(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "view.h5", "w") as file:
        file["a"] = np.zeros((2, 3))
        layout = h5py.VirtualLayout((4, 3), "f8")
        layout[:2], layout[2:] = (h5py.VirtualSource(".", "a", (2, 3)) for _ in range(2))
        file.create_virtual_dataset("view", layout)
        for key in ("a", "view"):
            assert coverage_of(file[key]) is None
