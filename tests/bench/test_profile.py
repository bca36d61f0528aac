"""The profile of a training accounts for all of its time."""

import numpy as np
import pytest
import torch

from airybench.bench.profile import profile_training
from airybench.config import TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit


@pytest.mark.slow
def test_shares_add_up_and_convolutions_lead() -> None:
    rng = np.random.default_rng(0)

    def part(count: int) -> LoadedSplit:
        images = torch.from_numpy(rng.poisson(5, (count, 1, 64, 64)).astype(np.float32))
        return LoadedSplit(
            images, torch.from_numpy((rng.random((count, 2)) < 0.5).astype(np.float32)), np.arange(count)
        )

    data = LoadedDataset(part(96), part(8), part(8), ("a", "b"), "multilabel")
    config = TrialConfig().replace({"image_size": 64, "batch_size": 24, "bn_momentum": 0.1})
    rows = profile_training(config, data, torch.device("cpu"), "here")
    shares = {row.quantity: row.median for row in rows}
    assert sum(shares.values()) == pytest.approx(100)
    assert min(share for name, share in shares.items() if name != "time in no operation") > 0
    assert max(shares, key=shares.__getitem__) == "time in convolution_backward"
