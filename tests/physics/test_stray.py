"""Stray light of version 2."""

import numpy as np
import pytest

from airybench.physics.optics.geometry import Geometry
from airybench.physics.stray import draw_stray


def test_stray_light_follows_its_halo_in_the_mean_and_has_structure():
    geometry = Geometry(row_shift=2.0, column_shift=-1.0)
    templates = np.array([draw_stray(np.random.default_rng(seed), geometry, 0.3, 0.5) for seed in range(60)])
    rows, columns = np.indices((259, 259)) - 129.0
    radius = np.hypot(rows - 2, columns + 1) / 129
    halo = 0.3 / (1 + (radius / 0.5) ** 2) ** 2
    beside = radius > 0.1  # flares meet on the axis
    assert np.median(templates, axis=0)[beside] == pytest.approx(halo[beside], rel=0.35)
    relative = templates / halo
    assert 0.05 < relative[:, radius > 0.5].std() < 1
    assert (relative.max(axis=(1, 2)) > 1.3).mean() > 0.5  # flares
    assert (templates > 0).all()
