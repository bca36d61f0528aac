"""Bodies: volumes, boxes and rotations against formulae that do not pass through the code."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from airybench.physics.helium.shapes import capped_cylinder, pill, scaled, spheroid, triaxial, two_lobed
from airybench.physics.optics.bodies import (
    CappedCylinder,
    Ellipsoid,
    Polyhedron,
    random_quaternion,
    rotation_from_quaternion,
    tilted,
)
from airybench.physics.small_angle.particles import icosahedron, magnetosome_chain, phage, rice_grain, truncated_cube

RNG_SEED = 11


def volume(parts, step=1.0, overlap=False):
    """Volume from the entry and exit heights on a grid of lines; of the union where parts overlap."""
    low = np.min([part.bounds()[0] for part in parts], axis=0)
    high = np.max([part.bounds()[1] for part in parts], axis=0)
    x, y = (torch.arange(low[i] - 2 * step, high[i] + 2 * step, step, dtype=torch.float32) for i in (0, 1))
    heights = [part.columns(x[:, None], y[None, :]) for part in parts]
    if overlap:
        z = torch.arange(low[2], high[2], step)
        inside = torch.zeros((len(x), len(y), len(z)), dtype=torch.bool)
        for entry, leave in heights:
            inside |= (z > entry[..., None]) & (z < leave[..., None])
        return float(inside.sum()) * step**3
    return float(sum((leave - entry).clamp(min=0).sum() for entry, leave in heights)) * step**2


@pytest.mark.parametrize("seed", range(4))
def test_volumes(seed):
    rotation = rotation_from_quaternion(random_quaternion(np.random.default_rng(seed)))
    assert volume([Ellipsoid((60, 40, 30), rotation)]) == pytest.approx(4 / 3 * np.pi * 60 * 40 * 30, rel=5e-3)
    expected = np.pi * 30**2 * 2 * 50 + 4 / 3 * np.pi * 30**3
    assert volume([CappedCylinder(30, 80, rotation)]) == pytest.approx(expected, rel=5e-3)
    # Volume of a regular icosahedron in its circumradius: 2.53615 R^3.
    assert volume(icosahedron(190.0, rotation)) == pytest.approx(2.53615 * 95**3, rel=5e-3)
    cube = truncated_cube(60.0, 0.1, rotation, np.array([5.0, 6.0, 7.0]))
    assert volume([cube]) == pytest.approx(60**3 - 8 * (0.1 * 60) ** 3 / 6, rel=5e-3)
    assert volume(rice_grain(200.0, 50.0, rotation)) == pytest.approx(np.pi / 6 * 200 * 50**2, rel=5e-3)


@pytest.mark.parametrize("delta", [0.0, 30.0, 80.0, 90.0])
def test_droplets_have_the_volume_of_their_radius(delta):
    expected = 4 / 3 * np.pi * 60**3
    for droplet in (
        spheroid(60.0, 0.7, delta, 10.0),
        capped_cylinder(60.0, 3.0, delta, 10.0),
        triaxial(60.0, 2.5, 1.2, 30.0, delta, 10.0),
    ):
        assert volume(droplet.bodies) == pytest.approx(expected, rel=1e-2)
    assert volume(two_lobed(60.0, 3.5, delta, 10.0).bodies, overlap=True) == pytest.approx(expected, rel=1e-2)
    assert volume(scaled(spheroid(60.0, 0.7, delta, 0.0), 0.5).bodies) == pytest.approx(expected / 8, rel=1e-2)
    assert volume(pill(20.0, 5.0, delta, 0.0).bodies) == pytest.approx(np.pi * 20**3 * (8 + 4 / 3), rel=1e-2)


def test_long_axis_leaves_the_plane_by_delta_and_turns_by_azimuth():
    droplet = capped_cylinder(100.0, 4.0, 30.0, 70.0)
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    axis = np.array([c * np.cos(np.radians(70)), c * np.sin(np.radians(70)), s])
    half = 100 / 5.5 ** (1 / 3) * 4
    assert droplet.extent(axis) == pytest.approx(half)
    across = np.array([-np.sin(np.radians(70)), np.cos(np.radians(70)), 0])
    assert droplet.extent(across) == pytest.approx(half / 4)


def test_head_and_tail_of_the_phage_touch_but_do_not_overlap():
    parts = phage((85.0, 115.0), (100.0, 20.0), np.eye(3))
    head, tail = (part.bounds() for part in parts)
    assert head[1][0] - head[0][0] == pytest.approx(115)
    assert tail[1][0] - tail[0][0] == pytest.approx(100)
    assert head[0][0] == pytest.approx(tail[1][0])
    assert head[1][0] + tail[0][0] == pytest.approx(0)


def test_cubes_of_a_chain_keep_their_gaps():
    edges, gaps = np.array([40.0, 50.0, 45.0]), np.array([6.0, 9.0])
    chain = magnetosome_chain(edges, gaps, 0.0, 0.1, np.zeros(3), np.eye(3))
    boxes = [cube.bounds() for cube in chain]
    found = [after[0][0] - before[1][0] for before, after in pairwise(boxes)]
    np.testing.assert_allclose(found, gaps)
    bent = magnetosome_chain(edges, gaps, 8.0, 0.1, np.zeros(3), np.eye(3))
    assert all(isinstance(cube, Polyhedron) for cube in bent)
    assert bent[1].bounds()[0][1] != pytest.approx(bent[0].bounds()[0][1])


def test_rotations_are_proper_and_uniform():
    rng = np.random.default_rng(RNG_SEED)
    rotations = np.array([rotation_from_quaternion(random_quaternion(rng)) for _ in range(4000)])
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (4000, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    # Entries of a uniform rotation are uniform on [-1, 1]: mean 0, variance 1/3; mean trace 0.
    assert np.abs(rotations.mean(axis=0)).max() < 0.04
    np.testing.assert_allclose(rotations.var(axis=0), 1 / 3, atol=0.02)
    np.testing.assert_allclose(tilted(90.0)[:, 0], [0, 0, 1], atol=1e-12)


@pytest.mark.parametrize("spin", [0.0, 20.0, 90.0, 180.0])
@pytest.mark.parametrize("delta", [0.0, 90.0, 180.0])
def test_faces_along_the_beam_lose_nothing(delta, spin):
    edges = np.full(3, 47.0)
    chain = magnetosome_chain(edges, np.full(2, 8.0), 0.0, 0.12, np.full(3, spin), tilted(delta))
    assert volume(chain, step=0.5) == pytest.approx(3 * (47**3 - 8 * (0.12 * 47) ** 3 / 6), rel=1e-2)
    signed = Polyhedron(np.array([[a, b, c] for a in (-5, 5) for b in (-5, 5) for c in (-5, 5)], dtype=np.float64))
    assert volume([signed], step=0.25) == pytest.approx(1000, rel=1e-2)
