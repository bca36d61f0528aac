"""The benchmark of prediction: shares of the bare forward pass."""

import pytest
import torch

from airybench.bench import predict as bench
from airybench.bench.predict import bench_predict
from airybench.config import TrialConfig
from airybench.cores import usable_cores
from airybench.errors import ConfigError

SMALL = TrialConfig().replace({"image_size": 32, "bn_momentum": 0.1, "arch": "timm:test_resnet"})


def test_share_is_the_ratio_of_both_speeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.BATCH, "cpu", 20)
    rows = {row.quantity: row for row in bench_predict(config=SMALL, count=64, repeats=1, device=torch.device("cpu"))}
    ours, bare = rows["prediction, file to file"], rows["bare forward pass, one batch after the other"]
    assert ours.median > 0
    share = rows["share of the bare forward pass"]
    assert share.median == pytest.approx(ours.median / bare.median)
    assert share.goal == bench.GOALS["cpu"]
    both = rows["decoder and network together, the limit"]
    (several,) = (row for name, row in rows.items() if name.endswith(" at once"))
    network = max(bare.median, several.median)
    decoder = rows["decoder alone, one core"].median * usable_cores()
    assert both.median == pytest.approx(decoder * network / (decoder + network))
    limited = rows["share of that limit"]
    assert (limited.median, limited.goal) == (pytest.approx(ours.median / both.median), 0.95)
    assert "time per image, 64 to 21 images" in rows
    with pytest.raises(ConfigError, match="count 59: at least 60"):
        bench_predict(config=SMALL, count=59, device=torch.device("cpu"))
