"""A network recorded as CUDA graphs: same numbers, and recording it leaves no trace."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from airybench.config import TrialConfig
from airybench.networks.build import build
from airybench.training.device import arranged, precision
from airybench.training.replay import Replayed, for_steps

CPU, SIDE, CLASSES = torch.device("cpu"), 32, 3
SMALL = {"arch": "timm:test_resnet", "image_size": SIDE, "batch_size": 8, "bn_momentum": 0.1}


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """In place of the recording on a GPU: runs the network as that does, and notes what is replayed."""
    replayed: list[tuple[int, ...]] = []

    def record(network: nn.Module, samples: tuple[Tensor], **settings: Any) -> Callable[[Tensor], Tensor]:
        assert not settings
        assert not torch.is_autocast_cache_enabled()
        for _ in range(3):
            network(*samples).sum().backward()
            torch.rand(5)

        def replay(images: Tensor) -> Tensor:
            replayed.append(tuple(images.shape))
            return network(images)

        return replay

    forked = torch.random.fork_rng
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: forked(devices=[]))  # there is no GPU's state here
    monkeypatch.setattr(torch.cuda, "make_graphed_callables", record)
    return replayed


def test_a_cpu_runs_the_network_itself() -> None:
    config = TrialConfig().replace(SMALL)
    network = build(config.network, CLASSES, SIDE, 1)
    assert for_steps(network, config, CPU, 8) is network
    assert for_steps(network, config, torch.device("cuda"), 8, whole_batches=False) is network


def test_recording_leaves_no_trace_and_other_shapes_go_through_the_network(recorder: list[tuple[int, ...]]) -> None:
    network = build(TrialConfig().replace(SMALL).network, CLASSES, SIDE, 1).train()
    reference = build(TrialConfig().replace(SMALL).network, CLASSES, SIDE, 1).train()
    reference.load_state_dict(network.state_dict())
    torch.manual_seed(5)
    images, random = torch.rand(8, 1, SIDE, SIDE), torch.random.get_rng_state()
    called = Replayed(network, torch.zeros_like(images))
    for batch in (images, images[:5], images):
        assert torch.equal(called(batch), reference(batch))
        for (name, own), other in zip(network.named_buffers(), reference.buffers(), strict=True):
            assert torch.equal(own, other), name
    assert torch.equal(torch.random.get_rng_state(), random)
    assert recorder == [(8, 1, SIDE, SIDE)] * 2
    assert torch.is_autocast_cache_enabled()


@pytest.mark.parametrize("changes", [{}, {"arch": "vgg", "depth": 11, "head_width": 64}], ids=["resnet", "vgg"])
@pytest.mark.parametrize("number_format", ["bfloat16", "float32"])
@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_replay_computes_what_the_network_computes(
    number_format: str, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    device = torch.device("cuda")
    config = TrialConfig().replace(
        {"depth": 18, "image_size": SIDE, "batch_size": 8, "bn_momentum": 0.1, "precision": number_format, **changes}
    )
    found: list[list[Tensor]] = []
    for replayed in (True, False):
        torch.manual_seed(1612)
        network = build(config.network, CLASSES, SIDE, 1).to(device).train()
        network = network.to(memory_format=torch.channels_last)
        run = for_steps(network, config, device, 8, whole_batches=replayed)
        update = torch.optim.SGD(network.parameters(), lr=0.01, fused=True)
        torch.manual_seed(7)
        values: list[Tensor] = []
        for _ in range(4):
            images = arranged(torch.rand(8, 1, SIDE, SIDE, device=device), config.training)
            update.zero_grad(set_to_none=True)
            with precision(config.training, device):
                loss = run(images).float().square().mean()
            loss.backward()
            values += [loss.detach().clone(), *(weight.grad.clone() for weight in network.parameters())]
            update.step()
        found.append([*values, *(buffer.clone() for buffer in network.buffers())])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)
