"""Checkpoints: whole or absent, damage told, and a resumed training equal to an uninterrupted one to the last bit."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reporters import CollectingReporter
from torch import Tensor, nn

from airybench.config import NetworkConfig, TrainConfig, TrialConfig
from airybench.data.loading.loaded import LoadedDataset, LoadedSplit
from airybench.errors import DataError
from airybench.interrupts import Interrupts
from airybench.networks.activation import LogActivation
from airybench.training import checkpoint as module
from airybench.training.checkpoint import FACTS, TENSORS, Checkpoints
from airybench.training.epoch import Epoch, EpochCallbacks
from airybench.training.loop import Trained, train

CPU = torch.device("cpu")
SIDE, SHOTS, BATCH = 16, 26, 8
STEPS = SHOTS // BATCH  # a step short of the shots: the last batch is dropped


def state(number: float = 1.0) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return {"network/w": torch.full((300,), number), "total": torch.tensor(number)}, {"epoch": number, "epochs": []}


def saved(folder: Path, numbers: tuple[float, ...] = (1.0, 2.0), **how: Any) -> Checkpoints:
    kept = Checkpoints(folder, "this", **how)
    for number in numbers:
        kept.save(*state(number))
    return kept


def found(folder: Path, said: list[str] | None = None) -> float | None:
    held = Checkpoints(folder, "this", reporter=CollectingReporter(said)).load()
    if held is None:
        return None
    tensors, facts = held
    assert tensors["network/w"].unique().tolist() == [facts["epoch"]]
    return float(facts["epoch"])


def test_the_newest_of_two_is_read_back(tmp_path: Path) -> None:
    saved(tmp_path / "c", (1.0, 2.0, 3.0, 4.0))
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["000003", "000004"]
    said: list[str] = []
    assert found(tmp_path / "c", said) == 4.0
    assert said == []


def test_nothing_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "none", "this")
    assert kept.load() is None
    kept.clear()
    saved(tmp_path / "c").clear()
    assert not (tmp_path / "c").exists()


def test_due_after_the_time_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    kept = Checkpoints(tmp_path, "this", every=60)
    assert not kept.due()
    clock[0] += 60
    assert kept.due()
    kept.save(*state())
    assert not kept.due()


def flipped(name: str, where: float) -> Callable[[Path], None]:
    def flip(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[int(len(content) * where)] ^= 1
        (folder / name).write_bytes(content)

    return flip


def cut(name: str, share: float) -> Callable[[Path], None]:
    def truncate(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * share)])

    return truncate


def wrong_digit(folder: Path) -> None:
    content = json.loads((folder / FACTS).read_text())
    content["facts"]["epoch"] += 1
    (folder / FACTS).write_text(json.dumps(content))


def gone(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def overwritten(content: bytes) -> Callable[[Path], None]:
    def overwrite(folder: Path) -> None:
        (folder / FACTS).write_bytes(content)

    return overwrite


DAMAGE = {
    "tensor bit": flipped(TENSORS, 0.9), "header bit": flipped(TENSORS, 0.02), "facts digit": wrong_digit,
    "half tensors": cut(TENSORS, 0.5), "no tensors": cut(TENSORS, 0), "half facts": cut(FACTS, 0.5),
    "empty facts": cut(FACTS, 0), "list": overwritten(b"[]"), "no text": overwritten(b"\xff\xfe\x00"),
    "tensors gone": gone(TENSORS), "facts gone": gone(FACTS),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_one_is_named_and_the_one_before_used(case: str, tmp_path: Path) -> None:
    saved(tmp_path)
    DAMAGE[case](tmp_path / "000002")
    said: list[str] = []
    assert found(tmp_path, said) == 1.0
    (line,) = said
    assert line.startswith(f"checkpoint {tmp_path / '000002'} is damaged (")
    assert line.endswith("the one before it is used")
    assert "\n" not in line


def test_all_damaged_begins_anew_and_says_so(tmp_path: Path) -> None:
    saved(tmp_path)
    for number in ("000001", "000002"):
        flipped(TENSORS, 0.9)(tmp_path / number)
    said: list[str] = []
    assert found(tmp_path, said) is None
    assert [line.partition("; ")[2] for line in said] == ["the one before it is used", "the training starts again"]
    saved(tmp_path, (7.0,))
    assert found(tmp_path) == 7.0


def test_another_version_or_training_is_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(DataError, match="belongs to another training or other data; start again with --fresh"):
        Checkpoints(tmp_path, "other").load()
    content = json.loads((tmp_path / "000002" / FACTS).read_text())
    (tmp_path / "000002" / FACTS).write_text(json.dumps({**content, "version": 2}))
    with pytest.raises(DataError, match=r"has version 2, this airybench reads 1; continue with .* or start again"):
        found(tmp_path)
    with pytest.raises(DataError, match="has version 2"):
        Checkpoints(tmp_path, "this").require_ours()
    (tmp_path / "000002" / FACTS).write_text("{")
    Checkpoints(tmp_path, "this").require_ours()  # damaged, which costs a notice and no more


@pytest.mark.parametrize("moment", ["save_file", "sha256_of_file", "json.dumps", "os.fsync", "Path.rename"])
def test_a_kill_at_any_moment_leaves_nothing_that_is_wrong(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    saved(tmp_path, (1.0,))
    with monkeypatch.context() as patch:
        patch.setattr(f"airybench.training.checkpoint.{moment}", kill)
        with pytest.raises(Killed):
            saved(tmp_path, (2.0,))
    (tmp_path / ".part-1").mkdir()  # of a process that is no more
    said: list[str] = []
    assert found(tmp_path, said) == 1.0
    assert said == []
    saved(tmp_path, (3.0,))
    assert found(tmp_path) == 3.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001", "000002"]


def test_a_full_disk_is_told_once_and_kept_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    said: list[str] = []
    kept = saved(tmp_path, reporter=CollectingReporter(said))
    with monkeypatch.context() as patch:
        patch.setattr(module, "save_file", full)
        for _ in range(3):
            kept.save(*state(9.0))
    assert said == [
        f"checkpoint in {tmp_path} cannot be written (No space left on device); the training continues without it"
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001", "000002"]
    assert found(tmp_path) == 2.0
    kept.save(*state(5.0))
    assert found(tmp_path) == 5.0


def test_the_first_signal_is_a_wish_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:  # noqa: PT012
        assert not interrupts.requested
        signal.raise_signal(signal.SIGTERM)
        assert interrupts.requested
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second signal passed")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_wish_behind_the_last_look_is_told_all_the_same() -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), Interrupts():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def shots(count: int, seed: int) -> LoadedSplit:
    rng = np.random.default_rng(seed)
    labels = (rng.random((count, 2)) < 0.5).astype(np.float32)
    images = rng.poisson(5, (count, 1, SIDE, SIDE)).astype(np.float32)
    images[:, :, :, : SIDE // 2] += 9 * labels[:, 0, None, None, None]
    images[:, :, : SIDE // 2] += 9 * labels[:, 1, None, None, None]
    return LoadedSplit(torch.from_numpy(images), torch.from_numpy(labels), np.arange(count))


@pytest.fixture(scope="module")
def data() -> LoadedDataset:
    return LoadedDataset(shots(SHOTS, 0), shots(20, 1), shots(20, 2), ("left", "top"), "multilabel")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(network: NetworkConfig, classes: int, image_size: int, channels: int = 1) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 4, 5, stride=4), LogActivation(network.alpha, learn=network.learn_alpha), nn.BatchNorm2d(4),
            nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Flatten(), nn.Linear(4 * 9, classes),
        )  # fmt: skip

    monkeypatch.setattr("airybench.training.loop.build", build)


WAYS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "adamw": {"optimizer": "adamw", "base_lr": 0.01, "weight_decay": 0.01, "schedule": "cosine"},
    "seldom": {"evaluate_every": 2, "rotation": "quarter", "loss": "focal", "clip_norm": 1.0},
    "jitter": {"hot_pixels": 3, "dead_pixels": 9, "offset_jitter": 50.0, "gain_jitter": 2.0},
    "patience": {"patience": 1, "base_lr": 3.0},
    "float16": {"precision": "float16", "warmup_epochs": 1.5},
    "learned": {"learn_alpha": True},
}


def trial(way: dict[str, Any]) -> TrialConfig:
    training = {"epochs": 3, "batch_size": BATCH, "flips": True, **way}
    learned = training.pop("learn_alpha", False)
    return TrialConfig(
        network=NetworkConfig(bn_momentum=0.1, learn_alpha=learned), training=TrainConfig(**training)
    )  # fmt: skip


def course(found: Trained) -> list[dict[str, float]]:
    return [{k: v for k, v in e.metrics().items() if k != "train/images_per_second"} for e in found.epochs]


def assert_equal(found: Trained, expected: Trained) -> None:
    assert course(found) == course(expected)
    assert found.best.number == expected.best.number
    for key, value in expected.network.state_dict().items():
        assert torch.equal(value, found.network.state_dict()[key]), key


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Send SIGTERM during the batch after a number of steps, counted from the call."""
    left = [-1]
    batches = LoadedSplit.training_batches

    def counted(self: LoadedSplit, *args: Any, **how: Any) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in batches(self, *args, **how):
            left[0] -= 1
            if left[0] == 0:
                signal.raise_signal(signal.SIGTERM)
            yield batch

    monkeypatch.setattr(LoadedSplit, "training_batches", counted)

    def after(steps: int) -> None:
        left[0] = steps

    return after


@pytest.mark.parametrize("way", WAYS)
def test_resumed_after_any_step_is_as_if_never_interrupted(
    way: str, data: LoadedDataset, stop_after: Callable[[int], None], tmp_path: Path
) -> None:
    config = trial(WAYS[way])
    expected = train(config, data, CPU)
    steps = expected.epochs[-1].number * STEPS
    if way == "patience":
        assert steps < 3 * STEPS
    for number in range(1, steps + 1):
        folder, seen = tmp_path / str(number), list[Epoch]()
        stop_after(number)
        with pytest.raises(KeyboardInterrupt):
            train(config, data, CPU, checkpoints=Checkpoints(folder, "x"), callbacks=EpochCallbacks(seen.append))
        stop_after(-1)
        torch.manual_seed(number)
        resumed: list[tuple[Epoch, ...]] = []
        again: list[Epoch] = []
        found = train(
            config,
            data,
            CPU,
            checkpoints=Checkpoints(folder, "x"),
            callbacks=EpochCallbacks(again.append, resumed.append),
        )
        assert_equal(found, expected)
        # What was told before is handed over, the rest is told as ever: each look once.
        assert [e.number for e in (*resumed[0], *again)] == [e.number for e in expected.epochs]
        assert [e.number for e in resumed[0]] == [e.number for e in seen]


def test_interrupted_again_and_again(data: LoadedDataset, stop_after: Callable[[int], None], tmp_path: Path) -> None:
    config = trial({"optimizer": "adamw", "base_lr": 0.01})
    expected = train(config, data, CPU)
    stops = 0
    while True:
        stop_after(1)
        try:
            found = train(config, data, CPU, checkpoints=Checkpoints(tmp_path, "x"))
        except KeyboardInterrupt:
            stops += 1
            continue
        break
    assert stops == 3 * STEPS
    assert_equal(found, expected)


def test_killed_behind_a_checkpoint_with_the_newest_damaged(data: LoadedDataset, tmp_path: Path) -> None:
    config, said = trial({"epochs": 4}), list[str]()

    def killed(epoch: Epoch) -> None:
        if epoch.number == 4:
            raise SystemError("killed")

    expected = train(config, data, CPU)
    with pytest.raises(SystemError):
        train(config, data, CPU, checkpoints=Checkpoints(tmp_path, "x", every=0), callbacks=EpochCallbacks(killed))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000002", "000003"]
    flipped(TENSORS, 0.7)(tmp_path / "000003")
    resumed: list[tuple[Epoch, ...]] = []
    kept = Checkpoints(tmp_path, "x", reporter=CollectingReporter(said))
    found = train(config, data, CPU, checkpoints=kept, callbacks=EpochCallbacks(on_resume=resumed.append))
    assert [epoch.number for epoch in resumed[0]] == [1, 2]
    assert len(said) == 1
    assert_equal(found, expected)


def test_a_disk_that_fills_up_does_not_end_the_training(
    data: LoadedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, said = train(trial({}), data, CPU), list[str]()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "save_file", full)
    kept = Checkpoints(tmp_path, "x", every=0, reporter=CollectingReporter(said))
    assert_equal(train(trial({}), data, CPU, checkpoints=kept), expected)
    assert len(said) == 1
    assert os.listdir(tmp_path) == []
