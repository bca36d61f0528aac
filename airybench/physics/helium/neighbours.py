"""Second droplets of a scene (version 2 of the simulator): pill and spheroid, double rings, Newton's rings.

Each function draws a droplet and its place, adds it to the scene, and adds its parameters to the truth. Every drawn
number is one that a store holds, so that `rebuild` makes the same scene from the truth.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from airybench.physics.helium import label_rules, natural, shapes
from airybench.physics.helium.draw import Illumination, SceneDroplet, illuminate
from airybench.physics.helium.truth import Truth, about
from airybench.physics.optics.random import log_uniform
from airybench.physics.stored import stored

SIDE_BY_SIDE = (0.0, 100.0)
"""[A] Free distance between a pill and the spheroid beside it, nm."""

DOUBLE_RATIO = (0.6, 1.6)
"""[A] Radius of the second droplet behind double rings in units of the first one's, log-uniform; equal ones are not
ruled out, only seldom seen."""

Vector = NDArray[np.float64]


def add_companion(scene: list[SceneDroplet], member: SceneDroplet, truth: Truth, rng: np.random.Generator) -> None:
    """Add a pill beside a spheroid or a spheroid beside a pill; the added droplet has the weaker field."""
    toward = _direction(rng, np.degrees(np.arccos(rng.uniform(-1, 1))))
    distance = scene[0].droplet.extent(toward) + member.droplet.extent(-toward) + rng.uniform(*SIDE_BY_SIDE)
    truth |= about("companion_", member)
    place(scene, "companion_", member, distance * toward, rng.uniform(*label_rules.WEAK_FIELD), truth)


def add_double(scene: list[SceneDroplet], light: Illumination, truth: Truth, rng: np.random.Generator) -> None:
    """Add a droplet of the same shape and another radius along the beam, coherently or incoherently."""
    ratio, coherent = stored(log_uniform(rng, *DOUBLE_RATIO)), bool(rng.random() >= label_rules.DOUBLE_INCOHERENT)
    member = replace(illuminate(shapes.scaled(scene[0].droplet, ratio), light), coherent=coherent)
    polar = rng.uniform(0, label_rules.DOUBLE_ANGLE)
    toward = _direction(rng, polar if rng.random() < 0.5 else 180 - polar)
    gap = rng.uniform(*label_rules.DOUBLE_GAP)
    distance = scene[0].droplet.extent(toward) + member.droplet.extent(-toward) + gap
    truth |= about("double_", member)
    truth |= {"double_ratio": ratio, "double_gap": gap if coherent else np.nan, "double_coherent": int(coherent)}
    place(scene, "double_", member, distance * toward, rng.uniform(*label_rules.DOUBLE_FIELD), truth)


def add_newton(scene: list[SceneDroplet], light: Illumination, truth: Truth, rng: np.random.Generator) -> None:
    """Add a droplet far up or down the beam, aside so that the ring centre is on the detector."""
    candidates = natural.draw_spheroids(rng, label_rules.draw_radius(rng, "Round"), count=1)
    member = illuminate(natural.droplet_of(candidates, 0, rng), light)
    z = rng.uniform(*label_rules.NEWTON_DISTANCE) * (1 if rng.random() < 0.5 else -1)
    # The phase q.r is stationary, so that rings have their centre, where tan(theta) = -(x, y) / z.
    aside = -z * np.tan(np.radians(rng.uniform(*label_rules.NEWTON_ANGLE)))
    turn = rng.uniform(0, 2 * np.pi)
    truth |= about("newton_", member)
    where = np.array([aside * np.cos(turn), aside * np.sin(turn), z])
    place(scene, "newton_", member, where, rng.uniform(*label_rules.NEWTON_FIELD), truth)


def place(
    scene: list[SceneDroplet], prefix: str, member: SceneDroplet, position: Vector, field: float, truth: Truth
) -> None:
    """Put a droplet into the scene.

    Args:
        scene: the droplets so far, the main one first.
        prefix: of its names in the truth.
        member: the droplet.
        position: of its centre from that of the main one, nm, shape (3,).
        field: root mean square of its field in units of the main one's.
        truth: gets position and field.
    """
    x, y, z = (stored(value) for value in position)
    field = stored(field)
    weight = field * scene[0].strength / member.strength
    scene.append(replace(member, weight=weight, position=(x, y, z)))
    truth |= {f"{prefix}x": x, f"{prefix}y": y, f"{prefix}z": z, f"{prefix}field": field}


def _direction(rng: np.random.Generator, polar: float) -> Vector:
    """A unit vector at `polar` degrees to the beam, in a random direction about it."""
    angle, turn = np.radians(polar), rng.uniform(0, 2 * np.pi)
    return np.array([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)])
