"""Baselines on the shots of a split: the right shots, fitted once, and fitted anew when something else is asked."""

from pathlib import Path

import numpy as np
import pytest
import torch
from reporters import CollectingReporter

from airybench.config import TrialConfig
from airybench.config.baseline import NAMES, TITLES, BaselineConfig
from airybench.physics.features import brightness, features
from airybench.training.support_vectors import fit
from airybench.trial import baselines
from airybench.trial.baselines import FittedBaseline, fitted_baselines
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

CONFIG = TrialConfig().replace({"count": 64, "image_size": 32, "antialias": True})
SEARCH = BaselineConfig(components=8, c=(10.0,), gamma=(1e-3,), cv=2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(baselines, "data_folder", lambda: tmp_path)
    return tmp_path / "baselines"


@pytest.fixture(scope="module")
def prepared() -> PreparedDataset:
    return prepare("helium", CONFIG, torch.device("cpu"))


def equal(one: FittedBaseline, other: FittedBaseline) -> bool:
    return all(
        np.array_equal(getattr(getattr(one, part), name), getattr(getattr(other, part), name))
        for part in ("val", "test")
        for name in ("ids", "logits", "labels")
    )


def test_they_are_fitted_once(folder: Path, prepared: PreparedDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    told = CollectingReporter()
    first = fitted_baselines(prepared, CONFIG, SEARCH, reporter=told)
    assert list(first) == list(NAMES)
    assert len(told.notices) == len(NAMES)
    monkeypatch.setattr(baselines, "_fitted", None)  # fitting again fails
    again = fitted_baselines(prepared, CONFIG, SEARCH, reporter=told)
    assert len(told.notices) == len(NAMES)
    for name, one in first.items():
        assert equal(one, again[name])
        assert (one.chosen, one.seconds) == (again[name].chosen, again[name].seconds)
        assert np.array_equal(one.test.ids, prepared.store.ids()[prepared.split.test])
        if name in TITLES:
            assert np.array_equal(one.val.labels, prepared.store.labels()[prepared.split.val])


def test_a_network_has_no_part_in_them(folder: Path, prepared: PreparedDataset) -> None:
    fitted_baselines(prepared, CONFIG, SEARCH, ["majority"])
    other = CONFIG.replace({"log_activation": False, "arch": "vgg", "input_scaling": "unit", "epochs": 3})
    fitted_baselines(prepared, other, SEARCH, ["majority"])
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    "changes", [{"image_size": 48}, {"noise": "max"}, {"fraction": 0.5}, {"seed": 3}, {"antialias": False}], ids=str
)
def test_other_inputs_are_another_baseline(folder: Path, prepared: PreparedDataset, changes: dict) -> None:
    for config in (CONFIG, CONFIG.replace(changes)):
        fitted_baselines(prepared, config, SEARCH, ["majority"])
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damaged", ["val.h5", "test.h5", "baseline.json"])
def test_a_damaged_one_is_fitted_again(folder: Path, prepared: PreparedDataset, damaged: str) -> None:
    first = fitted_baselines(prepared, CONFIG, SEARCH, ["majority"])["majority"]
    (kept,) = folder.iterdir()
    for content in (b"", b"{}", b"\x00" * 100):
        (kept / damaged).write_bytes(content)
        assert equal(first, fitted_baselines(prepared, CONFIG, SEARCH, ["majority"])["majority"])
    assert [one.name for one in folder.iterdir()] == [kept.name]


def test_each_is_fitted_on_its_own_features(folder: Path, prepared: PreparedDataset) -> None:
    found = fitted_baselines(prepared, CONFIG, SEARCH)
    data = prepared.loaded(CONFIG.data, "counts")
    labels = data.train.labels.numpy().astype(np.uint8)
    for name, seen in (("brightness", brightness), ("svm", features)):
        train, test = (seen(part.inputs.squeeze(1)).double().numpy() for part in (data.train, data.test))
        machine = fit(train, labels, SEARCH, data.class_names, data.label_kind, CONFIG.training.seed)
        assert np.array_equal(found[name].test.logits, machine.logits(test).astype(np.float32))
    assert not np.array_equal(found["brightness"].test.logits, found["svm"].test.logits)
