"""The trial of number formats: what it compares, and that it leaves no trace in a training's random numbers."""

import time

import pytest
import torch

from airybench.config import TrialConfig
from airybench.training import step_trial
from airybench.training.step_trial import step_times

SMALL = TrialConfig().replace({"image_size": 32, "batch_size": 8, "arch": "timm:test_resnet"})


def test_times_are_of_a_shot_in_both_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def slow(config: TrialConfig, classes: int, device: torch.device):  # type: ignore[no-untyped-def]
        sizes.append((config.training.batch_size, config.training.compile, classes))
        return lambda: time.sleep(0.04 if config.training.precision == "float32" else 0.02)

    monkeypatch.setattr(step_trial, "training_step", slow)
    began = time.perf_counter()
    found = step_times(SMALL.replace({"compile": True}), 5, seconds=0.3)
    assert found.float32 == pytest.approx(0.04 / 8, rel=0.25)
    assert found.bfloat16 == pytest.approx(0.02 / 8, rel=0.25)
    assert 0.3 <= time.perf_counter() - began < 3
    assert sizes == [(8, False, 5)] * 2


def test_steps_too_large_for_a_trial_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def noted(config: TrialConfig, classes: int, device: torch.device):  # type: ignore[no-untyped-def]
        sizes.append(config.training.batch_size)
        return lambda: None

    monkeypatch.setattr(step_trial, "training_step", noted)
    step_times(TrialConfig().replace({"image_size": 224, "batch_size": 256}), 5, seconds=0.0)
    assert sizes == [11, 11]  # 2e10 over the 1.7e9 multiply-adds of a ResNet-18


def test_random_numbers_go_on_as_if_nothing_had_been_tried() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    assert step_times(SMALL, 5, seconds=0.0).float32 > 0
    assert torch.equal(torch.rand(4), expected)
