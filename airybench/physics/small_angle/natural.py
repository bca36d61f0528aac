"""One small-angle shot of version 2: dim particles, mixed doubles, and a person who labels what can be seen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.physics.helium.visibility import evidence
from airybench.physics.label_bits import TRUE_LABELS, packed
from airybench.physics.optics.bodies import random_quaternion, rotation_from_quaternion
from airybench.physics.optics.detector_stages import Image
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.interference import coherent_sum, intensity
from airybench.physics.optics.random import Stream, log_uniform, shot_generator
from airybench.physics.optics.scattering import born_field
from airybench.physics.populations import CXIDB_CLASSES
from airybench.physics.run_conditions import SmallAngleConditions
from airybench.physics.shot import Shot, Truth
from airybench.physics.small_angle.shot import FLAT_EWALD, SEPARATION, draw_particle, long_axis_level
from airybench.physics.stored import stored

PHOTONS = (60.0, 1e7)
"""[A] Photons of a particle on the sensitive area, log-uniform."""

DOUBLE_SHARE = 0.05
"""[A] Probability of a second particle of any class in the focus."""

SECOND_FIELD = (0.3, 0.8)
"""[A] Field of the second particle relative to that of the first, root mean square over the detector."""

VISIBLE_NATS = 5.0
"""[A] Nats of evidence from which a person sees a particle; with fewer the shot is labelled Background."""

MISSED_SHARE = 0.03
"""[A] Share of Background shots that hold a particle that nobody sees."""

CONFUSED_BELOW = 300.0
"""[A] Photons below which a person may take a particle for another."""

LABELLER_ERROR = 0.05
"""[A] Share of those particles that belong to another class than their label says; 0 to 0.05."""

_PARTICLES = tuple(name for name in CXIDB_CLASSES if name != "Background")


@dataclass(frozen=True)
class DrawnScene:
    """What scatters in a shot, before it is detected.

    Attributes:
        true: the true class.
        missed: whether nobody sees the particle.
        photons: that were drawn for it, before its visibility is settled.
        pattern: noise-free, on any scale, zero for the background.
        truth: sizes and orientations of the particles.
    """

    true: str
    missed: bool
    photons: float
    pattern: Image
    truth: Truth


def natural_cxidb_shot(
    name: str, conditions: SmallAngleConditions, seed: int, index: int, device: str | torch.device = "cpu"
) -> Shot:
    """Simulate a shot that a person gives the label `name`.

    Args:
        name: of the class.
        conditions: of the run and the shot.
        seed: of the series of shots.
        index: number of the shot in the series.
        device: where fields are computed.

    Returns:
        The shot; its truth holds the true class as the bit `true_labels`, class c in bit c.
    """
    frame = conditions.frame
    drawn = draw_scene(name, conditions, seed, index, device)
    true, missed, photons, pattern, truth = drawn.true, drawn.missed, drawn.photons, drawn.pattern, drawn.truth
    if true == "Background":
        photons = np.nan
    else:
        where = frame.sensitive
        # Evidence falls with the photons: a shot that must not be seen gets fewer, one that must gets more.
        step = 0.5 if missed else 2.0
        while (_seen(pattern[where], photons, frame.stray[where]) >= VISIBLE_NATS) == missed:
            photons = stored(step * photons)
    image = conditions.detect(pattern, photons, shot_generator(seed, index, Stream.NOISE))
    own: Truth = {"photons": photons, "particle_class": CXIDB_CLASSES.index(true)}
    truth = conditions.truth() | truth | own | {TRUE_LABELS: packed({true}, CXIDB_CLASSES)}
    return Shot(image, frozenset({name}), conditions.photon_energy, truth)


def draw_scene(
    name: str, conditions: SmallAngleConditions, seed: int, index: int, device: str | torch.device = "cpu"
) -> DrawnScene:
    """What scatters in a shot, and its noise-free pattern; arguments as those of `natural_cxidb_shot`."""
    rng = shot_generator(seed, index, Stream.PARAMETERS)
    missed = name == "Background" and rng.random() < MISSED_SHARE
    true = str(rng.choice(_PARTICLES)) if missed else name
    photons = _photons(rng, bright=not missed)
    if not missed and name != "Background" and photons < CONFUSED_BELOW and rng.random() < LABELLER_ERROR:
        true = str(rng.choice([other for other in _PARTICLES if other != name]))
    pattern, truth = _pattern(true, rng, conditions.photon_energy, conditions.frame.geometry, device)
    return DrawnScene(true, missed, photons, pattern, truth)


def _photons(rng: np.random.Generator, *, bright: bool) -> float:
    return stored(log_uniform(rng, *PHOTONS) if bright else PHOTONS[0])


def _seen(pattern: Image, photons: float, stray: NDArray[np.floating[Any]]) -> float:
    """Nats by which the counts tell stray light and particle from as many photons of stray light."""
    both = stray + photons * pattern / pattern.sum(dtype=np.float64)
    return evidence(both, stray, float(both.sum(dtype=np.float64)), 0.0)


def _pattern(
    name: str, rng: np.random.Generator, energy: float, geometry: Geometry, device: str | torch.device
) -> tuple[Image, Truth]:
    """Noise-free pattern of one or two particles, zero for the background, and the parameters of both."""
    truth = _no_truth()
    if name == "Background":
        return np.zeros((geometry.size, geometry.size), np.float32), truth
    names = [name, str(rng.choice(_PARTICLES))] if rng.random() < DOUBLE_SHARE else [name]
    fields, positions = [], [(0.0, 0.0, 0.0)]
    for prefix, one in zip(("", "second_"), names, strict=False):
        quaternion = random_quaternion(rng)
        rotation, azimuth = long_axis_level(rotation_from_quaternion(quaternion))
        bodies, sizes = draw_particle(one, rng, rotation)
        scattered = born_field(bodies, energy, geometry, azimuth=azimuth, flat_ewald=FLAT_EWALD, device=device)
        fields.append(scattered.at(geometry))
        turned = {f"quaternion_{axis}": value for axis, value in zip("wxyz", quaternion.tolist(), strict=True)}
        truth |= {prefix + key: value for key, value in (sizes | turned).items()}
    if len(names) == 2:
        ratio = stored(rng.uniform(*SECOND_FIELD))
        first, second = (float(intensity(field).sum()) for field in fields)
        fields[1] = fields[1] * (ratio * (first / second) ** 0.5)
        apart, turn = rng.uniform(*SEPARATION), rng.uniform(0, 2 * np.pi)
        x, y = stored(apart * np.cos(turn)), stored(apart * np.sin(turn))
        positions.append((x, y, 0.0))
        truth |= {"second_x": x, "second_y": y, "second_field": ratio, "second_class": CXIDB_CLASSES.index(names[1])}
    truth["particles"] = len(names)
    return coherent_sum(fields, positions, energy, geometry).cpu().numpy(), truth


def _no_truth() -> Truth:
    """The parameters of a shot without particles."""
    sizes = ("size", "width", *(f"quaternion_{axis}" for axis in "wxyz"))
    numbers = [prefix + name for prefix in ("", "second_") for name in sizes] + ["second_x", "second_y", "second_field"]
    counts: Truth = {"particles": 0, "cubes": 0, "second_cubes": 0, "second_class": -1}
    return counts | dict.fromkeys(numbers, np.nan)
