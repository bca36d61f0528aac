"""Fractions of the training part: nested, stratified, and chosen by ids only."""

import numpy as np
import pytest

from airybench.data.split.fraction import digest, training_fraction

FRACTIONS = (0.25, 0.5, 0.75, 1.0)


def drawn(shots: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of a training part, ids out of order, and labels of some common and some rare sets."""
    generator = np.random.default_rng(3)
    sets = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]], np.uint8)
    labels = sets[generator.choice(5, shots, p=[0.5, 0.3, 0.15, 0.04, 0.01])]
    return np.sort(generator.choice(shots, 400, replace=False)), generator.permutation(shots) * 7, labels


def test_fractions_are_nested_and_of_the_size_asked_for() -> None:
    rows, ids, labels = drawn()
    parts = [set(training_fraction(rows, ids, labels, fraction, 1612).tolist()) for fraction in FRACTIONS]
    assert [len(part) for part in parts] == [100, 200, 300, 400]
    assert parts[0] < parts[1] < parts[2] < parts[3] == set(rows.tolist())
    assert len(training_fraction(rows, ids, labels, 0.0001, 1612)) == 1
    assert len(training_fraction(rows, ids, labels, 1 / 3, 1612)) == 134


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_every_label_set_keeps_its_share(fraction: float) -> None:
    rows, ids, labels = drawn()
    _, members = np.unique(labels[rows], axis=0, return_inverse=True)
    kept = np.isin(rows, training_fraction(rows, ids, labels, fraction, 1612))
    share = np.bincount(members.reshape(-1)) * fraction
    assert np.abs(np.bincount(members.reshape(-1)[kept]) - share).max() <= 2


def test_the_choice_depends_on_ids_and_seed() -> None:
    rows, ids, labels = drawn()
    chosen = set(ids[training_fraction(rows, ids, labels, 0.5, 1612)].tolist())
    order = np.random.default_rng(5).permutation(len(ids))  # the same shots in another store, in another order
    moved = np.flatnonzero(np.isin(order, rows))
    assert set(ids[order][training_fraction(moved, ids[order], labels[order], 0.5, 1612)].tolist()) == chosen
    assert set(ids[training_fraction(rows, ids, labels, 0.5, 1)].tolist()) != chosen
    assert digest(rows, ids) == digest(rows[::-1], ids)
    assert digest(rows, ids) != digest(rows[1:], ids)
