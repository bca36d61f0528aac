"""How much the counts of a shot say about a feature of its pattern (version 2 of the simulator).

The evidence is the Kullback-Leibler divergence of the Poisson counts with the feature from those without it, in nats:
what an ideal observer, who knows both patterns, gains on average. Stray light adds to both and buries it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airybench.physics.helium.draw import MEASURED, SceneDroplet, render
from airybench.physics.helium.labeller import Look
from airybench.physics.helium.shapes import Droplet, DropletShape
from airybench.physics.optics.geometry import IMAGE_SIZE, Geometry
from airybench.physics.optics.interference import intensity
from airybench.physics.optics.measures import ODD_PART_RADII

Pattern = NDArray[np.float32 | np.float64]

_DIRECTIONS = 36


@dataclass(frozen=True)
class Frame:
    """Where the pattern of one shot falls.

    Attributes:
        geometry: of the detector, with the beam axis shifted.
        sensitive: pixels that see light, bool, shape (size, size).
        stray: expected stray photons per pixel, shape (size, size).
    """

    geometry: Geometry
    sensitive: NDArray[np.bool_]
    stray: Pattern


def evidence(pattern: Pattern, without: Pattern, photons: float, stray: Pattern | float) -> float:
    """Nats by which counts tell one pattern from another that holds as many photons.

    Args:
        pattern: noise-free intensity at the pixels that count, any shape.
        without: the same without the feature.
        photons: expected number, of each of the two.
        stray: expected stray photons per pixel, in both.

    >>> halves = np.array([1.5, 0.5], np.float32)
    >>> round(evidence(halves, np.ones(2, np.float32), 100.0, 0.0), 2)
    13.08
    """
    one = photons * pattern.astype(np.float64) / pattern.sum(dtype=np.float64) + stray
    other = photons * without.astype(np.float64) / without.sum(dtype=np.float64) + stray
    lit = (one > 0) & (other > 0)  # a pixel that is dark in only one of them is beyond what float32 tells apart
    one, other = one[lit], other[lit]
    return float(max((one * np.log(one / other) - one + other).sum(), 0.0))


def look_at(member: SceneDroplet, photons: float, stray: float) -> Look:
    """What can be seen of a droplet in its own pattern.

    Args:
        member: the droplet.
        photons: that it scatters onto the detector.
        stray: stray photons per pixel of the whole detector, in the mean.
    """
    pattern = member.pattern
    assert pattern is not None  # `illuminate` measures every droplet
    radius = MEASURED.radius()
    where = (radius >= ODD_PART_RADII[0]) & (radius <= ODD_PART_RADII[1])
    behind = stray * (IMAGE_SIZE / MEASURED.size) ** 2
    turned = pattern[::-1, ::-1]
    half, quarter = (pattern + turned) / 2, np.rot90(pattern + turned) / 2
    return Look(
        elongated=member.droplet.shape != DropletShape.SPHEROID,
        odd_part=member.odd_part,
        ring_ratio=member.ring_ratio,
        aspect=apparent_aspect(member.droplet),
        evidence_odd=evidence(pattern[where], half[where], photons, behind),
        evidence_shape=evidence(pattern[where], ((half + quarter) / 2)[where], photons, behind),
    )


def apparent_aspect(droplet: Droplet) -> float:
    """Long over short side of the outline of a droplet, seen along the beam."""
    angles = np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS + np.radians(droplet.azimuth)
    lines = np.stack([np.cos(angles), np.sin(angles), np.zeros(_DIRECTIONS)], axis=1)
    widths = [droplet.extent(line) + droplet.extent(-line) for line in lines]
    return max(widths) / min(widths)


def evidence_of_member(scene: list[SceneDroplet], place: int, energy: float, photons: float, frame: Frame) -> float:
    """Nats by which the counts show that a droplet of the scene is there.

    Args:
        scene: all droplets, the main one first.
        place: of the droplet in question, not 0.
        energy: of the photons, eV.
        photons: of the whole pattern on the sensitive area.
        frame: where the pattern falls.
    """
    whole = render(scene, energy, frame.geometry)[frame.sensitive]
    rest = render([*scene[:place], *scene[place + 1 :]], energy, frame.geometry)[frame.sensitive]
    return evidence(whole, rest, photons, frame.stray[frame.sensitive])


def evidence_of_fringes(scene: list[SceneDroplet], place: int, energy: float, photons: float, frame: Frame) -> float:
    """Nats by which the counts show that a droplet interferes with the others; arguments as above."""
    whole = render(scene, energy, frame.geometry)[frame.sensitive]
    member = scene[place]
    plain = render([*scene[:place], *scene[place + 1 :]], energy, frame.geometry)
    plain = plain + intensity(member.weight * member.field.at(frame.geometry)).cpu().numpy()
    return evidence(whole, plain[frame.sensitive], photons, frame.stray[frame.sensitive])
