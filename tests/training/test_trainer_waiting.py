"""Inside an epoch the host never waits for the device: an epoch runs on tensors that have no values to wait for."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from airybench.config import TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.interrupts import Interrupts
from airybench.networks.build import build
from airybench.training import trainer as module
from airybench.training.distributed import ALONE
from airybench.training.trainer import Trainer

META = torch.device("meta")
BATCH, STEPS = 4, 12

VARIANTS: dict[str, dict[str, Any]] = {
    "paper": {},
    "network without the activation": {"log_activation": False},
    "learned alpha": {"learn_alpha": True},
    "weights": {"class_weights": "balanced", "loss": "focal", "clip_norm": 1.0, "weight_decay": 1e-4},
    "adamw": {"optimizer": "adamw", "warmup_epochs": 1.0},
    "augmented": {"rotation": "any", "hot_pixels": 3, "dead_pixels": 3, "gain_jitter": 2.0},
}


class Uploads(TorchDispatchMode):
    """Counts copies from the host to the device."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count, and go on."""
        found = func(*args, **(kwargs or {}))
        source = next((one for one in args if isinstance(one, Tensor)), None)
        if source is not None and source.device.type == "cpu" and isinstance(found, Tensor) and found.is_meta:
            self.count += 1
        return found


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("name", VARIANTS)
def test_an_epoch_needs_no_value_from_the_device(name: str, accumulate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    base = {"arch": "timm:test_resnet", "image_size": 32, "batch_size": BATCH, "precision": "float32"}
    config = TrialConfig().replace({**base, **VARIANTS[name]})
    # Torch's fused updates know the devices that they are written for, and the host side of the others is the same.
    made = module.optimizer
    monkeypatch.setattr(module, "optimizer", lambda network, training: made(network, training, {"foreach": False}))
    shots = BATCH * STEPS
    inputs, labels = torch.empty(shots, 1, 32, 32, device=META), torch.empty(shots, 3, device=META)
    part = LoadedSplit(inputs, labels, np.arange(shots), "counts")
    network = build(config.network, 3, 32).to(META)
    data = LoadedDataset(part, part, part, tuple("abc"), "multilabel")
    trainer = Trainer(config, network, data, META, accumulate, ALONE)
    counted = []
    for _ in range(2):
        with Uploads() as uploads, Interrupts() as interrupts:
            assert not trainer.run_epoch(interrupts)
        counted.append(uploads.count)
    assert trainer.state.counted == 2 * STEPS
    assert max(counted) < STEPS  # a few for the whole epoch: order, flips, turns and faults


def test_a_step_that_asks_for_a_value_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Trainer._step

    def asking(self: Trainer, images: Tensor, labels: Tensor) -> None:
        step(self, images, labels)
        float(self.state.total)

    monkeypatch.setattr(Trainer, "_step", asking)
    with pytest.raises((RuntimeError, NotImplementedError)):
        test_an_epoch_needs_no_value_from_the_device("paper", 1, monkeypatch)
