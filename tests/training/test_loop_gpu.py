"""Training on a CUDA device: mixed precision, channels-last, and the same choices as on the CPU."""

import numpy as np
import pytest
import torch

from airybench.config import TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.training.device import choose_device
from airybench.training.loop import train

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]


def halves(count: int, device: torch.device, seed: int) -> LoadedSplit:
    """Bright upper or left halves: two labels that one look tells."""
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.rand(count, 2, generator=generator) < 0.5).float()
    images = torch.rand(count, 1, 32, 32, generator=generator) * 100
    images[:, :, :16] += 400 * labels[:, 0].view(-1, 1, 1, 1)
    images[:, :, :, :16] += 400 * labels[:, 1].view(-1, 1, 1, 1)
    return LoadedSplit(images.to(device), labels.to(device), np.arange(count))


@pytest.mark.parametrize("arch", ["resnet", "vgg"])
def test_a_gpu_learns_what_a_cpu_learns(arch: str) -> None:
    config = TrialConfig().replace(
        {"arch": arch, "epochs": 6, "batch_size": 16, "flips": False, "image_size": 32, "bn_momentum": 0.1,
         "head_width": 64, "base_lr": 0.02}
    )  # fmt: skip
    found = {}
    for device in (torch.device("cpu"), choose_device("auto")):
        parts = [halves(count, device, seed) for seed, count in enumerate((256, 96, 96))]
        trained = train(config, LoadedDataset(*parts, ("upper", "left"), "multilabel"), device)
        assert next(trained.network.parameters()).device.type == device.type
        found[device.type] = trained.best.val.values["macro_ap"]
    assert found["cuda"] > 0.9
    assert found["cuda"] == pytest.approx(found["cpu"], abs=0.1)
