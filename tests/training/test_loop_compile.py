"""Compiled trainings: how many graphs are made for a study, counted by the compiler itself."""

import functools

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounter

from airybench.config import TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.training.loop import train

SIDE, BATCH = 32, 8


def part(count: int) -> LoadedSplit:
    rng = np.random.default_rng(count)
    images = torch.from_numpy(rng.poisson(5, (count, 1, SIDE, SIDE)).astype(np.float32))
    return LoadedSplit(images, torch.from_numpy((rng.random((count, 2)) < 0.5).astype(np.float32)), np.arange(count))


@pytest.mark.slow
def test_trials_share_their_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One graph serves seeds and alphas, a second one every further leakiness; the last, short batch asks for none."""
    counter = CompileCounter()
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=counter))
    data = LoadedDataset(part(3 * BATCH + 5), part(10), part(10), ("a", "b"), "multilabel")
    base = {"compile": True, "epochs": 1, "batch_size": BATCH, "image_size": SIDE, "bn_momentum": 0.1}

    def graphs(**changes: object) -> int:
        train(TrialConfig().replace({**base, **changes}), data, torch.device("cpu"))
        return counter.frame_count

    first = graphs()
    assert first >= 1
    assert graphs(alpha=0.7, seed=2) == graphs(alpha=0.05, seed=3) == first
    second = graphs(leakiness=0.1)
    assert graphs(leakiness=0.05, alpha=0.4) == graphs(leakiness=0.33, seed=5) == second
    assert second <= 2 * first
