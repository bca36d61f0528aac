"""Data in which no class can be scored are refused before training; a class that only one part lacks is not."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from airybench.config import DataConfig, TrialConfig
from airybench.data.datasets.outline import outline
from airybench.data.formats.dispatch import import_data
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.data.split.scorable import require_scorable
from airybench.data.split.split import Split
from airybench.errors import DataError
from airybench.trial.prepare import prepare

NAMES = ("hit", "miss")


def stack(path: Path, labels: list[int], runs: list[int] | None = None) -> str:
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["images"] = rng.poisson(8, (len(labels), 16, 16)).astype(np.uint16)
        file["id"] = np.arange(len(labels))
        file["label"] = np.array(labels)
        if runs is not None:
            file["run"] = np.array(runs)
    keys = StackKeys(images="images", ids=("id",), labels="label", groups="run" if runs else None, photon_energy=1000.0)
    options = SourceOptions(keys=keys, labels=LabelOptions(class_names=NAMES))
    return str(import_data([path], path.with_name("store.h5"), options).path)


def config(**changes: object) -> TrialConfig:
    return TrialConfig().replace({"image_size": 32, "antialias": True} | changes)


def test_a_store_of_one_class_is_refused(tmp_path: Path) -> None:
    store = stack(tmp_path / "one.h5", [0] * 40)
    message = r"all 40 shots have the same labels \(hit\), so there is nothing to tell apart; import shots of at least"
    with pytest.raises(DataError, match=message):
        prepare(store, config(), torch.device("cpu"))
    with pytest.raises(DataError, match=message):
        outline(store, DataConfig())


def test_a_split_in_which_nothing_can_be_scored_is_refused(tmp_path: Path) -> None:
    store = stack(tmp_path / "runs.h5", [0] * 20 + [1] * 20 + [0] * 20, [1] * 20 + [2] * 20 + [3] * 20)
    with pytest.raises(
        DataError, match=r"part have the same labels \((hit|miss)\).*take another --split-seed, more gr"
    ):
        prepare(store, config(split_by="group"), torch.device("cpu"))
    assert len(prepare(store, config(), torch.device("cpu")).split.test) > 0
    assert outline(store, DataConfig()).size == (60, 2)


def test_a_fraction_of_one_class_is_refused_before_training(tmp_path: Path) -> None:
    store = stack(tmp_path / "few.h5", [0] * 30 + [1] * 30)
    with pytest.raises(DataError, match=r"--fraction 0\.01 takes 1 of the training .*; take a larger --fr"):
        prepare(store, config(fraction=0.01), torch.device("cpu"))
    assert len(prepare(store, config(fraction=0.5), torch.device("cpu")).training_rows(config(fraction=0.5).data)) == 21


def test_a_part_that_lacks_one_class_of_three_is_no_error() -> None:
    labels = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]] + [[1, 0, 0], [0, 1, 0]] * 2, np.uint8)
    rows = [np.array(part, np.int64) for part in ([0, 1, 2], [3, 4], [5, 6])]
    split = Split(rows[0], rows[1], rows[2], digest="", split_seed=0, store_sha256="")
    require_scorable(Path("a.h5"), split, labels, ("a", "b", "c"), by_group=False)
    labels[4] = labels[3]
    with pytest.raises(DataError, match=r"all 2 shots of the val part have the same labels \(a\).*; take more shots"):
        require_scorable(Path("a.h5"), split, labels, ("a", "b", "c"), by_group=False)
