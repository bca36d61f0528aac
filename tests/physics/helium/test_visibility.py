"""Evidence in nats against closed forms, and the outline of droplets."""

import numpy as np
import pytest
import torch
from scipy import stats

from airybench.physics.helium import shapes
from airybench.physics.helium.draw import Illumination, illuminate
from airybench.physics.helium.visibility import apparent_aspect, evidence, look_at

LIGHT = Illumination(22.9, 0.0, torch.device("cpu"))


def test_evidence_is_the_divergence_of_the_counts():
    one, other = np.array([3.0, 1.0, 2.0]), np.array([2.0, 2.0, 2.0])
    counts = np.arange(200)
    expected = sum(
        (stats.poisson(a).pmf(counts) * (stats.poisson(a).logpmf(counts) - stats.poisson(b).logpmf(counts))).sum()
        for a, b in zip(4 * one + 0.5, 4 * other + 0.5, strict=True)
    )
    assert evidence(one, other, 24.0, 0.5) == pytest.approx(expected, rel=1e-6)


def test_stray_light_buries_a_feature():
    rng = np.random.default_rng(1)
    one, other = rng.random(500), rng.random(500)
    values = [evidence(one, other, 1000.0, stray) for stray in (0.0, 1.0, 10.0, 100.0)]
    assert values == sorted(values, reverse=True)
    # far below the stray light it falls as the square of the photons
    assert evidence(one, other, 20.0, 1e3) == pytest.approx(evidence(one, other, 10.0, 1e3) * 4, rel=0.01)
    assert evidence(one, one, 1000.0, 0.1) == 0


def test_tilt_and_flattening_are_evidence_and_a_sphere_holds_none():
    sphere = look_at(illuminate(shapes.spheroid(300.0, 1.0, 30.0, 20.0), LIGHT), 1e4, 0.0)
    flat = look_at(illuminate(shapes.spheroid(300.0, 0.7, 0.0, 20.0), LIGHT), 1e4, 0.0)
    tilted = look_at(illuminate(shapes.capped_cylinder(300.0, 2.5, 35.0, 20.0), LIGHT), 1e4, 0.0)
    assert sphere.evidence_odd < 1
    assert sphere.evidence_shape < 5  # what the pixels and the grid of the field leave
    assert flat.evidence_odd < 1
    assert flat.evidence_shape > 100
    assert tilted.evidence_odd > 100
    assert tilted.elongated


@pytest.mark.parametrize(("delta", "expected"), [(0.0, 2.0), (60.0, 1.5), (90.0, 1.0)])
def test_the_outline_of_a_rotated_capsule(delta, expected):
    for azimuth in (0.0, 37.0):
        assert apparent_aspect(shapes.capped_cylinder(200.0, 2.0, delta, azimuth)) == pytest.approx(expected, rel=1e-6)
