"""Drawn benchmarks against their definition: average precision, correlations, spread between seeds, runs."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from airybench.analysis.calibration_draw import (
    MACRO_AP,
    Setting,
    average_precision,
    draw_benchmark,
    expected_score,
    label_sets,
    true_ap,
)

RNG = np.random.default_rng(16)


def test_average_precision_is_scikit_learns() -> None:
    labels = (RNG.random((80, 3)) < 0.3).astype(np.uint8)
    logits = RNG.normal(size=(2, 80, 3)).astype(np.float32)
    expected = [average_precision_score(labels, one, average=None) for one in logits]
    np.testing.assert_allclose(average_precision(logits, labels), expected)


def test_true_average_precision_is_that_of_very_many_shots() -> None:
    labels = RNG.random((400_000, 1)) < 0.1
    logits = RNG.standard_normal(labels.shape) + 1.5 * labels
    assert true_ap(1.5, np.array([0.1]))[0] == pytest.approx(average_precision_score(labels, logits), abs=0.01)


def test_macro_ap_of_every_cell_is_the_wanted_one_on_many_shots() -> None:
    drawn = draw_benchmark(Setting(40_000, 0.0, cells=2), 1, np.random.default_rng(3), kept=1)
    assert drawn.values.ravel() == pytest.approx([MACRO_AP] * 2, abs=0.01)
    assert drawn.difference == 0


def test_labels_come_in_the_sets_of_the_experiment_as_often_as_there() -> None:
    members, shares = label_sets()
    assert members.shape == (43, 11)
    labels = draw_benchmark(Setting(20_000, 0.0, cells=1), 1, np.random.default_rng(4), kept=1).cells[0][0].labels
    sets, counts = np.unique(labels, axis=0, return_counts=True)
    assert {tuple(one) for one in sets} <= {tuple(one) for one in members}
    assert counts.max() / 20_000 == pytest.approx(shares.max(), abs=0.01)


def test_noise_is_shared_as_it_should_be() -> None:
    drawn = draw_benchmark(Setting(6000, 0.0, cells=2), 2, np.random.default_rng(5))
    none = drawn.cells[0][0].labels == 0
    (a1, a2), (b1, b2) = ([one.logits[none] for one in cell] for cell in drawn.cells)
    correlation = np.corrcoef([a1, a2, b1, b2])
    assert np.var(a1) == pytest.approx(1, abs=0.03)
    assert correlation[0, 1] == pytest.approx(0.75, abs=0.02)
    assert correlation[[0, 0, 1], [2, 3, 2]] == pytest.approx([0.5] * 3, abs=0.02)


def test_shots_of_a_run_are_correlated() -> None:
    drawn = draw_benchmark(Setting(4000, 0.0, runs=400, correlation=0.2, cells=1), 1, np.random.default_rng(6), kept=1)
    (one,) = drawn.cells[0]
    assert one.groups is not None
    assert np.bincount(one.groups).tolist() == [10] * 400
    column = one.logits[:, 9]  # Layered, which few shots are
    of_runs = column.reshape(400, 10).mean(axis=1)
    assert np.var(of_runs) == pytest.approx(0.2 + 0.8 / 10, rel=0.2)
    assert draw_benchmark(Setting(100, 0.0), 1, np.random.default_rng(6)).cells[0][0].groups is None


def test_seeds_lie_as_far_apart_as_asked_and_an_effect_is_one() -> None:
    drawn = draw_benchmark(Setting(6000, 0.03, effect=0.05, cells=3), 12, np.random.default_rng(7), kept=0)
    assert drawn.values.std(axis=1, ddof=1).mean() == pytest.approx(0.03, rel=0.25)
    assert drawn.difference == pytest.approx(0.05, abs=0.003)
    assert drawn.values[0].mean() - drawn.values[1:].mean() == pytest.approx(0.05, abs=0.025)


def test_few_positive_shots_make_average_precision_too_large() -> None:
    few, many = (expected_score(Setting(shots, 0.01, cells=4), 1) for shots in (154, 500))
    assert few == pytest.approx(MACRO_AP + 0.06, abs=0.02)
    assert MACRO_AP < many < few
    assert expected_score(Setting(154, 0.01, effect=0.05, cells=4), 1) == pytest.approx(few + 0.05, abs=0.02)


def test_values_leave_out_classes_with_few_positive_shots_and_scores_do_not() -> None:
    drawn = draw_benchmark(Setting(154, 0.01), 1, np.random.default_rng(8))
    (one,) = drawn.cells[1]
    positives = one.labels.sum(axis=0)
    for found, kept in ((drawn.values, positives >= 5), (drawn.scores, positives >= 1)):
        assert found[1, 0] == pytest.approx(average_precision_score(one.labels[:, kept], one.logits[:, kept]))
