"""What each helium label means in numbers: ranges to draw droplets from, and the check of a finished shot.

A label set is translated into `DropletRanges`. The angle `delta` is that between the symmetry axis and the detector
plane, in degrees; the odd part A (`measures.odd_part`) is that of the droplet's own noise-free pattern.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Bounds = tuple[float, float]
"""Lowest and highest value."""

SYMMETRIC = 0.05
"""[A] Odd part A: round and elliptical patterns stay below, unless they are labelled asymmetric."""

ASYMMETRIC = 0.10
"""[A] Odd part A from which a pattern is asymmetric, or bent."""

STRONGLY_ASYMMETRIC = 0.30
"""[A] Odd part A from which a pattern is bent and asymmetric; patterns that are only bent stay below."""

ROUND_BELOW = 1.05
"""[A] Axis ratio of the rings below which a pattern is round."""

ELLIPTICAL_ABOVE = 1.08
"""[A] Axis ratio of the rings above which a pattern is elliptical."""

RADIUS_LAWS: dict[str, tuple[float, float]] = {
    "Prolate": (374.0, 0.36),
    "Elliptical": (406.0, 0.35),
    "Round": (314.0, 0.38),
}
"""[S] Median (nm) and sigma of the logarithm of the volume-equivalent radius."""

RADIUS_RANGE = (50.0, 1000.0)
"""[A] Volume-equivalent radii are clipped to this range, nm."""

PILL_RATIO = (5.0, 7.0)
"""[A] Long over short axis of the thin pill of a layered shot."""

PILL_SHORT_RADIUS = (40.0, 90.0)
"""[A] Short radius of that pill, nm."""

STREAK_RATIO = (2.0, 4.0)
"""[A] Long over short axis of a droplet that scatters into a streak."""

WEAK_STREAK_RATIO = (3.0, 4.0)
"""[A] The same beside a stronger droplet, where only a narrow streak is visible."""

WEAK_FIELD = (0.3, 0.6)
"""[A] Field of the weaker of pill and spheroid in units of the other's (root mean square over the detector)."""

NEWTON_DISTANCE = (5_000.0, 20_000.0)
"""[A] Distance along the beam of the second droplet behind Newton's rings, nm."""

NEWTON_ANGLE = (5.0, 20.0)
"""[A] Scattering angle of the centre of Newton's rings, degrees."""

NEWTON_FIELD = (0.6, 1.0)
"""[A] Field of the second droplet behind Newton's rings in units of the first one's."""

DOUBLE_GAP = (0.0, 300.0)
"""[A] Free distance between the surfaces of the two droplets behind double rings, nm."""

DOUBLE_RADII = ((0.6, 0.85), (1.18, 1.6))
"""[A] Radius of the second droplet behind double rings in units of the first one's: smaller or larger."""

DOUBLE_FIELD = (0.5, 1.0)
"""[A] Field of the second droplet behind double rings in units of the first one's."""

DOUBLE_ANGLE = 30.0
"""[A] Largest angle between that pair and the beam, degrees: the rings stay concentric."""

DOUBLE_INCOHERENT = 0.5
"""[A] Share of double rings for which intensities are added instead of fields."""


@dataclass(frozen=True)
class DropletRanges:
    """Ranges from which a droplet is drawn, and ranges in which the measures of its pattern must then lie.

    Attributes:
        axis_ratio: long over short axis, drawn.
        delta: angle between symmetry axis and detector plane in degrees, drawn.
        odd_part: A of the droplet's own pattern, required.
        ring_ratio: axis ratio of its rings, required; for spheroids only.
        trend: +1 if A grows with delta in this range, -1 if it falls, 0 if neither.
    """

    axis_ratio: Bounds
    delta: Bounds
    odd_part: Bounds
    ring_ratio: Bounds = (1.0, np.inf)
    trend: int = 0


def radius_law(labels: frozenset[str]) -> str:
    """Which of `RADIUS_LAWS` the droplet of a label set follows.

    >>> radius_law(frozenset({"Prolate", "Bent"})), radius_law(frozenset({"Layered"}))
    ('Prolate', 'Round')
    """
    if labels & {"Prolate", "Streak", "Bent"}:
        return "Prolate"
    return "Elliptical" if "Elliptical" in labels else "Round"


def draw_radius(rng: np.random.Generator, law: str) -> float:
    """Draw a volume-equivalent radius in nm from one of `RADIUS_LAWS`, clipped to `RADIUS_RANGE`."""
    median, sigma = RADIUS_LAWS[law]
    return float(np.clip(median * np.exp(sigma * rng.standard_normal()), *RADIUS_RANGE))


def has_weak_pill(labels: frozenset[str]) -> bool:
    """Whether the elongated droplet is the weaker one, beside a spheroid: Streak or Layered without Prolate."""
    return bool(labels & {"Streak", "Layered"}) and "Prolate" not in labels


def of_weak_pill(labels: frozenset[str]) -> frozenset[str]:
    """The labels that describe the weak pill: if the set names a spheroid as well, Asymmetric refers to that."""
    return labels - {"Asymmetric"} if "Spherical/Oblate" in labels else labels


def elongated_ranges(labels: frozenset[str], *, layered: bool) -> DropletRanges:
    """Ranges of the elongated droplet of a label set; it is a thin pill if `layered`."""
    streak, bent, asymmetric = (name in labels for name in ("Streak", "Bent", "Asymmetric"))
    along: Bounds = WEAK_STREAK_RATIO if has_weak_pill(labels) else STREAK_RATIO
    ratio: Bounds = PILL_RATIO if layered else along if streak else (1.3, 2.0)
    if not bent and not asymmetric:
        return DropletRanges(ratio, (0.0, 8.0), (0.0, ASYMMETRIC), trend=1)
    if bent and not asymmetric:
        return DropletRanges(ratio, (10.0, 25.0), (ASYMMETRIC, STRONGLY_ASYMMETRIC), trend=1)
    if bent:
        # Without a streak the droplet may be long, if it points so far out of the plane that it makes no band.
        steep = not layered and not streak
        delta = (30.0, 45.0) if streak else (46.0, 60.0) if steep else (30.0, 60.0)
        return DropletRanges((1.3, 4.0) if steep else ratio, delta, (STRONGLY_ASYMMETRIC, 1.0), trend=1)
    if streak:
        return DropletRanges((2.0, 2.6), (10.0, 45.0), (ASYMMETRIC, STRONGLY_ASYMMETRIC), trend=1)
    return DropletRanges((1.3, 1.5), (30.0, 60.0), (ASYMMETRIC, 1.0), trend=1)


def spheroid_ranges(labels: frozenset[str], rng: np.random.Generator) -> DropletRanges:
    """Ranges of the spheroid of a label set; a Round one is either nearly a sphere or seen along its axis."""
    symmetric, asymmetric = (0.0, SYMMETRIC), (ASYMMETRIC, 1.0)
    if "Elliptical" in labels:
        if "Asymmetric" in labels:
            return DropletRanges((1 / 0.80, 1 / 0.65), (25.0, 50.0), asymmetric, (ELLIPTICAL_ABOVE, np.inf))
        return DropletRanges((1 / 0.90, 1 / 0.65), (0.0, 5.0), symmetric, (ELLIPTICAL_ABOVE, np.inf), trend=1)
    if "Round" in labels:
        if "Asymmetric" in labels:
            return DropletRanges((1 / 0.80, 1 / 0.80), (65.0, 70.0), asymmetric, (1.0, ROUND_BELOW), trend=-1)
        if rng.random() < 0.3:
            return DropletRanges((1 / 0.96, 1 / 0.65), (84.0, 90.0), symmetric, (1.0, ROUND_BELOW), trend=-1)
        return DropletRanges((1.0, 1 / 0.96), (0.0, 90.0), symmetric, (1.0, ROUND_BELOW))
    if "Spherical/Oblate" in labels:
        return DropletRanges((1 / 0.945, 1 / 0.935), (0.0, 5.0), symmetric, (ROUND_BELOW, ELLIPTICAL_ABOVE), trend=1)
    return DropletRanges((1.0, 1 / 0.85), (0.0, 5.0), symmetric, trend=1)


def broken_rules(labels: frozenset[str], truth: Mapping[str, float]) -> list[str]:
    """Labels whose rules the stored truth of a shot breaks; empty for a shot that shows exactly its labels.

    The entries `odd_part`, `delta` and `axis_ratio` describe the main droplet; those with the prefix `companion_`
    describe the pill or spheroid beside it, if the set is layered or its streak is weak.
    """
    present = _present(labels, truth)
    unwanted = _unwanted(labels, truth)
    return [name for name in labels if not present[name]] + [
        name for name, shown in unwanted.items() if shown and name not in labels
    ]


def _present(labels: frozenset[str], truth: Mapping[str, float]) -> dict[str, bool]:
    """Whether a shot with these labels shows them, label by label."""
    rings = truth["ring_ratio"]
    asymmetric, layered = "Asymmetric" in labels, "Layered" in labels
    odd = _elongated(labels, truth, "odd_part")
    low, high = PILL_RATIO if layered else (1.3, 4.0)
    two_droplets = truth["double_coherent"] == 0 or truth["double_gap"] >= 0
    return {
        "Spherical/Oblate": 1 <= truth["axis_ratio"] <= 1 / 0.65 + 1e-6,
        "Round": rings < ROUND_BELOW,
        "Elliptical": rings > ELLIPTICAL_ABOVE
        and (asymmetric or (truth["delta"] <= 5 and truth["odd_part"] < SYMMETRIC)),
        "Prolate": low - 1e-6 <= truth["axis_ratio"] <= high + 1e-6,
        "Streak": _has_streak(labels, truth),
        "Bent": 10 <= _elongated(labels, truth, "delta") <= 60
        and (odd >= STRONGLY_ASYMMETRIC if asymmetric else ASYMMETRIC <= odd < STRONGLY_ASYMMETRIC),
        "Asymmetric": (truth["odd_part"] if "Spherical/Oblate" in labels else odd) >= ASYMMETRIC,
        "NewtonRings": NEWTON_DISTANCE[0] <= abs(truth["newton_z"]) <= NEWTON_DISTANCE[1],
        "DoubleRings": two_droplets and bool(abs(np.log(truth["double_ratio"])) > 0.15),
        "Layered": truth["companion_shape"] > 0,
        "Empty": truth["shape"] == 0,
    }


def _unwanted(labels: frozenset[str], truth: Mapping[str, float]) -> dict[str, bool]:
    """Whether a shot shows features that call for a label, label by label."""
    elongated = "Prolate" in labels or has_weak_pill(labels)
    odd = _elongated(labels, truth, "odd_part")
    return {
        "Bent": elongated and "Asymmetric" not in labels and odd >= ASYMMETRIC,
        "Asymmetric": not elongated and "Empty" not in labels and truth["odd_part"] >= SYMMETRIC,
        "Streak": elongated and "Layered" not in labels and _has_streak(labels, truth),
        "NewtonRings": not np.isnan(truth["newton_z"]),
        "DoubleRings": not np.isnan(truth["double_ratio"]),
        "Empty": truth["shape"] == 0,
    }


def _elongated(labels: frozenset[str], truth: Mapping[str, float], name: str) -> float:
    """An entry of the truth for the elongated droplet: the companion if that is a weak pill, else the main droplet."""
    return truth[f"companion_{name}" if has_weak_pill(labels) else name]


def _has_streak(labels: frozenset[str], truth: Mapping[str, float]) -> bool:
    largest_delta = 45 if "Asymmetric" in labels else 25
    return (
        _elongated(labels, truth, "axis_ratio") > STREAK_RATIO[0]
        and _elongated(labels, truth, "delta") <= largest_delta
    )
