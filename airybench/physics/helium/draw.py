"""Random helium droplets in the beam, drawn until their noise-free patterns show the requested labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.physics.helium import label_rules, shapes
from airybench.physics.helium.shapes import Droplet, DropletShape
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.interference import coherent_sum, intensity
from airybench.physics.optics.measures import mean_field, odd_part, ring_axis_ratio
from airybench.physics.optics.random import log_uniform
from airybench.physics.optics.scattering import Field, born_field

TRANSPARENT_BELOW = 24.6
"""[S] Ionisation threshold of helium, eV; above it droplets absorb."""

ABSORPTION_LENGTH = (50.0, 500.0)
"""[A] Absorption length L above the threshold, nm, log-uniform."""

WEAKEST_ABSORPTION_LENGTH = 300.0
"""[A] Shortest absorption length L below the threshold, nm; 1/L is uniform from 0 to its inverse."""

TRIES_PER_RADIUS = 24
"""Droplets drawn with one radius before another radius is drawn."""

TRIES_PER_RATIO = 6
"""Droplets drawn with one axis ratio before another ratio (and absorption length) is drawn."""

TWO_LOBED_FROM = 3.2
"""[A] Smallest long/short of a two-lobed droplet."""

TWO_LOBED_SHARE = 0.5
"""[A] Share of two-lobed droplets among those with such a ratio."""

MEASURED = Geometry(size=129)
"""Labels are measured on every second pixel of the centred detector: same angles, a quarter of the time."""


@dataclass(frozen=True)
class Illumination:
    """The beam and its absorption in helium.

    Attributes:
        photon_energy: eV.
        absorption: inverse absorption length 1/L, 1/nm.
        device: where fields are computed.
        refraction: m - 1, the refractive index less 1.
    """

    photon_energy: float
    absorption: float
    device: torch.device
    refraction: float = 0.0


@dataclass(frozen=True)
class SceneDroplet:
    """A droplet of a scene, with the measures of its own noise-free pattern.

    Attributes:
        droplet: shape, size and orientation.
        field: far field about its own centre.
        odd_part: A, see `measures.odd_part`.
        ring_ratio: axis ratio of its rings; NaN unless it is a spheroid.
        strength: root mean square of the field over the annulus in which A is measured.
        weight: factor on the field, for a droplet in a weaker part of the focus.
        position: of its centre in the laboratory frame, nm.
        coherent: whether its field is added to those of the others; otherwise its intensity is.
        pattern: its own noise-free intensity on the pixels of `MEASURED`.
    """

    droplet: Droplet
    field: Field
    odd_part: float
    ring_ratio: float
    strength: float
    weight: float = 1.0
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    coherent: bool = True
    pattern: NDArray[np.float32] | None = None


class UnfitError(Exception):
    """No droplet of this radius showed the labels within the allowed number of tries; another radius is needed."""


def illuminate(droplet: Droplet, light: Illumination) -> SceneDroplet:
    """Compute the far field of a droplet and the measures of its pattern."""
    scattered = born_field(
        droplet.bodies,
        light.photon_energy,
        MEASURED,
        absorption=light.absorption,
        azimuth=droplet.azimuth,
        refraction=light.refraction,
        device=light.device,
    )
    pattern = intensity(scattered.at(MEASURED)).cpu().numpy()
    rings = ring_axis_ratio(pattern, MEASURED, droplet.azimuth) if droplet.shape == DropletShape.SPHEROID else np.nan
    measures = odd_part(pattern, MEASURED), rings, mean_field(pattern, MEASURED)
    return SceneDroplet(droplet, scattered, *measures, pattern=pattern)


def render(scene: Sequence[SceneDroplet], photon_energy: float, geometry: Geometry) -> NDArray[np.float32]:
    """The noise-free pattern of a scene, float32, (size, size); zero if there are no droplets."""
    if not scene:
        return np.zeros((geometry.size, geometry.size), np.float32)
    coherent = [member for member in scene if member.coherent]
    pattern = coherent_sum(
        [member.weight * member.field.at(geometry) for member in coherent],
        [member.position for member in coherent],
        photon_energy,
        geometry,
    )
    for member in scene:
        if not member.coherent:
            pattern += intensity(member.weight * member.field.at(geometry))
    return pattern.cpu().numpy()


def draw_light(rng: np.random.Generator, photon_energy: float, device: torch.device) -> Illumination:
    """Draw the absorption length at a photon energy."""
    if photon_energy > TRANSPARENT_BELOW:
        return Illumination(photon_energy, 1 / log_uniform(rng, *ABSORPTION_LENGTH), device)
    return Illumination(photon_energy, rng.uniform(0, 1 / WEAKEST_ABSORPTION_LENGTH), device)


def fit_spheroid(
    labels: frozenset[str], radius: float, light: Illumination, rng: np.random.Generator
) -> tuple[SceneDroplet, Illumination, int]:
    """Draw spheroids until one shows `labels`; see `_fit` for the result."""

    def draw(ratio: float, delta: float, azimuth: float) -> Droplet:
        return shapes.spheroid(radius, 1 / ratio, delta, azimuth)

    return _fit(lambda: label_rules.spheroid_ranges(labels, rng), draw, light, rng, keep_light=False)


def fit_elongated(
    labels: frozenset[str], radius: float, light: Illumination, rng: np.random.Generator, *, keep_light: bool = False
) -> tuple[SceneDroplet, Illumination, int]:
    """Draw elongated droplets (thin pills if Layered) until one shows `labels`; see `_fit` for the result."""
    layered = "Layered" in labels

    def draw(ratio: float, delta: float, azimuth: float) -> Droplet:
        if layered:
            return shapes.pill(rng.uniform(*label_rules.PILL_SHORT_RADIUS), ratio, delta, azimuth)
        kind = rng.random()
        if ratio >= TWO_LOBED_FROM and kind < TWO_LOBED_SHARE:
            return shapes.two_lobed(radius, ratio, delta, azimuth)
        if kind < (1 + TWO_LOBED_SHARE) / 2:
            return shapes.capped_cylinder(radius, ratio, delta, azimuth)
        middle = rng.uniform(1, min(1.4, ratio))
        return shapes.triaxial(radius, ratio, middle, rng.uniform(0, 180), delta, azimuth)

    return _fit(lambda: label_rules.elongated_ranges(labels, layered=layered), draw, light, rng, keep_light=keep_light)


def _fit(
    new_ranges: Callable[[], label_rules.DropletRanges],
    draw: Callable[[float, float, float], Droplet],
    light: Illumination,
    rng: np.random.Generator,
    *,
    keep_light: bool,
) -> tuple[SceneDroplet, Illumination, int]:
    """Draw droplets until the measures of one lie in their ranges; each failure narrows the range of the tilt.

    Args:
        new_ranges: gives the ranges for the next few tries.
        draw: makes a droplet of an axis ratio, a tilt delta and an azimuth, both in degrees.
        light: the beam and its absorption.
        rng: of the parameters.
        keep_light: never redraw the absorption length.

    Returns:
        The droplet, the illumination that it was drawn with, and the number of rejected droplets.

    Raises:
        UnfitError: after `TRIES_PER_RADIUS`.
    """
    ranges = new_ranges()
    ratio, (low, high) = rng.uniform(*ranges.axis_ratio), ranges.delta
    for tries in range(TRIES_PER_RADIUS):
        if tries and tries % TRIES_PER_RATIO == 0:
            ranges = new_ranges()
            ratio, (low, high) = rng.uniform(*ranges.axis_ratio), ranges.delta
            light = light if keep_light else draw_light(rng, light.photon_energy, light.device)
        delta = rng.uniform(low, high)
        member = illuminate(draw(ratio, delta, rng.uniform(0, 360)), light)
        rings_fit = np.isnan(member.ring_ratio) or ranges.ring_ratio[0] < member.ring_ratio < ranges.ring_ratio[1]
        if ranges.odd_part[0] <= member.odd_part < ranges.odd_part[1] and rings_fit:
            return member, light, tries
        if ranges.trend * (member.odd_part - np.mean(ranges.odd_part)) > 0:
            high = delta
        elif ranges.trend:
            low = delta
    raise UnfitError
