"""What a source hands to trials that differ in what they see of the same split; and a sweep over just that."""

import math
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from kept import studies_above

from airybench.cli.main import run
from airybench.config import SweepConfig, TrialConfig
from airybench.data.loading.noise import with_noise
from airybench.data.split.fraction import digest
from airybench.errors import DataError
from airybench.sweep.space import cells
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset

BASE = TrialConfig().replace({"count": 64, "image_size": 32, "antialias": True})


@pytest.fixture(scope="module")
def source() -> PreparedDataset:
    return prepare("helium", BASE, torch.device("cpu"))


def seen(source: PreparedDataset, **changes: object) -> object:
    config = BASE.replace(changes)
    return source.loaded(config.data, config.input_scaling)


@pytest.mark.parametrize("simulator", [1, 2])
def test_simulated_data_of_too_few_runs_need_more_shots(simulator: int) -> None:
    config = BASE.replace({"split_by": "group", "simulator": simulator})
    with pytest.raises(DataError, match=r"helium: .* groups? .*; simulate more shots \(--count N\).*--split-by shot"):
        prepare("helium", config, torch.device("cpu"))


def test_every_part_is_noisy_in_the_same_way(source: PreparedDataset) -> None:
    plain, noisy = seen(source), seen(source, noise="mean")
    for name in ("train", "val", "test"):
        before, after = getattr(plain, name), getattr(noisy, name)
        assert torch.equal(with_noise(before.inputs, "mean", before.ids, 1612), after.inputs)
        assert torch.equal(before.labels, after.labels)
    other = seen(source, noise="mean", arch="vgg", alpha=0.5, seed=3)  # another network, another seed: the same shots
    assert torch.equal(noisy.train.inputs, other.train.inputs)
    assert not torch.equal(noisy.test.inputs, seen(source, noise="mean", noise_seed=5).test.inputs)


def test_what_is_seen_is_never_that_of_another_configuration(source: PreparedDataset) -> None:
    changes: list[dict[str, object]] = [
        {}, {"noise": "max"}, {"input": "ccf"}, {"input": "ccf", "ccf_zero": "mask"}, {"input": "ccf", "noise": "max"},
        {"input": "ccf", "ccf_centre": "found"}, {"input": "ccf", "ccf_centre": "120,133"},
        {"input": "ccf", "ccf_kind": "radial"}, {"input": "ccf", "ccf_kind": "radial", "ccf_delta": 90.0},
        {"log_activation": False},
    ]  # fmt: skip
    first = [seen(source, **change).val.inputs for change in changes]
    for index, change in enumerate(changes):
        assert torch.equal(seen(source, **change).val.inputs, first[index])
        assert not any(torch.equal(first[index], other) for other in first[:index])


def test_a_fraction_shrinks_the_training_part_alone(source: PreparedDataset) -> None:
    whole = seen(source)
    sizes, held = [], []
    for fraction in (0.25, 0.5, 0.75, 1.0):
        part = seen(source, fraction=fraction)
        sizes.append(len(part.train))
        held.append(set(part.train.ids.tolist()))
        assert torch.equal(part.val.inputs, whole.val.inputs)
        assert torch.equal(part.test.inputs, whole.test.inputs)
        at = {shot: row for row, shot in enumerate(whole.train.ids.tolist())}
        rows = [at[shot] for shot in part.train.ids.tolist()]
        assert torch.equal(part.train.inputs, whole.train.inputs[rows])
        assert torch.equal(part.train.labels, whole.train.labels[rows])
    assert sizes == [int(np.ceil(len(whole.train) * f)) for f in (0.25, 0.5, 0.75, 1.0)]
    assert held[0] < held[1] < held[2] < held[3]


def test_axes_of_maps_have_an_effect_beside_maps_alone() -> None:
    space = {
        "ccf_kind": ["angular", "radial"],
        "ccf_delta": [0, 90],
        "input": ["image", "ccf"],
        "noise": ["none", "max"],
    }
    found = cells(SweepConfig.model_validate({"space": space}))
    assert len(found) == 2 * (1 + 1 + 2)
    points = [{k: v for k, v in cell.point.items() if k != "noise"} for cell in found]
    assert points[0] == {"input": "image"}
    assert {"input": "ccf", "ccf_kind": "angular"} in points
    assert {"input": "ccf", "ccf_kind": "radial", "ccf_delta": 90} in points


@pytest.mark.slow
def test_a_sweep_over_noise_and_fraction(tmp_path: Path, tiny: Path) -> None:
    from mlflow import MlflowClient

    content = yaml.safe_load(tiny.read_text(encoding="utf-8"))
    content["space"] = {"input": ["image", "ccf"], "noise": ["max"], "fraction": [0.5]}
    (tmp_path / "noisy.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with chdir(tmp_path):
        assert run(["sweep", "--dataset", "helium", "--config", "noisy.yaml"]) == 0
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("airybench").experiment_id
    trials = client.search_runs([experiment], "tags.`airybench.kind` = 'trial'")
    assert {run.data.params["input"] for run in trials} == {"image", "ccf"}
    assert {(run.data.params["noise"], run.data.params["fraction"]) for run in trials} == {("max", "0.5")}
    (training,) = {run.data.tags["airybench.digests"].partition(" training=")[2] for run in trials}
    folder = client.download_artifacts(trials[0].info.run_id, "training.json", str(tmp_path))
    chosen = np.array(yaml.safe_load(Path(folder).read_text(encoding="utf-8"))["ids"])
    assert digest(np.arange(len(chosen)), chosen) == training
    (parent,) = studies_above(f"sqlite:///{tmp_path / 'mlflow.db'}", trials)
    split = yaml.safe_load(Path(client.download_artifacts(parent, "split.json", str(tmp_path))).read_text("utf-8"))
    assert trials[0].data.metrics["trial/training_shots"] == len(chosen) == -(-len(split["train"]) // 2)
    assert set(chosen.tolist()) < set(split["train"])


@pytest.mark.parametrize("fraction", [1.0, 0.5])
def test_what_another_process_prepared_is_not_prepared_again(
    source: PreparedDataset, fraction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = BASE.replace({"fraction": fraction, "noise": "mean"})
    whole = source.whole_for(config)
    assert len(whole.train) == len(source.split.train)
    worker = PreparedDataset(source.store, source.splits, source.device, source.name)
    worker.take(config, whole)
    expected = source.loaded_for(config).train
    monkeypatch.setattr("airybench.trial.prepared.LoadedDataset.from_store", None)
    found = worker.loaded_for(config).train
    assert len(found) == math.ceil(fraction * len(whole.train))
    assert torch.equal(found.inputs, expected.inputs)
    assert torch.equal(found.labels, expected.labels)
    with pytest.raises(TypeError):
        worker.loaded_for(config.replace({"noise": "max"}))
