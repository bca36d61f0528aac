"""One copy of the inputs for several processes: what one writes the other sees; what does not fit is not shared."""

import multiprocessing
from multiprocessing.connection import Connection

import pytest
import torch

from airybench.config import DataConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.loading import sharing
from airybench.data.loading.loaded import LoadedDataset
from airybench.data.loading.placement import Placement
from airybench.data.loading.sharing import shared
from airybench.data.split.split import make_split


def loaded(placement: Placement = "device") -> LoadedDataset:
    store = open_dataset("cxidb", count=64, seed=1612)
    split = make_split(store.ids(), store.labels(), store.content_sha256)
    return LoadedDataset.from_store(store, split, DataConfig(image_size=32), "log1p", "cpu", placement)


def _write(pipe: Connection) -> None:
    data: LoadedDataset = pipe.recv()
    assert isinstance(data.train.inputs, torch.Tensor)
    data.train.inputs[0] = 7.0
    pipe.send(float(data.val.labels.sum()))
    pipe.recv()


def test_another_process_maps_the_same_memory() -> None:
    data = shared(loaded())
    assert data is not None
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("fork").Process(target=_write, args=(theirs,), daemon=True)
    other.start()
    ours.send(data)
    assert ours.recv() == float(data.val.labels.sum())
    assert isinstance(data.train.inputs, torch.Tensor)
    assert (data.train.inputs[0] == 7.0).all()
    assert not (data.train.inputs[1] == 7.0).all()
    ours.send("done")
    other.join(30)
    assert other.exitcode == 0


def test_values_stay_and_a_second_time_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    before, data = loaded(), loaded()
    assert shared(data) is data
    assert torch.equal(before.train.inputs, data.train.inputs)
    monkeypatch.setattr(sharing, "SHARE", 0.0)
    assert shared(data) is data


def test_what_does_not_fit_or_is_on_disk_is_not_shared(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    assert shared(loaded("disk")) is None
    data = loaded()
    monkeypatch.setattr(sharing, "SHARE", 0.0)
    assert shared(data) is None
    monkeypatch.undo()
    monkeypatch.setattr(sharing, "SHARED", tmp_path / "nosuch")
    assert shared(data) is None
    assert not data.train.inputs.is_shared()
