"""Data that a study uses fold by fold."""

from pathlib import Path

import numpy as np
import pytest
import torch

from airybench.config import TrialConfig
from airybench.data.datasets.outline import outline
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError
from airybench.sweep.executor import DatasetSpec
from airybench.trial.prepare import prepare

BASE = TrialConfig().replace({"count": 64, "image_size": 32, "antialias": True})
CPU = torch.device("cpu")


def test_each_fold_has_its_own_shots_and_one_is_kept_at_a_time() -> None:
    config = BASE.replace({"folds": 3, "every_fold": True})
    data = prepare("helium", config, CPU, every_fold=True, load=False)
    alone = [prepare("helium", BASE.replace({"folds": 3, "fold": fold}), CPU, load=False) for fold in range(3)]
    tested = []
    for fold, single in enumerate(alone):
        own = config.replace({"fold": fold})
        part = data.at(own.data)
        loaded = part.loaded_for(own)
        tested.append(loaded.test.ids)
        assert part.split.digest == single.split.digest
        assert np.array_equal(part.split.train, single.split.train)
        # A checkpoint of the fold serves a study of one fold and a study of all.
        assert part.digest(own) == single.digest(own.replace({"every_fold": False}))
        assert [bool(other._kept) for other in data.by_fold] == [other is part for other in data.by_fold]
    assert sorted(np.concatenate(tested)) == sorted(data.store.ids())
    assert data.split_digest not in {single.split_digest for single in alone}
    assert data.logged["folds"] == alone[0].logged["folds"] == 3
    again = DatasetSpec.of(data).prepare(CPU)
    assert (again.split_digest, len(again.by_fold)) == (data.split_digest, 3)
    data.unload()
    assert not any(one._kept for one in data.by_fold)


def test_every_run_is_left_out_once(tmp_path: Path) -> None:
    rng, groups = np.random.default_rng(0), (np.arange(80) // 16).astype(np.int32)
    header = StoreHeader("runs", ("A", "B"), "multilabel", source="elsewhere", counts_rule="counts", seed=None)
    with StoreWriter(tmp_path / "runs.h5", header, image_shape=(40, 40)) as writer:
        images, labels = rng.integers(0, 99, (80, 40, 40)), rng.integers(0, 2, (80, 2))
        writer.append(
            images.astype(np.uint16),
            ids=np.arange(80),
            photon_energy=np.ones(80),
            labels=labels.astype(np.uint8),
            groups=groups,
        )
    path, config = str(tmp_path / "runs.h5"), BASE.replace({"folds": "all", "split_by": "group", "every_fold": True})
    data = prepare(path, config, CPU, every_fold=True, load=False)
    assert data.logged["folds"] == outline(path, config.data).groups_apart() == 5
    assert {tuple(np.unique(groups[one.split.test])) for one in data.by_fold} == {(run,) for run in range(5)}
    with pytest.raises(ConfigError, match=r"fold is 5, but .* has 5 groups to leave out; expected 0 to 4"):
        prepare(path, config.replace({"fold": 5}), CPU, load=False)
    with pytest.raises(DataError, match="every shot has group 0, at least 3 groups are needed"):
        prepare("helium", config, CPU, every_fold=True, load=False)
    with pytest.raises(DataError, match="the data have 1 group, at least 3 are needed to leave out"):
        outline("helium", config.data).groups_apart()
