"""Single helium droplets in the beam: drawn until their noise-free pattern shows the labels asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from airybench.physics.helium import labels as rules
from airybench.physics.helium import shapes as shapes
from airybench.physics.helium.shapes import Droplet, Shape
from airybench.physics.optics.detector import log_uniform
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.interference import coherent_sum, intensity
from airybench.physics.optics.measures import mean_field, odd_part, ring_axis_ratio
from airybench.physics.optics.scattering import Field, born_field

TRANSPARENT_BELOW = 24.6
"""Ionisation threshold of helium, eV: beyond it droplets absorb."""

ABSORPTION_LENGTH = (50.0, 500.0)
"""[A] nm, log-uniform above the threshold."""

WEAKEST_ABSORPTION_LENGTH = 300.0
"""[A] nm; below the threshold 1/L is uniform from 0 to its inverse."""

TRIES_PER_RADIUS = 24
TRIES_PER_FORM = 6
TWO_LOBED_FROM = 3.2
"""[A] Long/short from which an elongated droplet may be two-lobed."""

TWO_LOBED_SHARE = 0.5

MEASURED = Geometry(size=129)
"""Labels are measured on every second pixel of the centred detector: the same angles, a quarter of the time."""


@dataclass(frozen=True)
class Light:
    """The beam and how deep it reaches: photon energy in eV, 1/L in 1/nm, and where to compute."""

    photon_energy: float
    absorption: float
    device: torch.device


@dataclass(frozen=True)
class Member:
    """A droplet of a scene with what was measured on its own noise-free pattern.

    Attributes:
        droplet: its shape.
        field: its far field about its own centre.
        odd_part: A, see `measures.odd_part`.
        ring_ratio: axis ratio of its rings; NaN where it is no spheroid.
        strength: root mean square of the field over the annulus in which A is measured.
        weight: factor on the field, for a droplet in a weaker part of the focus.
        position: of its centre in the laboratory, nm.
        coherent: whether its field adds to the others'; else its intensity does.
    """

    droplet: Droplet
    field: Field
    odd_part: float
    ring_ratio: float
    strength: float
    weight: float = 1.0
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    coherent: bool = True


class UnfitError(Exception):
    """No droplet of this radius showed the labels within the tries allowed; the caller draws another radius."""


def illuminate(droplet: Droplet, light: Light) -> Member:
    """The far field of a droplet and its measures."""
    scattered = born_field(
        droplet.parts,
        light.photon_energy,
        MEASURED,
        absorption=light.absorption,
        azimuth=droplet.azimuth,
        device=light.device,
    )
    pattern = intensity(scattered.at(MEASURED)).cpu().numpy()
    rings = ring_axis_ratio(pattern, MEASURED, droplet.azimuth) if droplet.shape == Shape.SPHEROID else np.nan
    return Member(droplet, scattered, odd_part(pattern, MEASURED), rings, mean_field(pattern, MEASURED))


def render(scene: Sequence[Member], photon_energy: float, geometry: Geometry) -> NDArray[np.float32]:
    """The noise-free pattern of a scene, float32, (size, size); zero without droplets."""
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


def draw_light(rng: np.random.Generator, photon_energy: float, device: torch.device) -> Light:
    """The absorption length at a photon energy, from the prior."""
    if photon_energy > TRANSPARENT_BELOW:
        return Light(photon_energy, 1 / log_uniform(rng, *ABSORPTION_LENGTH), device)
    return Light(photon_energy, rng.uniform(0, 1 / WEAKEST_ABSORPTION_LENGTH), device)


def fit_spheroid(
    labels: frozenset[str], radius: float, light: Light, rng: np.random.Generator
) -> tuple[Member, Light, int]:
    """A spheroid that shows `labels`, drawn until it does; see `_fit`."""

    def draw(ratio: float, delta: float, azimuth: float) -> Droplet:
        return shapes.spheroid(radius, 1 / ratio, delta, azimuth)

    return _fit(lambda: rules.spheroid_form(labels, rng), draw, light, rng, keep_light=False)


def fit_elongated(
    labels: frozenset[str], radius: float, light: Light, rng: np.random.Generator, *, keep_light: bool = False
) -> tuple[Member, Light, int]:
    """An elongated droplet, a thin pill where Layered is set, that shows `labels`, drawn until it does; see `_fit`."""
    layered = "Layered" in labels

    def draw(ratio: float, delta: float, azimuth: float) -> Droplet:
        if layered:
            return shapes.pill(rng.uniform(*rules.PILL_SHORT_RADIUS), ratio, delta, azimuth)
        kind = rng.random()
        if ratio >= TWO_LOBED_FROM and kind < TWO_LOBED_SHARE:
            return shapes.two_lobed(radius, ratio, delta, azimuth)
        if kind < (1 + TWO_LOBED_SHARE) / 2:
            return shapes.capped_cylinder(radius, ratio, delta, azimuth)
        middle = rng.uniform(1, min(1.4, ratio))
        return shapes.triaxial(radius, ratio, middle, rng.uniform(0, 180), delta, azimuth)

    return _fit(lambda: rules.elongated_form(labels, layered=layered), draw, light, rng, keep_light=keep_light)


def _fit(
    new_form: Callable[[], rules.Form],
    draw: Callable[[float, float, float], Droplet],
    light: Light,
    rng: np.random.Generator,
    *,
    keep_light: bool,
) -> tuple[Member, Light, int]:
    """Draw droplets until one's pattern lies inside its form; the tilt is narrowed down by those that do not.

    Returns:
        The droplet, the light it stands in (redrawn now and then unless `keep_light`), and how many were thrown away.

    Raises:
        UnfitError: after `TRIES_PER_RADIUS`.
    """
    form = new_form()
    ratio, (low, high) = rng.uniform(*form.axis_ratio), form.delta
    for tries in range(TRIES_PER_RADIUS):
        if tries and tries % TRIES_PER_FORM == 0:
            form = new_form()
            ratio, (low, high) = rng.uniform(*form.axis_ratio), form.delta
            light = light if keep_light else draw_light(rng, light.photon_energy, light.device)
        delta = rng.uniform(low, high)
        member = illuminate(draw(ratio, delta, rng.uniform(0, 360)), light)
        rings_fit = np.isnan(member.ring_ratio) or form.ring_ratio[0] < member.ring_ratio < form.ring_ratio[1]
        if form.odd_part[0] <= member.odd_part < form.odd_part[1] and rings_fit:
            return member, light, tries
        if form.trend * (member.odd_part - np.mean(form.odd_part)) > 0:
            high = delta
        elif form.trend:
            low = delta
    raise UnfitError
