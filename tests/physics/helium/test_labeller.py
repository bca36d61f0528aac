"""The soft labeller: certain far from its thresholds, undecided on them, blind in the dark."""

import numpy as np
import pytest

from airybench.physics.helium import labeller
from airybench.physics.helium.labeller import (
    Look,
    chance_of_elongated,
    chance_of_spheroid,
    features,
    likelihood,
    seen,
    true_labels,
)

ROUND = frozenset({"Spherical/Oblate", "Round"})
ELLIPTICAL = frozenset({"Spherical/Oblate", "Elliptical"})


def spheroid(odd, ring, **evidence):
    return Look(False, odd, ring, ring, **evidence)


def rod(odd, aspect, **evidence):
    return Look(True, odd, np.nan, aspect, **evidence)


def test_the_band_of_a_threshold_ends_at_the_named_error():
    for middle, half in ((1.065, 0.015), (0.235, 0.04)):
        assert likelihood(middle, (middle, half)) == 0.5
        assert likelihood(middle - half, (middle, half)) == pytest.approx(0.05)
        assert likelihood(middle + half, (middle, half), error=0.01) == pytest.approx(0.99)
    assert likelihood(0.99, (1.0, 0.1), error=0) == 0
    assert likelihood(np.array([-1e6, 1e6]), (0.0, 1.0)).tolist() == [0.0, 1.0]


def test_rings_and_odd_part_decide_about_spheroids():
    assert chance_of_spheroid(spheroid(0.02, 1.01), ROUND) > 0.99
    assert chance_of_spheroid(spheroid(0.02, 1.2), ELLIPTICAL) > 0.99
    assert chance_of_spheroid(spheroid(0.02, 1.065), ROUND) == pytest.approx(0.5, abs=1e-3)
    assert chance_of_spheroid(spheroid(0.4, 1.3), ELLIPTICAL | {"Asymmetric"}) > 0.99
    assert chance_of_spheroid(spheroid(0.4, 1.3), ELLIPTICAL) < 1e-4
    undecided = frozenset({"Spherical/Oblate", "Layered"})
    assert chance_of_spheroid(spheroid(0.0, 1.065), undecided) > 20 * chance_of_spheroid(spheroid(0.0, 1.2), undecided)
    assert chance_of_spheroid(spheroid(0.4, 1.3), frozenset({"Layered"})) == 1


def test_all_sets_of_labels_about_a_droplet_add_up_to_one():
    look = rod(0.45, 1.9)
    total = 0.0
    for number in range(16):
        labels = {name for bit, name in enumerate(("Prolate", "Bent", "Streak", "Asymmetric")) if number >> bit & 1}
        chance = chance_of_elongated(look, frozenset(labels))
        # A set without Prolate leaves open whether the droplet is prolate.
        total += chance * (1 if "Prolate" in labels else 1 - features(look)["Prolate"])
    assert total == pytest.approx(1)


def test_elongated_droplets_bend_before_they_are_asymmetric():
    assert chance_of_elongated(rod(0.03, 3.0), frozenset({"Prolate", "Streak"})) > 0.9
    assert chance_of_elongated(rod(0.25, 3.0), frozenset({"Prolate", "Streak", "Bent"})) > 0.85
    assert chance_of_elongated(rod(0.7, 1.6), frozenset({"Prolate", "Bent", "Asymmetric"})) > 0.85
    assert chance_of_elongated(rod(0.7, 1.6), frozenset({"Prolate", "Bent"})) < 0.01


def test_what_the_counts_do_not_hold_is_not_seen():
    assert seen(5.0) == pytest.approx(0.5)
    assert seen(0.0) < 1e-9
    assert chance_of_spheroid(spheroid(0.4, 1.3, evidence_odd=0.5), ELLIPTICAL) > 0.9
    assert chance_of_spheroid(spheroid(0.02, 1.3, evidence_shape=0.5), ROUND) > 0.9


def test_true_labels_are_the_thresholds():
    assert true_labels(ROUND, spheroid(0.24, 1.0651), None, frozenset()) == ELLIPTICAL | {"Asymmetric"}
    assert true_labels(ROUND, spheroid(0.23, 1.0649), None, frozenset({"NewtonRings"})) == ROUND | {"NewtonRings"}
    bent = frozenset({"Prolate", "Bent"})
    assert true_labels(bent, rod(0.52, 2.1), None, frozenset()) == bent | {"Asymmetric", "Streak"}
    layered = frozenset({"Spherical/Oblate", "Round", "Layered"})
    assert true_labels(layered, spheroid(0.0, 1.0), rod(0.2, 5.0), frozenset()) == layered
    streak = frozenset({"Streak"})
    assert true_labels(streak, spheroid(0.0, 1.0), rod(0.05, 3.0), frozenset()) == streak


def test_without_error_the_given_labels_are_the_true_ones(monkeypatch):
    monkeypatch.setattr(labeller, "LABELLER_ERROR", 0.0)
    for odd, ring in ((0.1, 1.03), (0.3, 1.2), (0.23, 1.066)):
        look = spheroid(odd, ring)
        assert chance_of_spheroid(look, true_labels(ROUND, look, None, frozenset())) == 1
