"""The plain loop: it trains in a process of its own, and its end is noticed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from airybench.bench.plain_loop import PlainLoop
from airybench.config import TrialConfig
from airybench.errors import TrialError

SMALL = TrialConfig().replace({"image_size": 32, "batch_size": 4, "bn_momentum": 0.1, "arch": "timm:test_resnet"})


@pytest.mark.slow
def test_it_trains_elsewhere_and_its_death_is_told(tmp_path: Path, write_store: Callable[..., Any]) -> None:
    store = write_store(tmp_path / "a.h5")
    loop = PlainLoop(SMALL, store, np.arange(8), torch.device("cpu"))
    assert loop.rate() > 0
    loop._process.kill()
    with pytest.raises(TrialError, match="leave it out with --against nothing"):
        loop.rate()
    loop.close()
    assert loop._process.exitcode is not None
