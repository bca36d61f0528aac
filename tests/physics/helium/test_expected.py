"""What is expected of droplets, against their computed patterns."""

import numpy as np
import pytest
import torch

from airybench.physics.helium import shapes
from airybench.physics.helium.draw import Illumination, illuminate
from airybench.physics.helium.expected import expected_aspect, expected_odd_part, expected_ring_ratio
from airybench.physics.helium.visibility import apparent_aspect
from airybench.physics.optics.geometry import wavenumber

LIGHT = Illumination(21.0, 0.0, torch.device("cpu"))


@pytest.mark.parametrize(("ratio", "delta"), [(1.1, 20.0), (1.4, 30.0), (1.7, 60.0)])
def test_spheroids_look_as_expected(ratio, delta):
    measured = illuminate(shapes.spheroid(300.0, 1 / ratio, delta, 40.0), LIGHT)
    at = np.array([ratio]), np.array([delta])
    odd = expected_odd_part(*at, wavenumber(21.0) * 300.0, oblate=True)[0]
    assert odd == pytest.approx(measured.odd_part, rel=0.3)
    assert expected_ring_ratio(*at)[0] == pytest.approx(measured.ring_ratio, abs=0.03)


def test_the_outline_of_a_capsule_shortens_with_its_tilt():
    for delta in (0.0, 30.0, 80.0):
        droplet = shapes.capped_cylinder(300.0, 3.0, delta, 25.0)
        assert expected_aspect(np.array([3.0]), np.array([delta]))[0] == pytest.approx(
            apparent_aspect(droplet), rel=0.01
        )
