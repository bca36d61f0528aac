"""Small-angle shots of version 2, with the evidence computed once more."""

import numpy as np

from airybench.physics.populations import CXIDB_CLASSES
from airybench.physics.run_conditions import small_angle_conditions
from airybench.physics.small_angle import natural
from airybench.physics.small_angle.natural import natural_cxidb_shot


def shot(name, index, seed=3):
    return natural_cxidb_shot(name, small_angle_conditions(seed, index), seed, index)


def test_every_class_has_the_same_truth_and_its_true_label():
    shots = {name: shot(name, 4) for name in CXIDB_CLASSES}
    assert len({frozenset(one.truth) for one in shots.values()}) == 1
    for name, one in shots.items():
        assert one.labels == {name}
        assert one.truth["true_labels"] == 1 << one.truth["particle_class"]
        assert np.isnan(one.truth["photons"]) == (one.truth["particles"] == 0)


def test_wrong_labels_are_as_rare_as_they_are_said_to_be(monkeypatch):
    monkeypatch.setattr(natural, "MISSED_SHARE", 1.0)
    missed = shot("Background", 4)
    assert missed.labels == {"Background"}
    assert missed.truth["particles"] > 0
    assert missed.truth["photons"] <= 30
    monkeypatch.setattr(natural, "LABELLER_ERROR", 1.0)
    monkeypatch.setattr(natural, "PHOTONS", (250.0, 299.0))
    taken = shot("T4", 5)
    assert taken.labels == {"T4"}
    assert CXIDB_CLASSES[taken.truth["particle_class"]] not in ("T4", "Background")
    monkeypatch.setattr(natural, "PHOTONS", (301.0, 400.0))
    assert CXIDB_CLASSES[shot("T4", 5).truth["particle_class"]] == "T4"


class Watched:
    """The conditions of a shot, which keep the pattern that they are given."""

    def __init__(self, index):
        self.inner = small_angle_conditions(3, index)
        self.frame, self.photon_energy, self.truth = self.inner.frame, self.inner.photon_energy, self.inner.truth
        self.pattern, self.photons = self.frame.stray, 0.0

    def detect(self, pattern, photons, rng):
        """Keep the pattern, and let it be detected."""
        self.pattern, self.photons = pattern, photons
        return self.inner.detect(pattern, photons, rng)

    def nats(self, photons):
        """Divergence of the counts of particle and stray light from as many of stray light."""
        where = self.frame.sensitive
        stray, pattern = self.frame.stray[where].astype(np.float64), self.pattern[where].astype(np.float64)
        both = stray + photons * pattern / pattern.sum()
        alone = stray * both.sum() / stray.sum()
        return (both * np.log(both / alone)).sum()


def test_a_person_sees_what_the_label_names_and_nothing_more(monkeypatch):
    monkeypatch.setattr(natural, "PHOTONS", (1.0, 1.001))
    monkeypatch.setattr(natural, "MISSED_SHARE", 1.0)
    monkeypatch.setattr(natural, "LABELLER_ERROR", 0.0)
    for index in range(4):
        watched = Watched(index)
        natural_cxidb_shot("Nanorice", watched, 3, index)
        assert watched.nats(watched.photons) >= 4.99 > watched.nats(watched.photons / 2.01)
    monkeypatch.setattr(natural, "PHOTONS", (10_000.0, 10_001.0))
    for index in range(4):
        watched = Watched(index)
        natural_cxidb_shot("Background", watched, 3, index)
        assert watched.nats(watched.photons) < 5.01 < watched.nats(watched.photons * 2.01)


def test_a_second_particle_has_the_field_that_is_stored(monkeypatch):
    monkeypatch.setattr(natural, "DOUBLE_SHARE", 1.0)
    monkeypatch.setattr(natural, "MISSED_SHARE", 0.0)
    classes = set()
    for index in range(6):
        one = shot("PBCV-1", index)
        assert one.truth["particles"] == 2
        assert 0.3 <= one.truth["second_field"] <= 0.8
        assert 300 <= np.hypot(one.truth["second_x"], one.truth["second_y"]) <= 1500.01
        classes.add(one.truth["second_class"])
    assert len(classes) > 1
