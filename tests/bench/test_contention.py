"""Training beside busy processes: one small run of the whole, and that nothing is left over."""

import contextlib

import psutil
import pytest

from airybench.bench import contention
from airybench.bench.contention import bench_contention
from airybench.errors import ConfigError


def others() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.cmdline()[-1:] == [contention._BUSY[-1]]]


def test_every_policy_beside_every_number_of_busy_processes() -> None:
    rows = {row.quantity: row for row in bench_contention(image_size=32, batch_size=2, seconds=1, repeats=1)}
    for name in ("spinning briefly", "spinning by default"):
        idle, beside = rows[f"{name}, 0 busy processes"], rows[f"{name}, 1 busy processes"]
        assert min(idle.median, beside.median) > 0
        assert rows[f"{name}, 1 busy over none"].median == pytest.approx(beside.median / idle.median)
    assert rows["briefly over by default, none busy"].goal == 0.98
    assert not others()


def test_numbers_that_make_no_sense_start_nothing() -> None:
    with pytest.raises(ConfigError, match="repeats 0: at least 1 is needed"):
        bench_contention(repeats=0)


def test_busy_processes_end_with_the_measurement() -> None:
    with contextlib.suppress(KeyboardInterrupt), contention._busy(2):
        assert len(others()) == 2
        raise KeyboardInterrupt
    assert not others()
