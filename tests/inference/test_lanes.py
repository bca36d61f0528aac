"""Lanes: order, bounded appetite, threads shared out and given back, and the same answers as one after the other."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from small_predictions import CPU, columns, go

from airybench.data.reading.shot_source import ShotSource
from airybench.inference import lanes as module
from airybench.inference.lanes import lanes_for, side_by_side
from airybench.inference.predictor import Predictor


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_order_and_items_as_they_are_needed(two_threads: None) -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for number in range(8):
            drawn.append(number)
            yield number

    seen: set[int] = set()

    def work(number: int) -> tuple[int, int]:
        seen.add(threading.get_ident())
        time.sleep(0.02 * (number % 2))
        return number, torch.get_num_threads()

    with side_by_side(2) as mapped:
        found = mapped(work, items())
        assert next(found) == (0, 1)
        assert drawn == [0, 1, 2]
        assert [number for number, _ in found] == list(range(1, 8))
    assert len(seen) == 2
    assert threading.get_ident() not in seen
    assert torch.get_num_threads() == 2
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [2]


def test_one_lane_works_in_the_calling_thread() -> None:
    with side_by_side(1) as mapped:
        assert list(mapped(lambda _: threading.get_ident(), [0])) == [threading.get_ident()]


def test_an_error_ends_the_work(two_threads: None) -> None:
    def work(number: int) -> int:
        if number == 1:
            raise ValueError("one")
        return number

    with pytest.raises(ValueError, match="one"), side_by_side(2) as mapped:
        list(mapped(work, range(100)))
    assert torch.get_num_threads() == 2


def test_a_gpu_and_large_images_have_one_lane(two_threads: None) -> None:
    assert lanes_for(torch.device("cuda"), 64) == 1
    assert lanes_for(CPU, 64) == 2
    assert lanes_for(CPU, 224) == 1


@pytest.mark.usefixtures("short_parts")
def test_answers_do_not_depend_on_the_lanes(
    predictor: Predictor, shots: ShotSource, two_threads: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for most in (1, 2):
        monkeypatch.setattr(module, "MOST", most)
        go(predictor, shots, tmp_path / f"{most}.h5")
        found.append(columns(tmp_path / f"{most}.h5"))
    assert found[0].keys() == found[1].keys()
    np.testing.assert_array_equal(found[0]["id"], found[1]["id"])
    np.testing.assert_allclose(found[0]["probability"], found[1]["probability"], atol=1e-6)
