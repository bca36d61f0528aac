"""The baselines as a job: scored on the split of the networks, each as a run of its own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from sklearn.metrics import average_precision_score

from airybench.config import SweepConfig, TrialConfig
from airybench.config.baseline import BaselineConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.split.split import make_split
from airybench.errors import AirybenchError, ConfigError, DataError
from airybench.inference.predictions import Predictions
from airybench.jobs.baseline import Baseline, run_baselines
from airybench.provenance import Provenance
from airybench.sweep.saved_studies import SavedStudy, read
from airybench.sweep.study import RunningStudy
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import connect

CPU = torch.device("cpu")
CONFIG = TrialConfig().replace({"count": 64, "image_size": 32, "antialias": True})
SEARCH = BaselineConfig(components=8, c=(10.0,), gamma=(1e-3,), cv=2)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('baseline') / 'mlflow.db'}"


@pytest.fixture(scope="module")
def baselines(uri: str) -> dict[str, Baseline]:
    found = run_baselines(CONFIG, SEARCH, "helium", device=CPU, tracking_uri=uri)
    return {one.name: one for one in found}


def kept(uri: str, one: Baseline) -> Predictions:
    return predictions(Run(connect(uri), one.run_id), "test")


def test_each_is_a_run_that_says_what_it_is(uri: str, baselines: dict[str, Baseline]) -> None:
    assert list(baselines) == ["majority", "brightness", "svm", "lit-pixels"]
    for name, one in baselines.items():
        run = MlflowClient(uri).get_run(one.run_id)
        assert (run.info.status, run.data.tags["airybench.kind"]) == ("FINISHED", "baseline")
        assert (run.data.params["arch"], one.tracking_uri, one.provenance.simulated) == (name, uri, True)
        assert one.test.items() <= run.data.metrics.items()
    assert baselines["majority"].chosen == {}
    for name in ("brightness", "svm"):
        assert (baselines[name].chosen["c"], baselines[name].chosen["gamma"]) == (10.0, 1e-3)


def test_all_are_scored_on_the_test_shots_of_the_networks(uri: str, baselines: dict[str, Baseline]) -> None:
    store = open_dataset("helium", count=64, seed=CONFIG.data.data_seed)
    split = make_split(store.ids(), store.labels(), store.content_sha256, CONFIG.data.split_seed)
    labels = store.labels()[split.test]
    miss = store.class_names.index("Empty")
    for one in baselines.values():
        found = kept(uri, one)
        assert np.array_equal(found.ids, store.ids()[split.test])
        if one.name == "lit-pixels":
            assert np.array_equal(found.labels[:, 0], 1 - labels[:, miss])
            assert {key for key in one.test if "hit_" not in key} == set()  # no average over the classes
            continue
        assert np.array_equal(found.labels, labels)
        scored = [c for c, name in enumerate(found.class_names) if name not in one.unscored]
        expected = np.mean([average_precision_score(found.labels[:, c], found.logits[:, c]) for c in scored])
        assert one.test["test/macro_ap"] == pytest.approx(expected)


def test_the_majority_assigns_what_most_training_shots_have(uri: str, baselines: dict[str, Baseline]) -> None:
    store = open_dataset("helium", count=64, seed=CONFIG.data.data_seed)
    split = make_split(store.ids(), store.labels(), store.content_sha256, CONFIG.data.split_seed)
    common = store.labels()[split.train].mean(axis=0) > 0.5
    assert (kept(uri, baselines["majority"]).decisions == common).all()


def test_what_a_network_would_see_does_not_change_them(
    tmp_path: Path, baselines: dict[str, Baseline], uri: str
) -> None:
    """Features come from counts on the detector, so the input of a network has no part in them."""
    other = CONFIG.replace({"log_activation": False, "input_scaling": "unit", "alpha": 0.5})
    again = run_baselines(other, SEARCH, "helium", device=CPU, tracking_uri=f"sqlite:///{tmp_path / 'm.db'}")
    assert [one.test for one in again] == [one.test for one in baselines.values()]


def test_data_that_are_not_there_leave_no_run(tmp_path: Path) -> None:
    with pytest.raises(AirybenchError):
        run_baselines(CONFIG, SEARCH, "nosuch", device=CPU, tracking_uri=f"sqlite:///{tmp_path / 'm.db'}")
    assert not (tmp_path / "m.db").exists()


def study(folder: Path, *, split_digest: str = "", **data: object) -> SavedStudy:
    """A study on the shots of CONFIG, before its first trial."""
    store = open_dataset("helium", count=64, seed=CONFIG.data.data_seed)
    split = make_split(store.ids(), store.labels(), store.content_sha256, CONFIG.data.split_seed)
    shots = Provenance("helium", "simulated", store.content_sha256, split_digest or split.digest, simulator=2)
    base = CONFIG.replace(data).model_dump(mode="json")
    sweep = SweepConfig.model_validate({"base": base, "space": {"alpha": [0.1, 0.2]}})
    RunningStudy(folder, "mine@helium", sweep, shots).set_attribute("data_source", "simulated")
    return read(folder, "mine@helium")


def test_the_shots_of_a_study(tmp_path: Path, baselines: dict[str, Baseline]) -> None:
    """Once `baseline --dataset helium` after a study of few shots made 1024 others."""
    mine = study(tmp_path)
    config, uri = mine.on_its_shots({"count": 64}), f"sqlite:///{tmp_path / 'm.db'}"
    again = run_baselines(config, SEARCH, "helium", device=CPU, study=mine, tracking_uri=uri)
    assert [one.test for one in again] == [one.test for one in baselines.values()]
    with pytest.raises(ConfigError, match=r"--study mine@helium says which shots .*; leave out --count, --noise"):
        mine.on_its_shots({"count": 128, "noise": "max"})


def test_shots_that_are_not_those_of_the_study(tmp_path: Path) -> None:
    other = study(tmp_path, split_digest="c" * 64)
    with pytest.raises(DataError, match=r"not the shots that study mine@helium was run on; name .* with --dataset"):
        run_baselines(CONFIG, SEARCH, "helium", device=CPU, study=other, tracking_uri=f"sqlite:///{tmp_path / 'm.db'}")
    assert not (tmp_path / "m.db").exists()


def test_a_study_of_every_fold_needs_a_fold(tmp_path: Path) -> None:
    every = study(tmp_path, folds=3, every_fold=True)
    with pytest.raises(ConfigError, match=r"runs each of 3 folds, .*--fold I takes those of one"):
        every.on_its_shots({})
    data = every.on_its_shots({"fold": 1}).data
    assert (data.folds, data.fold, data.every_fold) == (3, 1, False)
