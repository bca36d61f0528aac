"""Loss, penalty, optimiser and learning rate against what the paper's code documents."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from airybench.config import TrainConfig
from airybench.training.loss import MAX_WEIGHT, Loss, Penalty, cross_entropy, kernels
from airybench.training.schedule import learning_rate, optimizer


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3 * 4 * 4, 5), nn.Linear(5, 2)]
    return nn.Sequential(*layers).double()


def documented(network: nn.Module, l1: float, l2: float, decay: float) -> torch.Tensor:
    """`mean over layers of (l1 sum|w| + l2 sum(w^2) / 2) + decay sum over layers of sum(w^2) / 2`."""
    weights = [network[0].weight, network[3].weight, network[4].weight]  # type: ignore[index]
    per_layer = [l1 * w.abs().sum() + l2 * (w**2).sum() / 2 for w in weights]
    return sum(per_layer) / 3 + decay * sum((w**2).sum() / 2 for w in weights)  # type: ignore[return-value]


@pytest.mark.parametrize(("l1", "l2", "decay"), [(0.3, 0.7, 0.1), (0.3, 0, 0), (0, 0.7, 0), (0, 0, 0.2), (0, 0, 0)])
def test_penalty_is_the_documented_formula(network: nn.Sequential, l1: float, l2: float, decay: float) -> None:
    with torch.no_grad():
        network[3].weight[0, 0] = 0  # where |w| has a kink, the subgradient is 0
    penalty = Penalty(network, TrainConfig(l1=l1, l2=l2, weight_decay=decay))
    network(torch.rand(4, 1, 6, 6, dtype=torch.float64)).sum().backward()
    expected = {name: p.grad.clone() for name, p in network.named_parameters()}
    value = documented(network, l1, l2, decay)
    if l1 or l2 or decay:
        for name, p in network.named_parameters():
            (more,) = torch.autograd.grad(value, p, retain_graph=True, allow_unused=True)
            if more is not None:
                expected[name] += more
    penalty.add_gradients()
    for name, p in network.named_parameters():
        torch.testing.assert_close(p.grad, expected[name], rtol=1e-12, atol=1e-14)
    assert float(penalty.value()) == pytest.approx(float(torch.as_tensor(value).detach()), rel=1e-6)


def test_adamw_decays_by_itself(network: nn.Sequential) -> None:
    penalty = Penalty(network, TrainConfig(l1=0, l2=0, weight_decay=0.2, optimizer="adamw"))
    assert float(penalty.value()) == 0


def test_kernels_are_weights_of_layers(network: nn.Sequential) -> None:
    assert [id(w) for w in kernels(network)] == [id(network[k].weight) for k in (0, 3, 4)]


def test_cross_entropy_is_the_mean_over_shots_and_classes() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(7, 3)) * 4, (rng.random((7, 3)) < 0.4).astype(float)
    p = 1 / (1 + np.exp(-logits))
    expected = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean()
    found = cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels).float())
    assert float(found) == pytest.approx(expected, rel=1e-6)
    assert math.isfinite(float(cross_entropy(torch.tensor([[-1e4, 1e4]]), torch.tensor([[1.0, 0.0]]))))


def test_half_precision_logits_are_widened() -> None:
    logits = torch.tensor([[7.03]]).bfloat16()
    assert float(cross_entropy(logits, torch.ones(1, 1))) == pytest.approx(math.log1p(math.exp(-logits.item())))


def test_sgd_is_nesterov_and_steps_as_documented(network: nn.Sequential) -> None:
    config = TrainConfig(base_lr=0.64, batch_size=32, momentum=0.9)
    step = optimizer(network, config)
    (group,) = step.param_groups
    assert (group["lr"], group["momentum"], group["nesterov"], group["weight_decay"]) == (0.16, 0.9, True, 0)
    before = network[4].bias.detach().clone()
    for _ in range(2):
        for p in network.parameters():
            p.grad = torch.ones_like(p)  # the step writes into the gradients
        step.step()
    # v1 = 1, v2 = 1.9; Nesterov moves by g + 0.9 v.
    torch.testing.assert_close(network[4].bias.detach(), before - 0.16 * (1.9 + 1 + 0.9 * 1.9))
    assert not optimizer(network, TrainConfig(momentum=0)).param_groups[0]["nesterov"]


def test_adamw_decays_kernels_alone(network: nn.Sequential) -> None:
    step = optimizer(network, TrainConfig(optimizer="adamw", weight_decay=0.05, momentum=0.8))
    decayed, others = step.param_groups
    assert {id(p) for p in decayed["params"]} == {id(network[k].weight) for k in (0, 3, 4)}
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.05, 0.0)
    assert decayed["betas"] == (0.8, 0.999)
    assert {id(p) for g in step.param_groups for p in g["params"]} == {id(p) for p in network.parameters()}
    assert sum(len(g["params"]) for g in step.param_groups) == len(list(network.parameters()))


def test_piecewise_divides_at_milestones() -> None:
    config = TrainConfig(base_lr=0.1, batch_size=128, milestones=(30, 60, 120))
    expected = {0: 0.1, 29.99: 0.1, 30: 0.01, 59.5: 0.01, 60: 1e-3, 119.9: 1e-3, 120: 1e-4, 1000: 1e-4}
    assert {epoch: learning_rate(config, epoch) for epoch in expected} == pytest.approx(expected)
    assert learning_rate(TrainConfig(base_lr=0.1, batch_size=128, milestones=()), 500) == 0.1


def test_learning_rate_grows_with_the_batch() -> None:
    assert learning_rate(TrainConfig(), 0) == pytest.approx(0.1 * 24 / 128)


@pytest.mark.parametrize("schedule", ["piecewise", "cosine"])
def test_warmup_rises_in_a_line(schedule: str) -> None:
    config = TrainConfig(schedule=schedule, warmup_epochs=4, batch_size=128, milestones=(50,), epochs=10)
    found = [learning_rate(config, epoch) for epoch in (0, 1, 2, 3)]
    assert found[0] > 0  # the first step already moves
    assert found == pytest.approx([0.0, 0.025, 0.05, 0.075], abs=1e-4)
    assert learning_rate(config, 4) == pytest.approx(0.1)


def test_cosine_falls_from_all_to_nothing() -> None:
    config = TrainConfig(schedule="cosine", epochs=10, warmup_epochs=2, batch_size=128)
    for epoch in (2, 4.5, 6, 8, 9.9):
        expected = 0.05 * (1 + math.cos(math.pi * (epoch - 2) / 8))
        assert learning_rate(config, epoch) == pytest.approx(expected)
    assert learning_rate(config, 10) == learning_rate(config, 11) == pytest.approx(0, abs=1e-12)
    assert learning_rate(config, 6) == pytest.approx(0.05)


def answers(shots: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(5)
    labels = torch.from_numpy((rng.random((shots, 3)) < [0.5, 0.1, 0.9]).astype(np.float32))
    return torch.from_numpy(rng.normal(size=(shots, 3)).astype(np.float32) * 6).requires_grad_(), labels


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_loss_is_torchvisions(gamma: float) -> None:
    from torchvision.ops import sigmoid_focal_loss

    logits, labels = answers()
    other = logits.detach().clone().requires_grad_()
    found = Loss(TrainConfig(loss="focal", focal_gamma=gamma), labels)(logits, labels)
    expected = sigmoid_focal_loss(other, labels, alpha=-1, gamma=gamma, reduction="mean")
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)
    found.backward()
    expected.backward()
    torch.testing.assert_close(logits.grad, other.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("extreme", [-200.0, 200.0])
def test_focal_loss_of_extreme_logits_is_finite(extreme: float) -> None:
    logits = torch.full((2, 2), extreme, requires_grad=True)
    loss = Loss(TrainConfig(loss="focal"), torch.eye(2))(logits, torch.eye(2))
    loss.backward()
    assert loss.item() == pytest.approx(100)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_focal_without_gamma_is_the_cross_entropy() -> None:
    logits, labels = answers()
    found = Loss(TrainConfig(loss="focal", focal_gamma=0), labels)(logits, labels)
    torch.testing.assert_close(found, cross_entropy(logits, labels))
    torch.testing.assert_close(Loss(TrainConfig(), labels)(logits, labels), cross_entropy(logits, labels))


@pytest.mark.parametrize("loss", ["bce", "focal"])
def test_balanced_positives_weigh_as_much_as_negatives(loss: str) -> None:
    logits, labels = answers()
    x, y = logits.detach().double().numpy(), labels.numpy()
    p = 1 / (1 + np.exp(-x))
    weight = (len(y) - y.sum(0)) / y.sum(0)
    each = -(weight * y * np.log(p) + (1 - y) * np.log1p(-p))
    if loss == "focal":
        each = each * np.where(y > 0, 1 - p, p) ** 2
    found = Loss(TrainConfig(loss=loss, class_weights="balanced"), labels)(logits, labels)
    assert found.item() == pytest.approx(each.mean(), rel=1e-5)
    # The sum over positives of their weight is the number of negatives.
    np.testing.assert_allclose((weight * y).sum(0), (1 - y).sum(0), rtol=1e-6)


def test_balanced_weights_have_an_end() -> None:
    labels = torch.zeros(1000, 3)
    labels[0, 0] = 1
    labels[:, 2] = 1
    balanced = Loss(TrainConfig(class_weights="balanced"), labels)
    each = [balanced(torch.zeros(1, 3), torch.eye(3)[k : k + 1]).item() for k in range(3)]
    expected = [(w + 2) * math.log(2) / 3 for w in (MAX_WEIGHT, MAX_WEIGHT, 1 / MAX_WEIGHT)]
    assert each == pytest.approx(expected, rel=1e-6)


def test_penalty_as_a_sum_is_layers_times_the_mean(network: nn.Sequential) -> None:
    how = {"l1": 0.3, "l2": 0.7, "weight_decay": 0.0}
    mean, total = (Penalty(network, TrainConfig(**how, penalty=kind)) for kind in ("mean", "sum"))
    assert float(total.value()) == pytest.approx(3 * float(mean.value()), rel=1e-6)
    assert float(total.value()) == pytest.approx(3 * float(documented(network, 0.3, 0.7, 0).detach()), rel=1e-6)
    grads = []
    for penalty in (mean, total):
        for p in network.parameters():
            p.grad = torch.zeros_like(p)
        penalty.add_gradients()
        grads.append(network[3].weight.grad.clone())
    torch.testing.assert_close(grads[1], 3 * grads[0])
