"""The overhead of a study: courses by hand, and one small run of the whole."""

import math

import pytest
import torch
from reporters import CollectingReporter

from airybench.bench import overhead
from airybench.bench.overhead import EPOCHS, Course, bench_overhead
from airybench.training.checkpoint import EVERY


def test_a_course_taken_apart() -> None:
    course = Course(began=10.0, epochs=[13.0, 14.0, 15.0, 16.0], ended=18.5)
    assert course.epoch == 1.0
    assert course.outside_epochs == pytest.approx(4.5)  # of 8.5 s four are epochs


def test_rows_are_ratios_of_pairs() -> None:
    bare = [Course(0.0, [1.0, 2.0, 3.0], 3.0), Course(0.0, [2.0, 4.0, 6.0], 6.0)]
    tracked = [Course(0.0, [2.0, 3.1, 4.2], 5.2), Course(0.0, [3.2, 5.4, 7.6], 8.6)]
    rows = {row.quantity: row for row in overhead._rows(1.0, bare, tracked, [0.6, 0.6])}
    assert (rows["a bare epoch"].low, rows["a bare epoch"].high) == (1.0, 2.0)
    assert rows["an epoch in a study over a bare one"].median == pytest.approx(1.1)
    outside = rows["time outside the epochs, trial minus bare training"]
    assert (outside.low, outside.high) == (pytest.approx(1.9), pytest.approx(2.0))
    (whole,) = [row for name, row in rows.items() if name.startswith("a trial of")]
    assert whole.high == pytest.approx(1.1 + 1.9 / EPOCHS + 0.6 / EVERY)
    assert (whole.goal, whole.ratio) == (1.02, pytest.approx(1.02 / whole.median))


@pytest.mark.parametrize(("length", "expected"), [(1.0, (128, 1.0)), (0.2, (64, 0.4)), (1000.0, (4096, 1.0))])
def test_shots_are_as_many_as_make_the_epoch(length: float, expected: tuple[int, float]) -> None:
    config = overhead._sized(length, 0.5, 7)
    assert (config.data.count, config.data.fraction) == expected
    assert (config.training.epochs, config.data.image_size) == (7, 64)


@pytest.mark.slow
def test_the_whole_for_a_moment() -> None:
    reporter = CollectingReporter()
    rows = bench_overhead(
        lengths=(0.1,),
        seconds=0.3,
        epochs=3,
        repeats=1,
        device=torch.device("cpu"),
        reporter=reporter,
    )
    found = {row.quantity: row.median for row in rows}
    assert len(rows) == 5
    assert all(math.isfinite(value) for value in found.values())
    assert found["time outside the epochs, trial minus bare training"] > 0.01  # a run, weights and plots
    assert found["one checkpoint"] > 0.001
    assert reporter.steps == [(1, 1)]
