"""Wherever inputs are kept, the batches are the same, bit for bit."""

import numpy as np
import pytest
import torch

from airybench.config import DataConfig, TrainConfig, TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.placement import HostInputs, choose_placement
from airybench.data.split.split import make_split
from airybench.training.loop import train

CPU = torch.device("cpu")
SEEN = DataConfig(image_size=32, antialias=True, count=64, noise="mean")


@pytest.fixture(scope="module")
def placed(data_home) -> dict[str, LoadedDataset]:
    store = open_dataset("cxidb", count=64, seed=1612)
    split = make_split(store.ids(), store.labels(), store.content_sha256, 1612)
    return {
        where: LoadedDataset.from_store(store, split, SEEN, "counts", CPU, where)
        for where in ("device", "host", "disk")
    }


@pytest.mark.parametrize("where", ["host", "disk"])
def test_an_epoch_is_the_same_bit_for_bit(placed, where) -> None:
    config = TrainConfig(batch_size=10, rotation="any")
    for epoch in (1, 2):
        expected = list(placed["device"].train.training_batches(config, epoch, skip=1))
        found = list(placed[where].train.training_batches(config, epoch, skip=1))
        assert len(found) == len(expected) == len(placed["device"].train) // 10 - 1
        for (images, labels), (same, truth) in zip(found, expected, strict=True):
            assert torch.equal(images, same)
            assert torch.equal(labels, truth)
    expected = torch.cat(list(placed["device"].val.evaluation_batches()))
    assert torch.equal(torch.cat(list(placed[where].val.evaluation_batches())), expected)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["host", "disk"])
def test_a_selection_holds_the_selected_shots(placed, where) -> None:
    rows = np.array([3, 1, 7, 20])
    some = placed[where].train.select(rows)
    assert isinstance(placed["device"].train.inputs, torch.Tensor)
    assert torch.equal(torch.cat(list(some.evaluation_batches())), placed["device"].train.inputs[rows])
    assert some.ids.tolist() == placed["device"].train.ids[rows].tolist()
    assert torch.equal(some.labels, placed["device"].train.labels[rows])


@pytest.mark.parametrize("where", ["host", "disk"])
def test_a_training_gives_the_same_result(placed, where) -> None:
    config = TrialConfig().replace(
        {"arch": "vgg", "head_width": 8, "image_size": 32, "epochs": 2, "batch_size": 16, "base_lr": 0.01}
    )
    expected, found = train(config, placed["device"], CPU), train(config, placed[where], CPU)
    assert [e.val for e in found.epochs] == [e.val for e in expected.epochs]
    assert [e.loss for e in found.epochs] == [e.loss for e in expected.epochs]


def test_the_placement_depends_on_size(monkeypatch) -> None:
    class Memory:
        available = 10_000_000

    monkeypatch.setattr("airybench.data.loading.placement.psutil.virtual_memory", Memory)
    assert choose_placement(100, 32, CPU) == "device"
    assert choose_placement(100_000, 32, CPU) == "disk"
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (1_000_000, 2_000_000))
    cuda = torch.device("cuda")
    assert [choose_placement(shots, 32, cuda) for shots in (100, 1000, 10_000)] == ["device", "host", "disk"]


def test_host_inputs_of_no_shot_are_empty() -> None:
    assert list(HostInputs(torch.zeros(3, 1, 4, 4), CPU).batches([])) == []
