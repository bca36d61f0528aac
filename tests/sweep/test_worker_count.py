"""How many workers train at once: cores, trials and memory bound it, and more of them have to be worth it."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from airybench.config import SweepConfig
from airybench.errors import ConfigError
from airybench.sweep import worker_count as module
from airybench.sweep.engines import engine
from airybench.sweep.worker_count import WORKER_BYTES, fastest, free_memory, workers_on_cpu

STORE: Any = SimpleNamespace(count=4096, class_names=tuple("abcde"))
HELPED = {1: 10.0, 2: 16.0, 4: 24.0, 8: 25.0}
"""Steps per second by the number of workers."""


def sweep(trials: int = 40) -> SweepConfig:
    alphas = [round(0.01 * (number + 1), 2) for number in range(trials)]
    base = {"data": {"image_size": 64}, "training": {"epochs": 100}}
    return SweepConfig.model_validate({"base": base, "space": [{"alpha": alphas}]})


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """A machine of 8 cores and much memory; the numbers of workers that are tried."""
    asked: list[list[int]] = []

    def rates(config: object, classes: int, numbers: list[int], cores: int) -> tuple[dict[int, float], float]:
        asked.append(numbers)
        return {number: HELPED[number] for number in numbers}, 400e6

    monkeypatch.setattr(module, "usable_cores", lambda: 8)
    monkeypatch.setattr(module, "free_memory", lambda: 64e9)
    monkeypatch.setattr(module, "_tried", rates)
    return asked


def test_workers_are_added_as_long_as_they_help(tried: list[list[int]]) -> None:
    found = workers_on_cpu(sweep(), STORE)
    assert (found.workers, tried) == (4, [[1, 2, 4, 8]])
    assert found.reason == "2.4 times as fast as one; memory for 51"  # 0.8 * 64e9 / (600e6 + 400e6)


@pytest.mark.parametrize(("trials", "workers", "numbers"), [(1, 1, []), (2, 2, [[1, 2]]), (4, 4, [[1, 2, 4]])])
def test_no_more_workers_than_trials(trials: int, workers: int, numbers: list[Any], tried: list[list[int]]) -> None:
    assert workers_on_cpu(sweep(trials), STORE).workers == workers
    assert tried == numbers


@pytest.mark.parametrize(("networks", "workers"), [(0.5, 1), (1.5, 1), (2.5, 2), (7.9, 4)])
def test_no_more_workers_than_the_memory_takes(
    networks: float, workers: int, tried: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "free_memory", lambda: networks * (WORKER_BYTES + 400e6) / module.SPARED)
    assert workers_on_cpu(sweep(), STORE).workers == workers


def test_one_core_and_little_work_have_one_worker(tried: list[list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    small: Any = SimpleNamespace(count=1, class_names=tuple("abcde"))
    assert workers_on_cpu(sweep(2), small).reason == "less than a minute of work"
    monkeypatch.setattr(module, "usable_cores", lambda: 1)
    assert workers_on_cpu(sweep(), STORE).reason == "one core"
    assert not tried


def test_workers_that_do_not_help_are_not_started() -> None:
    assert fastest({1: 10.0, 2: 10.9}, 9) == module.WorkerCount(1, "1.1 times as fast with more")
    assert fastest({1: 10.0}, 1) == module.WorkerCount(1, "no memory for more")


def test_the_trial_is_real_and_leaves_the_threads_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: 2)
    monkeypatch.setattr(module, "SECONDS_EACH", 0.0)
    threads = torch.get_num_threads()
    seen: list[int] = []
    kept = torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda number: (seen.append(number), kept(number)))
    assert workers_on_cpu(sweep(), STORE).workers in (1, 2)
    assert seen == [2, 1, threads]
    assert torch.get_num_threads() == threads


def test_the_container_bounds_the_memory() -> None:
    assert 0 < free_memory() <= module.psutil.virtual_memory().available * 1.5


def test_an_engine_leaves_the_number_open_on_a_cpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = engine("local", "cpu", "auto", 1)
    assert found.with_workers is not None
    assert [found.with_workers(number).name for number in (1, 2)] == ["cpu", "2 workers on cpu"]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert engine("local", "auto", "auto", 2).name == "4 workers on cuda:0, cuda:1"
    assert engine("local", "cuda:1", "auto", 3).name == "3 workers on cuda:1"
    assert engine("local", "cuda:1", "auto", 1).name == "cuda:1"
    with pytest.raises(ConfigError, match="8 workers are more than 1 GPU with 1 a GPU take"):
        engine("local", "cuda:0", 8, 1)
    assert engine("local", "cuda:0", 8, 8).name == "8 workers on cuda:0"
