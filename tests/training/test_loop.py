"""Training: it learns, repeats itself bit for bit, keeps its best weights and says when it diverged."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from airybench.config import NetworkConfig, Objective, TrainConfig, TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.errors import ConfigError, DivergedError, OutOfMemoryError
from airybench.networks.activation import CountsStem, LogActivation
from airybench.training.device import choose_device
from airybench.training.epoch import Epoch, EpochCallbacks
from airybench.training.loop import Trained, train
from airybench.training.metrics import score
from airybench.training.trainer import split_logits

CPU = torch.device("cpu")
SIDE = 32


def shots(count: int, seed: int) -> LoadedSplit:
    """Bright left half, bright top half: two labels that a network can tell after a few steps."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((count, 2)) < 0.5).astype(np.float32)
    images = rng.poisson(5, (count, 1, SIDE, SIDE)).astype(np.float32)
    images[:, :, :, : SIDE // 2] += 40 * labels[:, 0, None, None, None]
    images[:, :, : SIDE // 2] += 40 * labels[:, 1, None, None, None]
    return LoadedSplit(torch.from_numpy(images), torch.from_numpy(labels), np.arange(count))


@pytest.fixture(scope="module")
def data() -> LoadedDataset:
    return LoadedDataset(shots(96, 0), shots(40, 1), shots(40, 2), ("left", "top"), "multilabel")


def small(network: NetworkConfig, classes: int, image_size: int = SIDE, channels: int = 1) -> nn.Module:
    """A network of a few hundred weights in place of timm's."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=4), LogActivation(network.alpha), nn.BatchNorm2d(4), nn.LeakyReLU(0.2),
        nn.Dropout(0.1), nn.Flatten(), nn.Linear(4 * 7 * 7, classes),
    )  # fmt: skip


@pytest.fixture
def small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airybench.training.loop.build", small)


def trial(**training: object) -> TrialConfig:
    return TrialConfig(
        network=NetworkConfig(bn_momentum=0.1),
        training=TrainConfig(**{"epochs": 3, "batch_size": 16, "flips": False, **training}),
    )


def course(found: Trained) -> list[dict[str, float]]:
    return [{k: v for k, v in e.metrics().items() if k != "train/images_per_second"} for e in found.epochs]


def test_resnet_learns_what_can_be_told(data: LoadedDataset) -> None:
    config = trial(epochs=3, base_lr=0.2, schedule="cosine")
    found = train(config, data, CPU)
    assert found.best.val.values["macro_ap"] > 0.95
    assert found.epochs[-1].loss < found.epochs[0].loss


@pytest.mark.usefixtures("small_network")
def test_same_seed_same_result_bit_for_bit(data: LoadedDataset) -> None:
    config = trial(flips=True)
    first = train(config, data, CPU)
    torch.manual_seed(99)
    torch.rand(5)
    again = train(config, data, CPU)
    assert course(first) == course(again)
    state = again.network.state_dict()
    for key, value in first.network.state_dict().items():
        assert torch.equal(value, state[key]), key
    other = train(config.replace({"seed": 2}), data, CPU)
    assert course(other) != course(first)


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    "objective", [Objective(metric, way) for metric in ("macro_ap", "loss") for way in ("max", "min")], ids=str
)
def test_weights_of_the_best_epoch_come_back(data: LoadedDataset, objective: Objective) -> None:
    config = trial(epochs=5)
    found = train(config, data, CPU, objective=objective)
    values = [epoch.val.values[objective.metric] for epoch in found.epochs]
    best = max(values) if objective.direction == "max" else min(values)
    assert found.best.val.values[objective.metric] == best
    assert found.best is found.epochs[values.index(best)]  # the first of equals
    again = split_logits(found.network, data.val, config.training, CPU)
    assert score(again, data.val.labels, data.class_names, data.label_kind) == found.best.val
    if objective != Objective.of(objective.metric):
        assert found.best.number < 5  # the worst was early: not simply the last weights


@pytest.mark.usefixtures("small_network")
def test_epochs_report_themselves(data: LoadedDataset) -> None:
    seen: list[Epoch] = []
    config = trial(epochs=4, milestones=(2,))
    found = train(config, data, CPU, callbacks=EpochCallbacks(seen.append))
    assert tuple(seen) == found.epochs
    assert [epoch.number for epoch in seen] == [1, 2, 3, 4]
    lr = 0.1 * 16 / 128
    assert [epoch.learning_rate for epoch in seen] == pytest.approx([lr, lr, lr / 10, lr / 10])
    assert {"train/loss", "train/images_per_second", "train/lr", "val/macro_ap", "val/loss"} <= set(seen[0].metrics())
    assert all(epoch.images_per_second > 0 for epoch in seen)


@pytest.mark.usefixtures("small_network")
def test_callback_may_stop(data: LoadedDataset) -> None:
    def stop(epoch: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(trial(), data, CPU, callbacks=EpochCallbacks(stop))


@pytest.mark.usefixtures("small_network")
def test_loss_is_data_term_plus_penalty(data: LoadedDataset) -> None:
    one = replace(data, train=replace(data.train, inputs=torch.zeros_like(data.train.inputs)))
    without = train(trial(epochs=1, l1=0, l2=0, base_lr=1e-12), one, CPU)
    penalised = train(trial(epochs=1, l1=0.5, l2=0, base_lr=1e-12), one, CPU)
    kernels = [m.weight for m in penalised.network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    expected = sum(0.5 * w.abs().sum().item() for w in kernels) / 2
    assert penalised.epochs[0].loss - without.epochs[0].loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.usefixtures("small_network")
def test_penalty_shrinks_kernels_alone(data: LoadedDataset) -> None:
    free, shrunk = (train(trial(l1=0, l2=l2, base_lr=0.04), data, CPU).network for l2 in (0, 20))
    for before, after in zip(free.children(), shrunk.children(), strict=True):
        if isinstance(before, nn.Conv2d | nn.Linear):
            assert after.weight.norm() < 0.6 * before.weight.norm()
        elif isinstance(before, nn.BatchNorm2d):
            torch.testing.assert_close(after.weight, before.weight, rtol=0.05, atol=0.05)


@pytest.mark.usefixtures("small_network")
def test_divergence_is_told(data: LoadedDataset) -> None:
    with pytest.raises(
        DivergedError, match=r"the loss became (nan|inf) in epoch \d+ at learning rate 12.5; try a smaller"
    ):
        train(trial(base_lr=100, l2=1e6, epochs=9), data, CPU)
    broken = replace(data, train=replace(data.train, inputs=torch.full_like(data.train.inputs, math.nan)))
    with pytest.raises(
        DivergedError, match=r"the loss became nan in epoch 1 at learning rate 0.0125; try a smaller base_lr"
    ):
        train(trial(), broken, CPU)
    broken = replace(data, val=replace(data.val, inputs=torch.full_like(data.val.inputs, math.nan)))
    with pytest.raises(DivergedError, match="the val loss became nan in epoch 1; try a smaller base_lr"):
        train(trial(), broken, CPU)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_lack_of_memory_is_told(data: LoadedDataset, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def build(network: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
        raise error

    monkeypatch.setattr("airybench.training.loop.build", build)
    with pytest.raises(
        OutOfMemoryError, match=r"resnet18-log0.2-leaky0.2 at batch 16 and 224 px does not fit .* smaller batch_size"
    ):
        train(trial(), data, CPU)


def test_other_errors_pass(data: LoadedDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(network: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr("airybench.training.loop.build", build)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        train(trial(), data, CPU)


@pytest.mark.usefixtures("small_network")
def test_val_without_scored_classes_goes_by_the_loss(data: LoadedDataset) -> None:
    val = replace(data.val, labels=torch.zeros_like(data.val.labels))
    found = train(trial(epochs=4), replace(data, val=val), CPU)
    losses = [epoch.val.values["loss"] for epoch in found.epochs]
    assert found.best.val.values["loss"] == min(losses)


def test_logits_are_those_of_evaluation_mode(data: LoadedDataset) -> None:
    torch.manual_seed(0)
    network = small(NetworkConfig(), 2)
    batches: Callable[[], Tensor] = lambda: split_logits(network.train(), data.val, TrainConfig(), CPU)  # noqa: E731
    first = batches()
    assert first.shape == (40, 2)
    assert not first.requires_grad
    assert torch.equal(first, batches())
    with torch.no_grad():
        torch.testing.assert_close(first, network.eval()(data.val.inputs))


def test_bfloat16_is_mixed_precision(data: LoadedDataset) -> None:
    torch.manual_seed(0)
    network = small(NetworkConfig(), 2)
    full = split_logits(network, data.val, TrainConfig(precision="auto"), CPU)
    mixed = split_logits(network, data.val, TrainConfig(precision="bfloat16"), CPU)
    assert mixed.dtype == full.dtype == torch.float32
    assert not torch.equal(mixed, full)
    torch.testing.assert_close(mixed, full, rtol=0.05, atol=0.05)


def test_device_by_name() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device() == torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ConfigError, match="unknown device 'gpu'; valid: auto, cpu"):
        choose_device("gpu")


@pytest.mark.parametrize("accumulate", [2, 3])
def test_accumulated_parts_make_the_step_of_the_whole_batch(data, monkeypatch, accumulate) -> None:
    def plain(network: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
        return nn.Sequential(nn.Conv2d(1, 4, 5, stride=4), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(4 * 49, classes))

    monkeypatch.setattr("airybench.training.loop.build", plain)
    config = trial(base_lr=0.01)
    whole, parts = train(config, data, CPU), train(config, data, CPU, accumulate=accumulate)
    for expected, found in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert [e.loss for e in parts.epochs] == pytest.approx([e.loss for e in whole.epochs], rel=1e-4)


def test_a_listener_may_end_the_training(data, small_network) -> None:
    found = train(trial(epochs=5), data, CPU, callbacks=EpochCallbacks(lambda epoch: epoch.number == 2))
    assert [epoch.number for epoch in found.epochs] == [1, 2]
    assert found.best in found.epochs


@pytest.mark.parametrize("norm", [0.05, 0.5])
def test_the_gradient_is_clipped_with_the_penalty_in_it(data, small_network, monkeypatch, norm) -> None:
    seen: list[float] = []
    step = torch.optim.SGD.step

    def watched(self, *args, **how):
        grads = [p.grad for group in self.param_groups for p in group["params"]]
        seen.append(torch.cat([g.flatten() for g in grads]).norm().item())
        return step(self, *args, **how)

    monkeypatch.setattr(torch.optim.SGD, "step", watched)
    train(trial(epochs=1, l1=1.0), data, CPU)
    assert max(seen) > 1
    free = len(seen)
    train(trial(epochs=1, l1=1.0, clip_norm=norm), data, CPU)
    assert max(seen[free:]) <= norm * (1 + 1e-4)
    assert seen[free] == pytest.approx(norm, rel=1e-3)


@pytest.mark.parametrize(
    ("values", "patience", "looks"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], 1, 5),
        ([0.5, 0.4, 0.3, 0.2, 0.1], 1, 2),
        ([0.5, 0.5, 0.5, 0.5, 0.5], 2, 3),
        ([0.1, 0.3, 0.2, 0.4, 0.3], 2, 5),
        ([0.1, 0.3, 0.2, 0.2, 0.4], 2, 4),
        ([0.5, 0.4, 0.3, 0.2, 0.1], 0, 5),
    ],
)
def test_patience_ends_where_it_must(data, small_network, monkeypatch, values, patience, looks) -> None:
    drawn = iter(values)

    def scored(*args, **how):
        found = score(*args, **how)
        return replace(found, values={**found.values, "macro_ap": next(drawn)})

    monkeypatch.setattr("airybench.training.trainer.score", scored)
    found = train(trial(epochs=5, patience=patience), data, CPU)
    assert len(found.epochs) == looks
    assert found.best.val.values["macro_ap"] == max(values[:looks])


@pytest.mark.parametrize(("every", "numbers"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (3, [3, 5]), (9, [5])])
def test_looks_every_few_epochs_and_at_the_end(data, small_network, every, numbers) -> None:
    found = train(trial(epochs=5, evaluate_every=every), data, CPU)
    assert [epoch.number for epoch in found.epochs] == numbers
    whole = train(trial(epochs=5), data, CPU)
    chosen = [epoch for epoch in whole.epochs if epoch.number in numbers]
    assert [epoch.val for epoch in found.epochs] == [epoch.val for epoch in chosen]  # looking changes nothing
    last = whole.epochs[numbers[-2] if len(numbers) > 1 else 0 :]
    assert found.epochs[-1].loss == pytest.approx(np.mean([e.loss for e in last]), rel=0.05)


def test_channels_last_changes_the_layout_alone(data) -> None:
    def plain(network: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 6, 5, stride=2), nn.LeakyReLU(0.2), nn.Conv2d(6, 6, 3, stride=2), nn.BatchNorm2d(6),
            nn.Flatten(), nn.Linear(6 * 36, classes),
        )  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airybench.training.loop.build", plain)
        one, two = (train(trial(base_lr=0.01, channels_last=way), data, CPU) for way in ("off", "on"))
    assert two.network[2].weight.is_contiguous(memory_format=torch.channels_last)
    for expected, found in zip(one.network.parameters(), two.network.parameters(), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_float16_trains_on_raw_counts(data, monkeypatch) -> None:
    def stemmed(network: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
        convolution, log, *others = small(network, classes)
        return nn.Sequential(CountsStem(convolution, log), *others)

    monkeypatch.setattr("airybench.training.loop.build", stemmed)
    bright = replace(data, train=replace(data.train, inputs=data.train.inputs * 1300))
    found = train(trial(precision="float16", base_lr=0.2, epochs=2), bright, CPU)
    assert all(p.isfinite().all() and p.dtype == torch.float32 for p in found.network.parameters())
    assert found.epochs[-1].loss < found.epochs[0].loss


def test_learned_alpha_is_reported(data, monkeypatch) -> None:
    def learning(network: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
        layers = small(network, classes)
        layers[1] = LogActivation(network.alpha, learn=network.learn_alpha)
        return layers

    monkeypatch.setattr("airybench.training.loop.build", learning)
    config = trial(epochs=3)
    assert all("train/alpha" not in epoch.metrics() for epoch in train(config, data, CPU).epochs)
    found = train(config.replace({"learn_alpha": True, "alpha": 0.3}), data, CPU)
    alphas = [epoch.metrics()["train/alpha"] for epoch in found.epochs]
    assert all(alpha > 0 for alpha in alphas)
    assert len({0.3, *alphas}) == 4
    last = train(config.replace({"learn_alpha": True, "alpha": 0.3}), data, CPU, objective=Objective("loss", "max"))
    assert last.network[1].scale().item() == pytest.approx(last.best.alpha)
