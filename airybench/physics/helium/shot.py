"""Wide-angle shots of helium nanodroplets: from a label set to a scene of droplets, its pattern, and counts."""

from dataclasses import replace

import numpy as np
import torch

from airybench.errors import AirybenchError
from airybench.physics.helium import labels as rules
from airybench.physics.helium import shapes as shapes
from airybench.physics.helium.draw import (
    Light,
    Member,
    UnfitError,
    draw_light,
    fit_elongated,
    fit_spheroid,
    illuminate,
    render,
)
from airybench.physics.optics.detector import WideAngleSettings, detect_wide_angle, draw_wide_angle
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import draw_helium_labels
from airybench.physics.shot import Shot

PHOTON_ENERGY = (19.0, 35.0)
"""[A] eV, uniform."""

COMPANION_GAP = (0.0, 100.0)
"""[A] Free distance in nm between a pill and the spheroid beside it."""

NEWTON_BEYOND_HOLE = 1.0
"""[A] The centre of Newton rings lies this many degrees beyond the edge of the hole, or it would not be seen."""

RADII_TRIED = 20

Truth = dict[str, float | int]

_NO_MEMBER = ("radius", "axis_ratio", "delta", "azimuth", "odd_part", "ring_ratio")
_NO_TRUTH: Truth = (
    {"shape": 0, "companion_shape": 0, "double_coherent": -1}
    | {prefix + name: np.nan for prefix in ("", "companion_") for name in _NO_MEMBER}
    | {f"{prefix}_{name}": np.nan for prefix in ("companion", "double", "newton") for name in ("x", "y", "z", "field")}
    | {"double_ratio": np.nan, "double_gap": np.nan, "newton_radius": np.nan}
)


def simulate_helium_shot(seed: int, index: int, balance: float, device: torch.device) -> Shot:
    """Shot `index` of series `seed`; arguments as in `simulate.simulate`.

    Raises:
        AirybenchError: no droplets were found that show the labels drawn; not seen for any label set.
    """
    labels = draw_helium_labels(shot_generator(seed, index, Stream.LABELS), balance)
    return helium_shot(labels, seed, index, device)


def helium_shot(labels: frozenset[str], seed: int, index: int, device: torch.device | str = "cpu") -> Shot:
    """Shot `index` of series `seed` with the given labels; for raises see `simulate_helium_shot`."""
    settings = draw_wide_angle(shot_generator(seed, index, Stream.DETECTOR), Geometry())
    rng = shot_generator(seed, index, Stream.PARAMETERS)
    for radii_tried in range(RADII_TRIED):
        energy = rng.uniform(*PHOTON_ENERGY)
        radius = rules.draw_radius(rng, rules.radius_law(labels))
        try:
            scene, truth = _realise(labels, radius, draw_light(rng, energy, torch.device(device)), settings, rng)
        except UnfitError:
            continue
        pattern = render(scene, energy, settings.geometry)
        image = detect_wide_angle(pattern, settings, shot_generator(seed, index, Stream.NOISE))
        truth |= {"law_radius": radius if scene else np.nan, "redraws_of_radius": radii_tried}
        truth = _detector_truth(settings) | truth | ({} if scene else {"photons": np.nan})
        return Shot(image, labels, energy, truth)
    raise AirybenchError(
        f"shot {index} of seed {seed}: no droplet of {RADII_TRIED} radii shows {'+'.join(sorted(labels))}. "
        "This is a defect of the simulator: please report it, and use another seed."
    )


def _realise(
    labels: frozenset[str], radius: float, light: Light, settings: WideAngleSettings, rng: np.random.Generator
) -> tuple[list[Member], Truth]:
    """Droplets that show `labels`, the main one first, and the truth about them."""
    truth = dict(_NO_TRUTH) | {"redraws": 0, "absorption": light.absorption}
    if "Empty" in labels:
        return [], truth
    weak_pill = rules.has_weak_pill(labels)
    fit = fit_elongated if "Prolate" in labels else fit_spheroid
    main, light, redraws = fit(labels, radius, light, rng)
    scene = [main]
    truth |= _about("", main) | {"absorption": light.absorption}
    if weak_pill:
        pill, _, more = fit_elongated(rules.of_weak_pill(labels), radius, light, rng, keep_light=True)
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
    if rules.broken_rules(labels, truth):
        raise UnfitError
    return scene, truth


def _about(prefix: str, member: Member) -> Truth:
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


def _place(scene: list[Member], prefix: str, member: Member, truth: Truth) -> None:
    """Add a member to the scene and its place to the truth."""
    scene.append(member)
    x, y, z = member.position
    truth |= {
        f"{prefix}_x": x,
        f"{prefix}_y": y,
        f"{prefix}_z": z,
        f"{prefix}_field": member.weight * member.strength / scene[0].strength,
    }


def _direction(rng: np.random.Generator, polar: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A unit vector at `polar` degrees from the beam."""
    polar, turn = np.radians(polar), rng.uniform(0, 2 * np.pi)
    return np.array([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)])


def _add_companion(scene: list[Member], member: Member, truth: Truth, rng: np.random.Generator) -> None:
    """The pill beside a spheroid, or the spheroid beside a pill; the one named second is the weaker in field."""
    main = scene[0]
    toward = _direction(rng, rng.uniform(60, 120))
    distance = main.droplet.extent(toward) + member.droplet.extent(-toward) + rng.uniform(*COMPANION_GAP)
    x, y, z = distance * toward
    weight = rng.uniform(*rules.WEAK_FIELD) * main.strength / member.strength
    truth |= _about("companion_", member)
    _place(scene, "companion", replace(member, weight=weight, position=(x, y, z)), truth)


def _add_double(scene: list[Member], light: Light, truth: Truth, rng: np.random.Generator) -> None:
    """A second droplet of the same form and another radius behind or in front, or an independent one added."""
    main = scene[0]
    low, high = rules.DOUBLE_RADII[int(rng.random() < 0.5)]
    ratio = rng.uniform(low, high)
    coherent = bool(rng.random() >= rules.DOUBLE_INCOHERENT)
    member = illuminate(shapes.scaled(main.droplet, ratio), light)
    polar = rng.uniform(0, rules.DOUBLE_ANGLE)
    toward = _direction(rng, polar if rng.random() < 0.5 else 180 - polar)
    gap = rng.uniform(*rules.DOUBLE_GAP)
    x, y, z = (main.droplet.extent(toward) + member.droplet.extent(-toward) + gap) * toward
    weight = rng.uniform(*rules.DOUBLE_FIELD) * main.strength / member.strength
    _place(scene, "double", replace(member, weight=weight, position=(x, y, z), coherent=coherent), truth)
    truth |= {"double_ratio": ratio, "double_gap": gap if coherent else np.nan, "double_coherent": int(coherent)}


def _add_newton(
    scene: list[Member], light: Light, settings: WideAngleSettings, truth: Truth, rng: np.random.Generator
) -> None:
    """A droplet far up or down the beam, so far aside that its ring centre lies on the detector and beyond the hole."""
    radius = rules.draw_radius(rng, "Round")
    droplet = shapes.spheroid(radius, rng.uniform(0.9, 1.0), rng.uniform(0, 90), rng.uniform(0, 360))
    member = illuminate(droplet, light)
    z = rng.uniform(*rules.NEWTON_DISTANCE) * (1 if rng.random() < 0.5 else -1)
    hole = np.degrees(np.arctan(settings.hole * np.tan(np.radians(settings.geometry.theta_max))))
    angle = rng.uniform(max(rules.NEWTON_ANGLE[0], hole + NEWTON_BEYOND_HOLE), rules.NEWTON_ANGLE[1])
    # The phase q.r is stationary where tan(theta) = -(x, y) / z.
    aside, turn = -z * np.tan(np.radians(angle)), rng.uniform(0, 2 * np.pi)
    position = (aside * np.cos(turn), aside * np.sin(turn), z)
    weight = rng.uniform(*rules.NEWTON_FIELD) * scene[0].strength / member.strength
    _place(scene, "newton", replace(member, weight=weight, position=position), truth)
    truth["newton_radius"] = radius


def _detector_truth(settings: WideAngleSettings) -> Truth:
    s = settings
    return {
        "photons": s.photons,
        "gamma": s.gamma,
        "blur": s.blur,
        "gradient": s.gradient,
        "gradient_angle": s.gradient_angle,
        "halo_photons": s.halo_photons,
        "halo_width": s.halo_width,
        "offset": s.offset,
        "read_noise": s.read_noise,
        "hole": s.hole,
        "row_shift": s.geometry.row_shift,
        "column_shift": s.geometry.column_shift,
    }
