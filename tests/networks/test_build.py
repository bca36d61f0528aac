"""Networks: as wide as the papers say, the logarithm in one place, the leaky slope in every other."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from airybench.config import DEPTHS, NetworkConfig
from airybench.networks.activation import LeakyActivation, LogActivation
from airybench.networks.build import build
from airybench.networks.cost import cost

CLASSES = 11
NETWORKS = [(arch, depth) for arch, depths in DEPTHS.items() for depth in depths]
QUICK = [("resnet", 18), ("resnet", 50), ("vgg", 11), ("vgg", 16)]  # each kind of block and head
BLOCKS = {
    18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3],
    101: [3, 4, 23, 3], 152: [3, 8, 36, 3], 200: [3, 24, 36, 3],
}  # fmt: skip
CONVOLUTIONS = {11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4]}


def resnet_parameters(depth: int, classes: int) -> int:
    """He et al. (2016), identity mappings: norm before convolution, no bias, projections without norm."""
    bottleneck = depth >= 50
    total, width = 49 * 64, 64  # 7x7 stem, one channel
    for stage, blocks in enumerate(BLOCKS[depth]):
        mid = 64 * 2**stage
        out = 4 * mid if bottleneck else mid
        for _ in range(blocks):
            total += 2 * width
            if bottleneck:
                total += width * mid + 2 * mid + 9 * mid * mid + 2 * mid + mid * out
            else:
                total += 9 * width * mid + 2 * mid + 9 * mid * mid
            total += width * out if width != out else 0
            width = out
    return total + 2 * width + (width + 1) * classes


def vgg_parameters(depth: int, head: int, classes: int) -> int:
    """Simonyan and Zisserman (2015), one channel, three dense layers."""
    total, width = 0, 1
    for stage, convolutions in enumerate(CONVOLUTIONS[depth]):
        out = min(512, 64 * 2**stage)
        for _ in range(convolutions):
            total += (9 * width + 1) * out
            width = out
    return total + (49 * width + 1) * head + (head + 1) * head + (head + 1) * classes


PARAMETERS = {
    ("resnet", 18): 11_174_091, ("resnet", 34): 21_282_251,
    ("resnet", 50): 23_516_619, ("resnet", 101): 42_508_747,
    ("resnet", 152): 58_152_395, ("resnet", 200): 62_633_419,
    ("vgg", 11): 128_810_251, ("vgg", 13): 128_994_763,
    ("vgg", 16): 134_304_459, ("vgg", 19): 139_614_155,
}  # fmt: skip
"""One channel, eleven classes, dense layers of 4096."""


class Activations(TorchDispatchMode):
    """Every activation that is computed, whatever module or function asks for it."""

    WATCHED = ("relu", "leaky_relu", "elu", "gelu", "silu", "hardtanh", "log1p", "log", "tanh", "sigmoid", "prelu")

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, float | None]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = func._schema.name.removeprefix("aten::").rstrip("_")
        if name in self.WATCHED:
            slope = (args[1] if len(args) > 1 else 0.01) if name == "leaky_relu" else None
            self.seen.append((name, slope))
        return func(*args, **(kwargs or {}))


def on_meta(classes: int = CLASSES, **values: object) -> nn.Module:
    with torch.device("meta"):
        return build(NetworkConfig(**values), classes)


@pytest.mark.parametrize(("depth", "classes"), [(18, 1), (50, 5), *((depth, 11) for depth in DEPTHS["resnet"])])
def test_resnet_is_as_wide_as_published(depth: int, classes: int) -> None:
    network = on_meta(classes, arch="resnet", depth=depth)
    assert sum(p.numel() for p in network.parameters()) == resnet_parameters(depth, classes)


@pytest.mark.parametrize(("head", "classes"), [(4096, 11), (256, 5), (1, 1)])
@pytest.mark.parametrize("depth", DEPTHS["vgg"])
def test_vgg_is_as_wide_as_published(depth: int, head: int, classes: int) -> None:
    network = on_meta(classes, arch="vgg", depth=depth, head_width=head)
    assert sum(p.numel() for p in network.parameters()) == vgg_parameters(depth, head, classes)


@pytest.mark.parametrize(("arch", "depth"), PARAMETERS)
def test_table_of_parameters(arch: str, depth: int) -> None:
    found = sum(p.numel() for p in on_meta(arch=arch, depth=depth).parameters())
    assert found == PARAMETERS[arch, depth]
    assert set(PARAMETERS) == set(NETWORKS)


@pytest.mark.parametrize("depth", DEPTHS["vgg"])
def test_vgg_with_norm_has_two_more_numbers_a_channel(depth: int) -> None:
    network = on_meta(arch="vgg", depth=depth, batch_norm=True, bn_momentum=0.07)
    channels = sum(n * min(512, 64 * 2**stage) for stage, n in enumerate(CONVOLUTIONS[depth]))
    assert sum(p.numel() for p in network.parameters()) == vgg_parameters(depth, 4096, CLASSES) + 2 * channels
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == sum(CONVOLUTIONS[depth])
    assert {(m.momentum, m.eps) for m in norms} == {(0.07, 1e-5)}


def test_vgg_with_norm_takes_the_logarithm_before_it() -> None:
    network = on_meta(arch="vgg", depth=11, batch_norm=True).eval()
    order: list[nn.Module] = []
    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda m, given, out: order.append(m))
    network(torch.empty(2, 1, 32, 32, device="meta"))
    assert [type(m) for m in order[:4]] == [nn.Conv2d, LogActivation, nn.BatchNorm2d, LeakyActivation]
    assert sum(isinstance(m, LogActivation) for m in order) == 1


@pytest.mark.parametrize("changes", [{}, {"arch": "vgg", "head_width": 8}, {"arch": "timm:resnet10t"}])
def test_float16_does_not_overflow_on_counts(changes: dict[str, object]) -> None:
    torch.manual_seed(0)
    config = NetworkConfig(**{"depth": 11 if changes.get("arch") == "vgg" else 18, **changes})
    network = build(config, 2, 32).eval()
    counts = torch.full((2, 1, 32, 32), 30000.0)
    counts[0, 0, :9, :9] = 65535
    with torch.no_grad():
        full = network(counts)
        with torch.autocast("cpu", dtype=torch.float16):
            half = network(counts)
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), full, rtol=0.02, atol=0.02 * full.abs().max().item())


@pytest.mark.parametrize(
    ("arch", "depth", "log_activation"),
    [*((arch, depth, True) for arch, depth in NETWORKS), *((arch, depth, False) for arch, depth in QUICK)],
)
def test_activations_that_are_computed(arch: str, depth: int, log_activation: bool) -> None:
    network = on_meta(arch=arch, depth=depth, log_activation=log_activation, leakiness=0.3).eval()
    with Activations() as watch:
        shape = network(torch.empty(2, 1, 40, 40, device="meta")).shape
    assert shape == (2, CLASSES)
    a_block = 3 if depth >= 50 else 2
    leaky = sum(BLOCKS[depth]) * a_block + 1 if arch == "resnet" else sum(CONVOLUTIONS[depth]) + 2
    logs = [("log1p", None)] if log_activation else []
    assert watch.seen == logs + [("leaky_relu", 0.3)] * leaky


@pytest.mark.parametrize(("arch", "depth"), [*QUICK, ("resnet", 200)])
def test_logarithm_sits_behind_the_first_convolution(arch: str, depth: int) -> None:
    network = on_meta(arch=arch, depth=depth, alpha=0.5, beta=0.25)
    order: list[tuple[nn.Module, torch.Tensor, torch.Tensor]] = []
    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda m, given, out: order.append((m, given[0], out)))
    network.eval()(torch.empty(2, 1, 32, 32, device="meta"))
    (convolution, _, seen), (log, given, out), (after, passed, _) = order[:3]
    assert isinstance(convolution, nn.Conv2d)
    assert convolution.in_channels == 1
    assert isinstance(log, LogActivation)
    assert given is seen
    assert passed is out
    assert isinstance(after, nn.MaxPool2d if arch == "resnet" else LeakyActivation)
    assert sum(isinstance(module, LogActivation) for module in network.modules()) == 1


def test_alpha_and_beta_reach_the_activation() -> None:
    for arch, depth in (("resnet", 18), ("vgg", 11)):
        network = build(NetworkConfig(arch=arch, depth=depth, alpha=0.5, beta=0.25, head_width=8), 2)
        (log,) = [module for module in network.modules() if isinstance(module, LogActivation)]
        assert (log.alpha.item(), log.beta.item()) == (0.5, 0.25)


@pytest.mark.parametrize("leakiness", [0.0, 0.9])
@pytest.mark.parametrize(("arch", "depth"), [("resnet", 18), ("resnet", 200), ("vgg", 16)])
def test_no_other_activation_is_built_in(arch: str, depth: int, leakiness: float) -> None:
    network = on_meta(arch=arch, depth=depth, log_activation=False, leakiness=leakiness)
    kinds = {type(m) for m in network.modules() if type(m).__module__ == "torch.nn.modules.activation"}
    assert kinds <= {nn.Identity}
    slopes = {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {leakiness}
    assert not any(isinstance(m, LogActivation) for m in network.modules())


@pytest.mark.parametrize("depth", [34, 50, 200])
def test_batch_norm(depth: int) -> None:
    norms = [m for m in on_meta(depth=depth, bn_momentum=0.07).modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == sum(BLOCKS[depth]) * (3 if depth >= 50 else 2) + 1
    assert {(m.momentum, m.eps) for m in norms} == {(0.07, 1e-5)}


def test_vgg_has_no_norm_and_the_dropout_asked_for() -> None:
    network = on_meta(arch="vgg", depth=16, dropout=0.25, head_width=128)
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == [0.25, 0.25]
    assert [tuple(m.weight.shape) for m in network.pre_logits.modules() if isinstance(m, nn.Conv2d)] == [
        (128, 512, 7, 7),
        (128, 128, 1, 1),
    ]


def test_vgg_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    network = build(NetworkConfig(arch="vgg", depth=11, head_width=16, dropout=0.5), 3)
    images = torch.rand(2, 1, 32, 32) * 100
    assert not torch.equal(network.train()(images), network(images))
    assert torch.equal(network.eval()(images), network(images))


@pytest.mark.parametrize("size", [32, 40, 224])
@pytest.mark.parametrize(("arch", "depth"), QUICK)
def test_output_shape(arch: str, depth: int, size: int) -> None:
    logits = on_meta(5, arch=arch, depth=depth)(torch.empty(2, 1, size, size, device="meta"))
    assert logits.shape == (2, 5)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize(("arch", "depth"), [("resnet", 18), ("vgg", 11)])
def test_untrained_network_answers_counts_with_finite_numbers_and_gradients(arch: str, depth: int) -> None:
    torch.manual_seed(1)
    network = build(NetworkConfig(arch=arch, depth=depth, head_width=8), 3)
    counts = torch.randint(0, 65536, (2, 1, 32, 32)).float()
    counts[0, 0, :8] = 0
    network(counts).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_cost_counts_without_memory() -> None:
    found = cost(NetworkConfig(arch="vgg", depth=11, head_width=8), 32, 3)
    assert found.parameters == vgg_parameters(11, 8, 3)
    # 3x3 convolutions at 32, 16, 8, 8, 4, 4, 2, 2 px, then the dense layers on the 7 x 7 positions padded from 1 px.
    pairs = [(1, 64, 32), (64, 128, 16), (128, 256, 8), (256, 256, 8), (256, 512, 4), (512, 512, 4)]
    convolutions = sum(9 * a * b * side * side for a, b, side in [*pairs, (512, 512, 2), (512, 512, 2)])
    assert found.multiply_adds == convolutions + 49 * 512 * 8 + 8 * 8 + 8 * 3
