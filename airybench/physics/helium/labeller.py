"""The person who labels helium patterns (version 2 of the simulator): likely where a rule is met, never certain.

Every rule compares a measure of the noise-free pattern with a threshold. Near the threshold two people disagree: the
probability of a label is a logistic function of the measure. `chance` is the probability that the person writes a
given set of labels below a pattern; `true_labels` is what the thresholds themselves say.

What a person cannot see is not written either: a feature counts as far as its `Evidence` goes, see `visibility`.
"""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Measure = float | NDArray[np.float64]
"""One value, or one for each of many droplets."""

LABELLER_ERROR = 0.05
"""[A] Probability of the wrong answer at the edge of the band of a threshold, and of leaving out Bent or Streak.

From 0 (the person applies the thresholds and never errs) to 0.05.
"""

Threshold = tuple[float, float]
"""Middle of a threshold, and the half width of its band."""

RING_RATIO: Threshold = (1.065, 0.015)
"""[A] Axis ratio of the rings: Round below, Elliptical above."""

ODD_SPHEROID: Threshold = (0.235, 0.04)
"""[A] Odd part A from which a spheroid is Asymmetric."""

ODD_ELONGATED: Threshold = (0.50, 0.08)
"""[A] Odd part A from which an elongated droplet is Asymmetric."""

ODD_BENT: Threshold = (0.10, 0.03)
"""[A] Odd part A from which the fringes of an elongated droplet are Bent."""

ASPECT_BENT: Threshold = (1.30, 0.15)
"""[A] Apparent long/short, seen along the beam, from which there are fringes that can be Bent."""

ASPECT_PROLATE: Threshold = (1.20, 0.10)
"""[A] Apparent long/short from which a droplet is Prolate."""

ASPECT_STREAK: Threshold = (2.0, 0.3)
"""[A] Apparent long/short from which the pattern is a Streak."""

VISIBLE_NATS = (5.0, 3.0)
"""[A] Nats of evidence from which a person sees a feature, and the factor to the edge of the band: certain from 15."""


@dataclass(frozen=True)
class Look:
    """What can be seen of one droplet, or of each of many.

    Attributes:
        elongated: prolate, not a spheroid.
        odd_part: A of its own noise-free pattern.
        ring_ratio: axis ratio of its rings; NaN if elongated.
        aspect: long over short side of its outline, seen along the beam.
        evidence_odd: nats by which the counts tell its pattern from one with I(q) = I(-q).
        evidence_shape: nats by which they tell it from one that looks the same after a quarter turn.
    """

    elongated: bool
    odd_part: Measure
    ring_ratio: Measure
    aspect: Measure
    evidence_odd: float = np.inf
    evidence_shape: float = np.inf


def likelihood(value: Measure, threshold: Threshold, error: float | None = None) -> Measure:
    """Probability that a person finds `value` above a threshold.

    Args:
        value: of the measure.
        threshold: its middle and the half width of the band.
        error: probability of the wrong answer at the edges of the band; by default `LABELLER_ERROR`.

    >>> likelihood(np.array([0.9, 1.0, 1.1]), (1.0, 0.1)).round(2)
    array([0.05, 0.5 , 0.95])
    >>> float(likelihood(1.001, (1.0, 0.1), error=0.0))
    1.0
    """
    error = LABELLER_ERROR if error is None else error
    middle, half = threshold
    if error <= 0:
        return np.where(np.asarray(value) >= middle, 1.0, 0.0)
    answer: Measure = expit(log((1 - error) / error) / half * (value - middle))
    return answer


def seen(evidence: float) -> Measure:
    """Probability that a person sees a feature for which the counts hold `evidence` nats.

    >>> [round(float(seen(nats)), 2) for nats in (0.5, 5.0, 15.0, np.inf)]
    [0.0, 0.5, 0.95, 1.0]
    """
    middle, factor = VISIBLE_NATS
    return likelihood(np.log(max(evidence, 1e-12)), (log(middle), log(factor)))


def features(look: Look) -> dict[str, Measure]:
    """Probability that a person writes each label that describes how one droplet looks.

    >>> flat = Look(elongated=False, odd_part=0.02, ring_ratio=1.2, aspect=1.2)
    >>> {name: round(float(value), 2) for name, value in features(flat).items()}
    {'Asymmetric': 0.0, 'Elliptical': 1.0}
    """
    odd, shape = seen(look.evidence_odd), seen(look.evidence_shape)
    if not look.elongated:
        return {
            "Asymmetric": odd * likelihood(look.odd_part, ODD_SPHEROID),
            "Elliptical": shape * likelihood(look.ring_ratio, RING_RATIO),
        }
    bent = likelihood(look.odd_part, ODD_BENT) * likelihood(look.aspect, ASPECT_BENT)
    return {
        "Asymmetric": odd * likelihood(look.odd_part, ODD_ELONGATED),
        "Bent": (1 - LABELLER_ERROR) * odd * bent,
        "Streak": (1 - LABELLER_ERROR) * shape * likelihood(look.aspect, ASPECT_STREAK),
        "Prolate": shape * likelihood(look.aspect, ASPECT_PROLATE),
    }


def chance_of_spheroid(look: Look, labels: frozenset[str]) -> Measure:
    """Probability that a person writes about a spheroid what `labels` say about it.

    Without `Spherical/Oblate` the set says nothing about the spheroid. With it, but with neither `Round` nor
    `Elliptical`, the person could not decide: two answers to the same question differ.
    """
    if "Spherical/Oblate" not in labels:
        return np.ones_like(np.asarray(look.odd_part))
    found = features(look)
    elliptical, asymmetric = found["Elliptical"], found["Asymmetric"]
    if "Elliptical" in labels:
        rings = elliptical
    else:
        rings = 1 - elliptical if "Round" in labels else 2 * elliptical * (1 - elliptical)
    return rings * (asymmetric if "Asymmetric" in labels else 1 - asymmetric)


def chance_of_elongated(look: Look, labels: frozenset[str]) -> Measure:
    """Probability that a person writes about an elongated droplet what `labels` say about it.

    Beside a named spheroid `Asymmetric` is about that, and a weak pill need not be called `Prolate`.
    """
    found = features(look)
    total = found["Prolate"] if "Prolate" in labels else 1.0
    for name in ("Bent", "Streak", *(() if "Spherical/Oblate" in labels else ("Asymmetric",))):
        total = total * (found[name] if name in labels else 1 - found[name])
    return total


def true_labels(labels: frozenset[str], main: Look, companion: Look | None, extra: frozenset[str]) -> frozenset[str]:
    """What a person who sees everything and never errs would write.

    Args:
        labels: the given set. It says which droplets are named at all: the spheroid beside a streak need not be, and
            what Layered says need not be said again by Streak and Bent.
        main: look of the main droplet.
        companion: look of the pill or spheroid beside it, if there is one.
        extra: `NewtonRings` and `DoubleRings` as far as the scene has a second droplet for them.

    >>> almost = Look(elongated=False, odd_part=0.0, ring_ratio=1.07, aspect=1.07)
    >>> sorted(true_labels(frozenset({"Spherical/Oblate", "Round"}), almost, None, frozenset()))
    ['Elliptical', 'Spherical/Oblate']
    """
    found = set(extra) | (labels & {"Layered"})
    named = "Spherical/Oblate" in labels
    for look in (main, companion):
        if look is None:
            continue
        if look.elongated:
            unnamed = set() if "Prolate" in labels else {"Prolate"}
            unnamed |= {"Streak", "Bent"} - labels if "Layered" in labels and "Streak" not in labels else set()
            found |= _of_elongated(look, asymmetric=not named) - unnamed
        elif named:
            found |= {"Spherical/Oblate", "Elliptical" if look.ring_ratio >= RING_RATIO[0] else "Round"}
            found |= {"Asymmetric"} if look.odd_part >= ODD_SPHEROID[0] else set()
    return frozenset(found)


def _of_elongated(look: Look, *, asymmetric: bool) -> set[str]:
    """Labels of an elongated droplet by the thresholds alone."""
    rules = {
        "Prolate": look.aspect >= ASPECT_PROLATE[0],
        "Streak": look.aspect >= ASPECT_STREAK[0],
        "Bent": look.odd_part >= ODD_BENT[0] and look.aspect >= ASPECT_BENT[0],
        "Asymmetric": asymmetric and look.odd_part >= ODD_ELONGATED[0],
    }
    return {name for name, holds in rules.items() if holds}
