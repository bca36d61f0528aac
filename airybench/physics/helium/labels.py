"""What each helium label means in numbers: ranges to draw from, and the check of a finished shot against them.

A label set is turned into a `Form` for the droplet it describes. Angles `delta` are those of the symmetry axis out of
the detector plane in degrees; the odd part A is that of the droplet's own noise-free pattern.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]

SYMMETRIC = 0.05
"""[A] A round or elliptical pattern has an odd part below this unless it is called asymmetric."""

ASYMMETRIC = 0.10
STRONGLY_ASYMMETRIC = 0.30
ROUND_BELOW = 1.05
ELLIPTICAL_ABOVE = 1.08

RADIUS_LAWS: dict[str, tuple[float, float]] = {
    "Prolate": (374.0, 0.36),
    "Elliptical": (406.0, 0.35),
    "Round": (314.0, 0.38),
}
"""Median (nm) and sigma of the logarithm of the volume-equivalent radius."""

RADIUS_RANGE = (50.0, 1000.0)
PILL_RATIO = (5.0, 7.0)
PILL_SHORT_RADIUS = (40.0, 90.0)
STREAK_RATIO = (2.0, 4.0)
WEAK_STREAK_RATIO = (3.0, 4.0)
"""[A] A streak beside a stronger droplet shows only if it is narrow."""

WEAK_FIELD = (0.3, 0.6)
"""Field of the weaker of a pill and a spheroid, in units of the other's (root mean square over the detector)."""

NEWTON_DISTANCE = (5_000.0, 20_000.0)
NEWTON_ANGLE = (5.0, 20.0)
NEWTON_FIELD = (0.6, 1.0)
DOUBLE_GAP = (0.0, 300.0)
DOUBLE_RADII = ((0.6, 0.85), (1.18, 1.6))
"""[A] Radius of the second droplet of double rings in units of the first."""

DOUBLE_FIELD = (0.5, 1.0)
DOUBLE_ANGLE = 30.0
"""[A] The pair of double rings lies along the beam within this angle, degrees, so that the rings stay concentric."""

DOUBLE_INCOHERENT = 0.5
"""[A] Share of double rings made by the incoherent sum."""


@dataclass(frozen=True)
class Form:
    """Ranges a droplet is drawn from, and what its pattern must then show.

    Attributes:
        axis_ratio: long over short.
        delta: degrees.
        odd_part: A of the droplet's own pattern.
        ring_ratio: axis ratio of its rings; for spheroids only.
        trend: +1 where A grows with delta in this range, -1 where it falls, 0 where neither.
    """

    axis_ratio: Range
    delta: Range
    odd_part: Range
    ring_ratio: Range = (1.0, np.inf)
    trend: int = 0


def radius_law(labels: frozenset[str]) -> str:
    """Which of `RADIUS_LAWS` a label set's droplet follows."""
    if labels & {"Prolate", "Streak", "Bent"}:
        return "Prolate"
    return "Elliptical" if "Elliptical" in labels else "Round"


def draw_radius(rng: np.random.Generator, law: str) -> float:
    """A volume-equivalent radius in nm from one of `RADIUS_LAWS`, clipped to `RADIUS_RANGE`."""
    median, sigma = RADIUS_LAWS[law]
    return float(np.clip(median * np.exp(sigma * rng.standard_normal()), *RADIUS_RANGE))


def has_weak_pill(labels: frozenset[str]) -> bool:
    """Streak or Layered without Prolate: the pill is the weaker object beside a spheroid."""
    return bool(labels & {"Streak", "Layered"}) and "Prolate" not in labels


def of_weak_pill(labels: frozenset[str]) -> frozenset[str]:
    """The labels that speak of the weak pill: beside a named spheroid, asymmetry is the spheroid's."""
    return labels - {"Asymmetric"} if "Spherical/Oblate" in labels else labels


def elongated_form(labels: frozenset[str], *, layered: bool) -> Form:
    """The ranges of the elongated droplet of a label set, a thin pill where `layered`."""
    streak, bent, asymmetric = (name in labels for name in ("Streak", "Bent", "Asymmetric"))
    along: Range = WEAK_STREAK_RATIO if has_weak_pill(labels) else STREAK_RATIO
    ratio: Range = PILL_RATIO if layered else along if streak else (1.3, 2.0)
    if not bent and not asymmetric:
        return Form(ratio, (0.0, 8.0), (0.0, ASYMMETRIC), trend=1)
    if bent and not asymmetric:
        return Form(ratio, (10.0, 25.0), (ASYMMETRIC, STRONGLY_ASYMMETRIC), trend=1)
    if bent:
        # Without a streak the body may be long, if it points so far out of the plane that no band is left.
        steep = not layered and not streak
        delta = (30.0, 45.0) if streak else (46.0, 60.0) if steep else (30.0, 60.0)
        return Form((1.3, 4.0) if steep else ratio, delta, (STRONGLY_ASYMMETRIC, 1.0), trend=1)
    if streak:
        return Form((2.0, 2.6), (10.0, 45.0), (ASYMMETRIC, STRONGLY_ASYMMETRIC), trend=1)
    return Form((1.3, 1.5), (30.0, 60.0), (ASYMMETRIC, 1.0), trend=1)


def spheroid_form(labels: frozenset[str], rng: np.random.Generator) -> Form:
    """The ranges of the spheroid of a label set; of a Round one either near a sphere or seen along its axis."""
    symmetric, asymmetric = (0.0, SYMMETRIC), (ASYMMETRIC, 1.0)
    if "Elliptical" in labels:
        if "Asymmetric" in labels:
            return Form((1 / 0.80, 1 / 0.65), (25.0, 50.0), asymmetric, (ELLIPTICAL_ABOVE, np.inf))
        return Form((1 / 0.90, 1 / 0.65), (0.0, 5.0), symmetric, (ELLIPTICAL_ABOVE, np.inf), trend=1)
    if "Round" in labels:
        if "Asymmetric" in labels:
            return Form((1 / 0.80, 1 / 0.80), (65.0, 70.0), asymmetric, (1.0, ROUND_BELOW), trend=-1)
        if rng.random() < 0.3:
            return Form((1 / 0.96, 1 / 0.65), (84.0, 90.0), symmetric, (1.0, ROUND_BELOW), trend=-1)
        return Form((1.0, 1 / 0.96), (0.0, 90.0), symmetric, (1.0, ROUND_BELOW))
    if "Spherical/Oblate" in labels:
        return Form((1 / 0.945, 1 / 0.935), (0.0, 5.0), symmetric, (ROUND_BELOW, ELLIPTICAL_ABOVE), trend=1)
    return Form((1.0, 1 / 0.85), (0.0, 5.0), symmetric, trend=1)


def broken_rules(labels: frozenset[str], truth: Mapping[str, float]) -> list[str]:
    """Which labels' rules the stored truth of a shot breaks; empty for a shot that shows its labels.

    The truth's `odd_part`, `delta` and `axis_ratio` are those of the main droplet, `companion_*` those of the pill or
    spheroid beside it where the set is layered or its streak is weak.
    """
    rods = "companion_" if has_weak_pill(labels) else ""
    ratio, delta, odd = (truth[rods + name] for name in ("axis_ratio", "delta", "odd_part"))
    rounds = truth["odd_part"] if "Spherical/Oblate" in labels else odd
    rings = truth["ring_ratio"]
    asymmetric = "Asymmetric" in labels
    elongated = "Prolate" in labels or has_weak_pill(labels)
    layered = "Layered" in labels
    streak = ratio > STREAK_RATIO[0] and delta <= (45 if asymmetric else 25)
    bent = 10 <= delta <= 60 and odd >= (STRONGLY_ASYMMETRIC if asymmetric else ASYMMETRIC)
    incoherent = truth["double_coherent"] == 0
    shown = {
        "Spherical/Oblate": 1 <= truth["axis_ratio"] <= 1 / 0.65 + 1e-6,
        "Round": rings < ROUND_BELOW,
        "Elliptical": rings > ELLIPTICAL_ABOVE
        and (asymmetric or (truth["delta"] <= 5 and truth["odd_part"] < SYMMETRIC)),
        "Prolate": (5 if layered else 1.3) - 1e-6 <= truth["axis_ratio"] <= (7 if layered else 4) + 1e-6,
        "Streak": streak,
        "Bent": bent and (asymmetric or odd < STRONGLY_ASYMMETRIC),
        "Asymmetric": rounds >= ASYMMETRIC,
        "NewtonRings": NEWTON_DISTANCE[0] <= abs(truth["newton_z"]) <= NEWTON_DISTANCE[1],
        "DoubleRings": bool(incoherent or truth["double_gap"] >= 0) and abs(np.log(truth["double_ratio"])) > 0.15,
        "Layered": bool(truth["companion_shape"] > 0),
        "Empty": truth["shape"] == 0,
    }
    broken = [name for name in labels if not shown[name]]
    unwanted = {
        "Bent": elongated and not asymmetric and odd >= ASYMMETRIC,
        "Asymmetric": not elongated and "Empty" not in labels and truth["odd_part"] >= SYMMETRIC,
        "Streak": elongated and not layered and streak,
        "NewtonRings": not np.isnan(truth["newton_z"]),
        "DoubleRings": not np.isnan(truth["double_ratio"]),
        "Empty": truth["shape"] == 0,
    }
    return broken + [name for name, there in unwanted.items() if there and name not in labels]
