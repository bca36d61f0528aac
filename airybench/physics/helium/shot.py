"""One wide-angle shot of helium nanodroplets: from a label set to droplets, their pattern, and counts."""

from dataclasses import replace

import numpy as np
import torch

from airybench.errors import AirybenchError
from airybench.physics.helium import label_rules, shapes
from airybench.physics.helium.draw import (
    Illumination,
    SceneDroplet,
    UnfitError,
    draw_light,
    fit_elongated,
    fit_spheroid,
    illuminate,
    render,
)
from airybench.physics.optics.detector import WideAngleSettings, detect_wide_angle, draw_wide_angle, drawn_parameters
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.shot import Shot, Truth

PHOTON_ENERGY = (19.0, 35.0)
"""[A] Photon energy, eV, uniform."""

COMPANION_GAP = (0.0, 100.0)
"""[A] Free distance between a pill and the spheroid beside it, nm."""

NEWTON_BEYOND_HOLE = 1.0
"""[A] Smallest angle between the centre of Newton's rings and the edge of the hole, degrees: else it is hidden."""

RADII_TRIED = 20
"""Radii drawn for one label set before the simulator gives up."""

_OF_A_DROPLET = ("radius", "axis_ratio", "delta", "azimuth", "odd_part", "ring_ratio")
_NO_TRUTH: Truth = (
    {"shape": 0, "companion_shape": 0, "double_coherent": -1}
    | {prefix + name: np.nan for prefix in ("", "companion_") for name in _OF_A_DROPLET}
    | {f"{prefix}_{name}": np.nan for prefix in ("companion", "double", "newton") for name in ("x", "y", "z", "field")}
    | {"double_ratio": np.nan, "double_gap": np.nan, "newton_radius": np.nan}
)


def helium_shot(labels: frozenset[str], seed: int, index: int, device: torch.device | str = "cpu") -> Shot:
    """Shot `index` of the series `seed` with the given labels.

    Raises:
        AirybenchError: no droplets show the labels that were drawn, which has not happened for any label set.

    >>> shot = helium_shot(frozenset({"Spherical/Oblate", "Round"}), seed=1612, index=0)
    >>> shot.image.shape, bool(shot.truth["ring_ratio"] < label_rules.ROUND_BELOW)
    ((259, 259), True)
    """
    settings = draw_wide_angle(shot_generator(seed, index, Stream.DETECTOR), Geometry())
    rng = shot_generator(seed, index, Stream.PARAMETERS)
    for radii_tried in range(RADII_TRIED):
        energy = rng.uniform(*PHOTON_ENERGY)
        radius = label_rules.draw_radius(rng, label_rules.radius_law(labels))
        try:
            scene, truth = _realise(labels, radius, draw_light(rng, energy, torch.device(device)), settings, rng)
        except UnfitError:
            continue
        pattern = render(scene, energy, settings.geometry)
        image = detect_wide_angle(pattern, settings, shot_generator(seed, index, Stream.NOISE))
        truth |= {"law_radius": radius if scene else np.nan, "redraws_of_radius": radii_tried}
        truth = drawn_parameters(settings) | truth | ({} if scene else {"photons": np.nan})
        return Shot(image, labels, energy, truth)
    raise AirybenchError(
        f"shot {index} of seed {seed}: no droplet of {RADII_TRIED} radii shows {'+'.join(sorted(labels))}. "
        "This is a defect of the simulator: please report it, and use another seed."
    )


def _realise(
    labels: frozenset[str], radius: float, light: Illumination, settings: WideAngleSettings, rng: np.random.Generator
) -> tuple[list[SceneDroplet], Truth]:
    """Droplets that show `labels`, the main one first, and their parameters."""
    truth = dict(_NO_TRUTH) | {"redraws": 0, "absorption": light.absorption}
    if "Empty" in labels:
        return [], truth
    weak_pill = label_rules.has_weak_pill(labels)
    fit = fit_elongated if "Prolate" in labels else fit_spheroid
    main, light, redraws = fit(labels, radius, light, rng)
    scene = [main]
    truth |= _about("", main) | {"absorption": light.absorption}
    if weak_pill:
        pill, _, more = fit_elongated(label_rules.of_weak_pill(labels), radius, light, rng, keep_light=True)
        redraws += more
        _add_companion(scene, pill, truth, rng)
    elif "Layered" in labels:
        spheroid = shapes.spheroid(radius, rng.uniform(0.8, 1.0), rng.uniform(0, 5), rng.uniform(0, 360))
        _add_companion(scene, illuminate(spheroid, light), truth, rng)
    if "DoubleRings" in labels:
        _add_double(scene, light, truth, rng)
    if "NewtonRings" in labels:
        _add_newton(scene, light, settings, truth, rng)
    truth["redraws"] = redraws
    if label_rules.broken_rules(labels, truth):
        raise UnfitError
    return scene, truth


def _about(prefix: str, member: SceneDroplet) -> Truth:
    """The parameters of one droplet as they are stored in the truth."""
    droplet = member.droplet
    return {
        f"{prefix}shape": int(droplet.shape),
        f"{prefix}radius": droplet.radius,
        f"{prefix}axis_ratio": droplet.axis_ratio,
        f"{prefix}delta": droplet.delta,
        f"{prefix}azimuth": droplet.azimuth,
        f"{prefix}odd_part": member.odd_part,
        f"{prefix}ring_ratio": member.ring_ratio,
    }


def _place(scene: list[SceneDroplet], prefix: str, member: SceneDroplet, truth: Truth) -> None:
    """Add a droplet to the scene, and its position and field to the truth."""
    scene.append(member)
    x, y, z = member.position
    truth |= {
        f"{prefix}_x": x,
        f"{prefix}_y": y,
        f"{prefix}_z": z,
        f"{prefix}_field": member.weight * member.strength / scene[0].strength,
    }


def _direction(rng: np.random.Generator, polar: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A unit vector at `polar` degrees to the beam, in a random direction about it."""
    polar, turn = np.radians(polar), rng.uniform(0, 2 * np.pi)
    return np.array([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)])


def _add_companion(scene: list[SceneDroplet], member: SceneDroplet, truth: Truth, rng: np.random.Generator) -> None:
    """Add a pill beside a spheroid or a spheroid beside a pill; the added droplet has the weaker field."""
    main = scene[0]
    toward = _direction(rng, rng.uniform(60, 120))
    distance = main.droplet.extent(toward) + member.droplet.extent(-toward) + rng.uniform(*COMPANION_GAP)
    x, y, z = distance * toward
    weight = rng.uniform(*label_rules.WEAK_FIELD) * main.strength / member.strength
    truth |= _about("companion_", member)
    _place(scene, "companion", replace(member, weight=weight, position=(x, y, z)), truth)


def _add_double(scene: list[SceneDroplet], light: Illumination, truth: Truth, rng: np.random.Generator) -> None:
    """Add a droplet of the same shape and another radius along the beam, coherently or incoherently."""
    main = scene[0]
    low, high = label_rules.DOUBLE_RADII[int(rng.random() < 0.5)]
    ratio = rng.uniform(low, high)
    coherent = bool(rng.random() >= label_rules.DOUBLE_INCOHERENT)
    member = illuminate(shapes.scaled(main.droplet, ratio), light)
    polar = rng.uniform(0, label_rules.DOUBLE_ANGLE)
    toward = _direction(rng, polar if rng.random() < 0.5 else 180 - polar)
    gap = rng.uniform(*label_rules.DOUBLE_GAP)
    x, y, z = (main.droplet.extent(toward) + member.droplet.extent(-toward) + gap) * toward
    weight = rng.uniform(*label_rules.DOUBLE_FIELD) * main.strength / member.strength
    _place(scene, "double", replace(member, weight=weight, position=(x, y, z), coherent=coherent), truth)
    truth |= {"double_ratio": ratio, "double_gap": gap if coherent else np.nan, "double_coherent": int(coherent)}


def _add_newton(
    scene: list[SceneDroplet], light: Illumination, settings: WideAngleSettings, truth: Truth, rng: np.random.Generator
) -> None:
    """Add a droplet far up or down the beam, displaced so that the ring centre is on the detector, outside the hole."""
    radius = label_rules.draw_radius(rng, "Round")
    droplet = shapes.spheroid(radius, rng.uniform(0.9, 1.0), rng.uniform(0, 90), rng.uniform(0, 360))
    member = illuminate(droplet, light)
    z = rng.uniform(*label_rules.NEWTON_DISTANCE) * (1 if rng.random() < 0.5 else -1)
    hole = np.degrees(np.arctan(settings.hole * np.tan(np.radians(settings.geometry.theta_max))))
    angle = rng.uniform(max(label_rules.NEWTON_ANGLE[0], hole + NEWTON_BEYOND_HOLE), label_rules.NEWTON_ANGLE[1])
    # The phase q.r is stationary, so that rings have their centre, where tan(theta) = -(x, y) / z.
    aside, turn = -z * np.tan(np.radians(angle)), rng.uniform(0, 2 * np.pi)
    position = (aside * np.cos(turn), aside * np.sin(turn), z)
    weight = rng.uniform(*label_rules.NEWTON_FIELD) * scene[0].strength / member.strength
    _place(scene, "newton", replace(member, weight=weight, position=position), truth)
    truth["newton_radius"] = radius
