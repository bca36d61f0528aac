"""Droplets as nature makes them (version 2 of the simulator): any orientation, axis ratios without gaps.

Candidates are drawn in numbers from the natural distributions, screened by what they are expected to look like, and
handed out in the order of a draw without replacement: a rare look is found without forcing any parameter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from airybench.physics.helium import label_rules, shapes
from airybench.physics.helium.draw import TWO_LOBED_FROM, TWO_LOBED_SHARE
from airybench.physics.helium.expected import expected_aspect, expected_odd_part, expected_ring_ratio
from airybench.physics.helium.labeller import Look, Measure
from airybench.physics.helium.shapes import Droplet, DropletShape
from airybench.physics.stored import stored

CALM_FLATTENING = 0.02
"""[A] Mean of a/c - 1 of droplets that hardly spin, exponentially distributed."""

SPUN_SHARE = 0.14
"""[A] Share of oblate droplets that spin fast: with it nature gives Elliptical to as many as the table does (12 %)."""

SPUN_FLATTENING = (0.0, 1.0)
"""[A] Range of a/c - 1 of droplets that spin fast, uniform."""

ELONGATED_RATIO = (1.1, 4.5)
"""[A] Long over short axis of elongated droplets, log-uniform."""

MIDDLE_RATIO = (1.0, 1.4)
"""[A] Middle over short axis of triaxial droplets, uniform, at most their long/short."""

CANDIDATES = 4096
"""Droplets drawn at once for a screening."""

FLOOR = 1e-4
"""Smallest weight of a candidate relative to the best: what is expected of a droplet may be wrong."""

UNCERTAIN = (0.7, 1.0, 1.4)
"""Factors between which the odd part of a droplet lies about the expected one; the likeliest counts."""

CAPSULE_EXCESS = 1.2
"""Odd part of a capsule in units of that of the ellipsoid of the same axis ratio, roughly."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Droplets by number, each attribute of shape (N,).

    Attributes:
        kind: a `DropletShape`.
        ratio: long over short axis.
        delta: angle between symmetry axis and detector plane, degrees.
        azimuth: of the symmetry axis, degrees.
        size: volume-equivalent radius, nm.
    """

    kind: NDArray[np.int64]
    ratio: Values
    delta: Values
    azimuth: Values
    size: Values


def isotropic(rng: np.random.Generator, count: int) -> tuple[Values, Values]:
    """Tilts delta and azimuths in degrees of axes that point anywhere with the same probability, each (count,)."""
    return np.degrees(np.arcsin(rng.random(count))), rng.uniform(0, 360, count)


def draw_spheroids(rng: np.random.Generator, radius: float, count: int = CANDIDATES) -> Candidates:
    """Oblate droplets of one volume-equivalent radius in nm."""
    calm, spun = rng.exponential(CALM_FLATTENING, count), rng.uniform(*SPUN_FLATTENING, count)
    flattening = np.where(rng.random(count) < SPUN_SHARE, spun, np.minimum(calm, SPUN_FLATTENING[1]))
    kind = np.full(count, int(DropletShape.SPHEROID))
    return Candidates(kind, 1 + flattening, *isotropic(rng, count), np.full(count, radius))


def draw_elongated(rng: np.random.Generator, radius: float, count: int = CANDIDATES) -> Candidates:
    """Capsules, triaxial ellipsoids and two-lobed droplets of one volume-equivalent radius in nm."""
    ratio = np.exp(rng.uniform(log(ELONGATED_RATIO[0]), log(ELONGATED_RATIO[1]), count))
    kind = np.where(rng.random(count) < TWO_LOBED_SHARE, DropletShape.CAPPED_CYLINDER, DropletShape.TRIAXIAL)
    lobed = (ratio >= TWO_LOBED_FROM) & (rng.random(count) < TWO_LOBED_SHARE)
    kind = np.where(lobed, DropletShape.TWO_LOBED, kind).astype(np.int64)
    return Candidates(kind, ratio, *isotropic(rng, count), np.full(count, radius))


def draw_pills(rng: np.random.Generator, count: int = CANDIDATES) -> Candidates:
    """Thin pills of layered shots."""
    ratio = rng.uniform(*label_rules.PILL_RATIO, count)
    size = rng.uniform(*label_rules.PILL_SHORT_RADIUS, count) * (1.5 * ratio - 0.5) ** (1 / 3)
    return Candidates(np.full(count, int(DropletShape.CAPPED_CYLINDER)), ratio, *isotropic(rng, count), size)


def expected_looks(candidates: Candidates, k: float) -> tuple[Values, Values, Values]:
    """Odd part, ring ratio and apparent long/short that are expected of candidates, each (N,).

    Args:
        candidates: all oblate or all elongated.
        k: wavenumber, 1/nm.
    """
    ratio, delta = candidates.ratio, candidates.delta
    oblate = bool((candidates.kind == DropletShape.SPHEROID).all())
    odd = expected_odd_part(ratio, delta, k * float(np.median(candidates.size)), oblate=oblate)
    if oblate:
        rings = expected_ring_ratio(ratio, delta)
        return odd, rings, rings
    excess = np.where(candidates.kind == DropletShape.TRIAXIAL, 1.0, CAPSULE_EXCESS)
    return np.minimum(excess * odd, 1.0), np.full(len(ratio), np.nan), expected_aspect(ratio, delta)


def screened(
    candidates: Candidates, chance: Callable[[Look], Measure], k: float, rng: np.random.Generator
) -> Iterator[tuple[int, float]]:
    """Numbers of candidates in random order, likely ones first, each with the weight it was drawn with.

    Accepting a candidate with a probability in proportion to its true chance over this weight gives the natural
    distribution of the droplets that a person labels so.

    Args:
        candidates: all oblate or all elongated.
        chance: that a droplet of such a look gets its labels.
        k: wavenumber, 1/nm.
        rng: of the order.
    """
    odd, rings, aspect = expected_looks(candidates, k)
    oblate = bool(np.isfinite(rings).all())
    looks = [Look(not oblate, factor * odd, rings, aspect) for factor in UNCERTAIN]
    weight = np.max(np.stack([np.asarray(chance(look)) for look in looks]), axis=0)
    weight = weight + FLOOR * max(float(weight.max()), 1e-12)
    # Exponential races: the order of arrival is a draw without replacement in proportion to the weights.
    for place in np.argsort(rng.exponential(size=len(weight)) / weight):
        yield int(place), float(weight[place])


def droplet_of(candidates: Candidates, place: int, rng: np.random.Generator) -> Droplet:
    """One of the candidates as a droplet, its parameters rounded to what a store holds."""
    kind = DropletShape(int(candidates.kind[place]))
    ratio, delta = stored(candidates.ratio[place]), stored(candidates.delta[place])
    radius, azimuth = stored(candidates.size[place]), stored(candidates.azimuth[place])
    middle = stored(rng.uniform(MIDDLE_RATIO[0], min(MIDDLE_RATIO[1], ratio)))
    spin = stored(rng.uniform(0, 180))
    return make_droplet(kind, radius, ratio, delta, azimuth, middle, spin)


def make_droplet(
    kind: DropletShape, radius: float, ratio: float, delta: float, azimuth: float, middle: float, spin: float
) -> Droplet:
    """The droplet of these parameters; see `shapes`. `middle` and `spin` are of triaxial droplets only."""
    if kind == DropletShape.SPHEROID:
        return shapes.spheroid(radius, 1 / ratio, delta, azimuth)
    if kind == DropletShape.TRIAXIAL:
        return shapes.triaxial(radius, ratio, middle, spin, delta, azimuth)
    if kind == DropletShape.TWO_LOBED:
        return shapes.two_lobed(radius, ratio, delta, azimuth)
    return shapes.capped_cylinder(radius, ratio, delta, azimuth)
