"""The benchmark of training: the limit, the training, and the plain loop beside them."""

import pytest
import torch
from reporters import CollectingReporter

from airybench.bench.train import SHARE_GOAL, bench_train
from airybench.config import TrialConfig
from airybench.errors import ConfigError

CPU = torch.device("cpu")
SMALL = TrialConfig().replace({"image_size": 32, "batch_size": 8, "bn_momentum": 0.1, "arch": "timm:test_resnet"})


def test_shares_are_ratios_of_speeds() -> None:
    reporter = CollectingReporter()
    found = bench_train(config=SMALL, count=64, repeats=1, plain=False, device=CPU, reporter=reporter)
    rows = {row.quantity: row for row in found}
    ours, bare, share = rows["training"], rows["bare step, the limit"], rows["share of the bare step"]
    assert share.median == pytest.approx(ours.median / bare.median)
    assert share.goal == SHARE_GOAL
    assert rows["step"].median == pytest.approx(1e3 * 8 / ours.median)
    assert "plain loop, h5py DataLoader" not in rows
    assert reporter.steps == [(1, 2), (2, 2)]


@pytest.mark.parametrize(("count", "repeats", "message"), [(11, 1, "count 11: at least 12"), (64, 0, "repeats 0")])
def test_sizes_that_measure_nothing_are_refused(count: int, repeats: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bench_train(config=SMALL, count=count, repeats=repeats, device=CPU)
