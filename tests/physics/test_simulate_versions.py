"""Version 2 beside version 1: runs, true labels, hit rates, and the same bytes again."""

from dataclasses import replace

import numpy as np
import pytest

from airybench.errors import ConfigError
from airybench.physics.runs import run_of
from airybench.physics.shot import Shot
from airybench.physics.simulate import _SIMULATORS, simulate

SEED = 1612


def test_version_1_makes_the_shots_that_it_always_made():
    shots = simulate("cxidb", range(3), SEED, version=1)
    assert not shots.groups.any()
    np.testing.assert_array_equal(shots.true_labels, shots.labels)
    assert shots.labels.argmax(axis=1).tolist() == [2, 2, 1]
    assert shots.truth["row_shift"] == pytest.approx([0.37206, -0.16293, -1.01412], abs=1e-5)
    assert shots.images.sum(axis=(1, 2)) == pytest.approx([7583782, 32962869, 7909120], rel=1e-3)


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_labels_are_drawn_as_in_version_1(dataset, monkeypatch):
    """Whatever is simulated for them: the label sets keep the frequencies that version 1 is tested for."""

    def nothing(labels, *_):
        return Shot(np.zeros((1, 1), np.uint16), labels, 1.0, {})

    plain = replace(_SIMULATORS[dataset], shots={1: nothing, 2: nothing})
    monkeypatch.setitem(_SIMULATORS, dataset, plain)
    first, second = (simulate(dataset, range(800), SEED, version=version).labels for version in (1, 2))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first, axis=0)) > 4
    monkeypatch.undo()
    some = [3, 700]
    np.testing.assert_array_equal(simulate(dataset, some, SEED, version=2).labels, first[some])


@pytest.mark.parametrize("dataset", ["helium", "cxidb"])
def test_a_shot_of_version_2_depends_on_seed_and_number_only(dataset):
    numbers = [5, 400, 0]
    together = simulate(dataset, numbers, SEED, version=2)
    alone = simulate(dataset, [400], SEED, version=2)
    np.testing.assert_array_equal(together.images[1], alone.images[0])
    for name, values in alone.truth.items():
        np.testing.assert_array_equal(together.truth[name][1], values[0])
    assert together.groups.tolist() == [run_of(SEED, index) for index in numbers]
    assert together.groups[0] == together.groups[2] != together.groups[1]
    assert (together.truth["hole"] == together.truth["hole"][0]).all()
    assert together.photon_energy[0] == together.photon_energy[2] != together.photon_energy[1]
    bits = together.truth["true_labels"]
    true = [[bit >> place & 1 for place in range(together.labels.shape[1])] for bit in bits.tolist()]
    assert together.true_labels.tolist() == true
    none = simulate(dataset, [], SEED, version=2)
    assert set(none.truth) == set(together.truth)
    assert none.true_labels.shape == (0, together.labels.shape[1])


def test_a_hit_rate_holds_and_what_is_no_rate_is_refused():
    hits = simulate("cxidb", range(60), SEED, hit_rate=0.1).labels[:, :4].sum()
    assert 1 <= hits <= 14
    assert simulate("cxidb", range(8), SEED, hit_rate=0).labels[:, 4].all()
    assert not simulate("cxidb", range(8), SEED, hit_rate=1).labels[:, 4].any()
    with pytest.raises(ConfigError, match=r"hit rate 1\.5 found"):
        simulate("helium", [0], SEED, hit_rate=1.5)
    with pytest.raises(ConfigError, match="only one of them"):
        simulate("helium", [0], SEED, hit_rate=0.5, balance=0.05)
    with pytest.raises(ConfigError, match="simulator version 3 found; one of 1, 2"):
        simulate("helium", [0], SEED, version=3)
