"""Absorption lengths against the numbers of the literature and the sum rule."""

import numpy as np
import pytest

from airybench.physics.helium.absorption import absorption_length, draw_absorption


@pytest.mark.parametrize(("energy", "depth"), [(24.7, 59), (28, 73), (31, 87), (35, 109), (29.5, 80)])
def test_depths_above_the_threshold_are_those_of_the_literature(energy, depth):
    assert absorption_length(energy, 0.3) == pytest.approx(depth)


def test_the_band_has_the_strength_of_the_atomic_line():
    energies = np.linspace(19, 24.5, 4001)
    inverse = np.array([1 / absorption_length(energy, 1.0) for energy in energies])
    per_atom = np.trapezoid(inverse, energies) / 21.8  # nm^2 eV
    # pi e^2 h f / (m c): 2 pi^2 alpha (hbar c)^2 f / (m c^2), all in eV and nm
    expected = 2 * np.pi**2 / 137.036 * 197.327**2 / 510_998.95 * 0.2762
    assert per_atom == pytest.approx(expected, rel=1e-3)
    outside = (energies < 20.2) | (energies > 23.3)
    assert (inverse[outside] == 0).all()
    assert (inverse[(energies > 21) & (energies < 22.5)] > 1 / 110).all()


def test_below_the_threshold_depths_start_at_300_nm():
    rng = np.random.default_rng(1)
    drawn = np.array([draw_absorption(rng, 19.5) for _ in range(400)])
    assert (drawn <= 1 / (0.9 * 300)).all()
    assert drawn.min() < 1e-4
    assert (drawn == drawn.astype(np.float32)).all()


def test_depths_vary_by_a_tenth():
    rng = np.random.default_rng(2)
    depths = 1 / np.array([draw_absorption(rng, 31.0) for _ in range(400)])
    assert depths.min() == pytest.approx(0.9 * 87, rel=0.02)
    assert depths.max() == pytest.approx(1.1 * 87, rel=0.02)
