"""Any timm model: the logarithm after its first convolution and nowhere else, or one line that says why not."""

import pytest
import torch
from torch import nn

from airybench.config import DEPTHS, NetworkConfig
from airybench.config.data import MIN_IMAGE_SIZE
from airybench.errors import ConfigError
from airybench.networks import timm_models
from airybench.networks.activation import LogActivation
from airybench.networks.build import build
from airybench.networks.timm_models import first_convolution, require_buildable

MODELS = ("convnext_tiny", "efficientnet_b0", "vit_tiny_patch16_224", "resnet10t")


def on_meta(name: str, size: int = 64, **values: object) -> nn.Module:
    with torch.device("meta"):
        return build(NetworkConfig(arch=f"timm:{name}", **values), 11, size).eval()


def calls(network: nn.Module, size: int = 64) -> list[tuple[nn.Module, torch.Tensor, torch.Tensor]]:
    """Every module without children in the order of its call, with what went in and came out."""
    order: list[tuple[nn.Module, torch.Tensor, torch.Tensor]] = []
    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda m, given, out: order.append((m, given[0], out)))
    assert network(torch.empty(2, 1, size, size, device="meta")).shape == (2, 11)
    return order


@pytest.mark.parametrize("name", MODELS)
def test_logarithm_follows_the_first_convolution_and_nothing_else(name: str) -> None:
    network = on_meta(name, alpha=0.5)
    order = calls(network)
    convolutions = [place for place, (module, _, _) in enumerate(order) if isinstance(module, nn.Conv2d)]
    logs = [place for place, (module, _, _) in enumerate(order) if isinstance(module, LogActivation)]
    assert logs == [convolutions[0] + 1]
    first, _, seen = order[convolutions[0]]
    assert first.in_channels == 1
    assert order[logs[0]][1] is seen
    assert sum(isinstance(module, LogActivation) for module in network.modules()) == 1


@pytest.mark.parametrize("name", MODELS)
def test_without_the_logarithm_it_is_timms_own(name: str) -> None:
    import timm

    network = on_meta(name, log_activation=False)
    with torch.device("meta"):
        sized = {"img_size": 64} if name.startswith("vit") else {}
        own = timm.create_model(name, in_chans=1, num_classes=11, **sized)
    assert [(k, v.shape) for k, v in network.state_dict().items()] == [
        (k, v.shape) for k, v in own.state_dict().items()
    ]


def test_the_logarithm_acts_on_what_the_convolution_gives() -> None:
    torch.manual_seed(0)
    plain = build(NetworkConfig(arch="timm:resnet10t", log_activation=False), 2, 32).eval()
    torch.manual_seed(0)
    logged = build(NetworkConfig(arch="timm:resnet10t", alpha=0.3, beta=0.1), 2, 32).eval()
    place = first_convolution(plain, "resnet10t")
    seen: list[torch.Tensor] = []
    log = LogActivation(0.3, 0.1)
    plain.get_submodule(place).register_forward_hook(lambda module, given, out: log(out))
    logged.get_submodule(place).register_forward_hook(lambda module, given, out: seen.append(out))
    counts = torch.rand(2, 1, 32, 32) * 1000
    with torch.no_grad():
        torch.testing.assert_close(logged(counts), plain(counts))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet_18", "unknown timm model 'resnet_18'; valid: resnet18, .*list_models.* Did you mean 'resnet18'"),
        ("convnext_tny", "unknown timm model 'convnext_tny'; valid: convnext_tiny, "),
        ("inception_v4", "timm model inception_v4 cannot take images of 64 px .*; choose another --image-size"),
        ("crossvit_tiny_240", "timm model crossvit_tiny_240 cannot take images of 64 px .*another --image-size"),
    ],
)
def test_what_cannot_be_is_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        require_buildable(NetworkConfig(arch=f"timm:{name}"), 64)
    assert "\n" not in str(caught.value)


def test_a_network_without_a_convolution_is_refused() -> None:
    naflex = NetworkConfig(arch="timm:naflexvit_base_patch16_gap")
    with pytest.raises(
        ConfigError, match="no first convolution for the logarithmic activation to follow; add --no-log"
    ):
        require_buildable(naflex, 64)
    with pytest.raises(ConfigError, match="mlp has no first convolution"):
        first_convolution(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), "mlp")
    # A convolution with three input channels does not see the image.
    with pytest.raises(ConfigError, match="no first convolution"):
        first_convolution(nn.Sequential(nn.Conv2d(3, 8, 3)), "coloured")


@pytest.mark.parametrize("size", [64, 224])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_passes_takes_images_of_that_size(name: str, size: int) -> None:
    require_buildable(NetworkConfig(arch=f"timm:{name}"), size)
    assert on_meta(name, size)(torch.empty(2, 1, size, size, device="meta")).shape == (2, 11)


def test_only_timm_models_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def build_timm_model(config: NetworkConfig, classes: int, image_size: int, channels: int) -> nn.Module:
        tried.append(config.arch)
        return nn.Sequential(nn.Flatten(), nn.Linear(image_size**2, classes))

    monkeypatch.setattr(timm_models, "build_timm_model", build_timm_model)
    for arch in (*DEPTHS, "timm:resnet10t"):
        require_buildable(NetworkConfig(arch=arch, depth=DEPTHS.get(arch, (0,))[0]), MIN_IMAGE_SIZE)
    assert tried == ["timm:resnet10t"]


@pytest.mark.parametrize(("arch", "depth"), [(arch, depth) for arch, depths in DEPTHS.items() for depth in depths])
def test_the_families_of_the_paper_take_the_smallest_images(arch: str, depth: int) -> None:
    with torch.device("meta"):
        network = build(NetworkConfig(arch=arch, depth=depth), 11, MIN_IMAGE_SIZE).eval()
    assert network(torch.empty(2, 1, MIN_IMAGE_SIZE, MIN_IMAGE_SIZE, device="meta")).shape == (2, 11)


def test_a_small_one_learns_from_counts() -> None:
    torch.manual_seed(0)
    network = build(NetworkConfig(arch="timm:resnet10t", learn_alpha=True), 2, 32)
    counts = torch.randint(0, 65536, (4, 1, 32, 32)).float()
    network(counts).sum().backward()
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert missing == []
