"""One small-angle shot of a single particle, which belongs to exactly one of five classes.

q_z is neglected on purpose (flat Ewald sphere): I = |FT2[projected density]|^2, so that I(q) = I(-q). This is accurate
for compact particles and an approximation for long chains along the beam.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.physics.optics.bodies import ConvexBody, Matrix, Vector, random_quaternion, rotation_from_quaternion
from airybench.physics.optics.detector import detect_small_angle, draw_small_angle, drawn_parameters
from airybench.physics.optics.geometry import THETA_MAX_SMALL, Geometry
from airybench.physics.optics.interference import coherent_sum
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.optics.scattering import born_field
from airybench.physics.populations import CXIDB_CLASSES
from airybench.physics.shot import Shot, Truth
from airybench.physics.small_angle import particles

PHOTON_ENERGY = 1200.0
"""[A] Photon energy, eV."""

FLAT_EWALD = True
"""[A] q_z is neglected."""

TWO_PARTICLES = 0.03
"""[A] Probability of a second particle of the same class in the focus."""

SEPARATION = (300.0, 1500.0)
"""[A] Distance between two particles across the beam, nm."""

PBCV_DIAMETER = (190.0, 0.03)
"""[A] Diameter of PBCV-1 from corner to corner, nm, and its relative half range."""

T4_HEAD = (85.0, 115.0)
"""[A] Width and length of the head of T4, nm."""

T4_TAIL = (100.0, 20.0)
"""[A] Length and diameter of the tail of T4, nm."""

T4_SPREAD = 0.03
"""[A] Relative half range of all sizes of T4, which vary together."""

MAGNETOSOME_COUNT = (1, 8)
"""[A] Cubes per chain."""

MAGNETOSOME_EDGE = (35.0, 60.0)
"""[A] Edge of the cubes, nm."""

MAGNETOSOME_EDGE_SPREAD = 0.05
"""[A] Relative half range of the edges within a chain."""

MAGNETOSOME_GAP = (5.0, 12.0)
"""[A] Free distance between neighbouring cubes, nm."""

MAGNETOSOME_BEND = (0.0, 8.0)
"""[A] Angle between neighbouring cubes, degrees."""

MAGNETOSOME_TRUNCATION = (0.08, 0.16)
"""[A] Share of an edge that is cut off at either corner."""

NANORICE = (200.0, 50.0)
"""[A] Length and width of nanorice, nm."""

NANORICE_SPREAD = 0.10
"""[A] Relative half range of length and width of nanorice, which vary independently."""


def cxidb_shot(name: str, seed: int, index: int, device: torch.device | str = "cpu") -> Shot:
    """Shot `index` of the series `seed`, of the named class.

    >>> shot = cxidb_shot("Nanorice", seed=1612, index=0)
    >>> shot.labels, 180 <= shot.truth["size"] <= 220  # length in nm
    (frozenset({'Nanorice'}), True)
    """
    rng = shot_generator(seed, index, Stream.PARAMETERS)
    settings = draw_small_angle(shot_generator(seed, index, Stream.DETECTOR), Geometry(theta_max=THETA_MAX_SMALL))
    pattern, truth = particle_pattern(name, rng, settings.geometry, device)
    image = detect_small_angle(pattern, settings, shot_generator(seed, index, Stream.NOISE))
    truth = drawn_parameters(settings) | truth | {"particle_class": CXIDB_CLASSES.index(name)}
    if not truth["particles"]:
        truth["photons"] = np.nan
    return Shot(image, frozenset({name}), PHOTON_ENERGY, truth)


def particle_pattern(
    name: str, rng: np.random.Generator, geometry: Geometry, device: torch.device | str = "cpu"
) -> tuple[NDArray[np.float32], Truth]:
    """Noise-free pattern of one or two particles of a class in random orientations.

    Args:
        name: of the class.
        rng: of sizes, orientations and positions.
        geometry: the detector.
        device: where fields are computed.

    Returns:
        The pattern, float32, shape (size, size), zero for the background; and its parameters: size and width in nm,
        number of cubes, position of the second particle in nm, and orientation of the first as a unit quaternion.
    """
    truth: Truth = dict.fromkeys(
        ("size", "width", "quaternion_w", "quaternion_x", "quaternion_y", "quaternion_z", "second_x", "second_y"),
        np.nan,
    ) | {"particles": 0, "cubes": 0}
    if name == "Background":
        return np.zeros((geometry.size, geometry.size), np.float32), truth
    count = 2 if rng.random() < TWO_PARTICLES else 1
    fields, positions = [], [(0.0, 0.0, 0.0)]
    for i in range(count):
        quaternion = random_quaternion(rng)
        rotation, azimuth = long_axis_level(rotation_from_quaternion(quaternion))
        bodies, sizes = draw_particle(name, rng, rotation)
        scattered = born_field(bodies, PHOTON_ENERGY, geometry, azimuth=azimuth, flat_ewald=FLAT_EWALD, device=device)
        fields.append(scattered.at(geometry))
        if i == 0:
            truth |= sizes | {
                f"quaternion_{axis}": value for axis, value in zip("wxyz", quaternion.tolist(), strict=True)
            }
    if count == 2:
        apart, turn = rng.uniform(*SEPARATION), rng.uniform(0, 2 * np.pi)
        positions.append((apart * np.cos(turn), apart * np.sin(turn), 0.0))
        truth |= {"second_x": positions[1][0], "second_y": positions[1][1]}
    truth["particles"] = count
    pattern = coherent_sum(fields, positions, PHOTON_ENERGY, geometry)
    return pattern.cpu().numpy(), truth


def long_axis_level(rotation: Matrix) -> tuple[Matrix, float]:
    """Split off the turn about the beam, in degrees, that is left once the body's x axis lies in the x-z plane."""
    azimuth = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    c, s = np.cos(azimuth), np.sin(azimuth)
    back = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return back @ rotation, float(np.degrees(azimuth))


def draw_particle(name: str, rng: np.random.Generator, rotation: Matrix) -> tuple[tuple[ConvexBody, ...], Truth]:
    """A particle of random size, and its sizes as they are stored in the truth."""

    def about(mean: float, spread: float) -> float:
        return mean * rng.uniform(1 - spread, 1 + spread)

    if name == "PBCV-1":
        diameter = about(*PBCV_DIAMETER)
        return particles.icosahedron(diameter, rotation), {"size": diameter, "width": diameter}
    if name == "T4":
        factor = about(1.0, T4_SPREAD)
        head = (T4_HEAD[0] * factor, T4_HEAD[1] * factor)
        tail = (T4_TAIL[0] * factor, T4_TAIL[1] * factor)
        return particles.phage(head, tail, rotation), {"size": head[1] + tail[0], "width": head[0]}
    if name == "Nanorice":
        length, width = about(NANORICE[0], NANORICE_SPREAD), about(NANORICE[1], NANORICE_SPREAD)
        return particles.rice_grain(length, width, rotation), {"size": length, "width": width}
    count = int(rng.integers(MAGNETOSOME_COUNT[0], MAGNETOSOME_COUNT[1] + 1))
    edge = rng.uniform(*MAGNETOSOME_EDGE)
    edges: Vector = np.clip(
        edge * rng.uniform(1 - MAGNETOSOME_EDGE_SPREAD, 1 + MAGNETOSOME_EDGE_SPREAD, count), *MAGNETOSOME_EDGE
    )
    gaps: Vector = rng.uniform(*MAGNETOSOME_GAP, count - 1)
    cubes = particles.magnetosome_chain(
        edges,
        gaps,
        rng.uniform(*MAGNETOSOME_BEND),
        rng.uniform(*MAGNETOSOME_TRUNCATION),
        rng.uniform(0, 90, count),
        rotation,
    )
    return cubes, {"size": float(edges.sum() + gaps.sum()), "width": float(edges.mean()), "cubes": count}
