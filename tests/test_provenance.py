"""One record says where a number came from, and every place that keeps it gives it back whole."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mlflow import MlflowClient

from airybench.config import TrialConfig
from airybench.data.datasets.catalog import open_dataset
from airybench.data.split.split import make_split
from airybench.errors import DataError
from airybench.inference.predictor import Predictor
from airybench.inference.weights import load_weights, save_weights
from airybench.paths import data_folder
from airybench.provenance import Provenance, Software, installed
from airybench.report.answers import answer_study
from airybench.sweep.saved_studies import read
from airybench.tracking.run import Run
from airybench.tracking.store import connect
from airybench.trial.prepared import PreparedDataset

SOFTWARE = Software("0.9.0", "c0ffee" * 7, True, (("torch", "2.10.0"), ("timm", "1.0.31")))
WHOLE = Provenance("helium", "simulated", "a" * 64, "b" * 64, (259, 260), "d" * 32, 1612, SOFTWARE, 2)
PARTLY = [
    WHOLE,
    replace(WHOLE, software=replace(SOFTWARE, dirty=False)),
    replace(WHOLE, image_shape=None, seed=None, config_digest="", software=Software()),
    replace(WHOLE, seed=0),
    replace(WHOLE, source="cxidb-94", simulator=0),
]
OLD_MODEL = {
    "dataset": "helium", "source": "simulated", "content_sha256": "a" * 64, "split_digest": "b" * 64,
    "image_shape": [259, 260],
}  # fmt: skip


@pytest.mark.parametrize("known", PARTLY)
def test_tags_of_a_run_give_it_back(known: Provenance, tmp_path: Path) -> None:
    run = Run(tracking := connect(f"sqlite:///{tmp_path / 'mlflow.db'}"), "")
    made = run.client.create_run(tracking.experiment_id, tags=known.tags())
    assert Provenance.from_tags(run.client.get_run(made.info.run_id).data.tags) == known


@pytest.mark.parametrize("known", PARTLY)
def test_the_file_of_a_model_gives_it_back(known: Provenance, tmp_path: Path) -> None:
    small = TrialConfig().replace({"arch": "vgg", "head_width": 8, "image_size": 40})
    save_weights(tmp_path, Predictor(small, ("Round",), "multilabel", provenance=known))
    assert load_weights(tmp_path).provenance == known


def test_a_study_and_its_report_say_the_same_as_its_runs(finished) -> None:
    study = read(data_folder() / "studies", "both@helium")
    tracking = connect(finished.uri)
    runs = [study.attributes["parent_run_id"], *(trial.run_id for trial in study.finished)]
    tags = [MlflowClient(tracking.uri).get_run(run_id).data.tags for run_id in runs]
    store = open_dataset("helium", count=64, seed=study.sweep.base.data.data_seed)
    digest = make_split(store.ids(), store.labels(), store.content_sha256, study.sweep.base.data.split_seed).digest
    for known in (study.provenance, *map(Provenance.from_tags, tags)):
        assert (known.dataset, known.source, known.simulated) == ("helium", "simulated", True)
        assert (known.data_sha256, known.split_digest) == (store.content_sha256, digest)
    report = answer_study(study)
    of_parent = replace(Provenance.from_tags(tags[0]), image_shape=None)  # a study does not keep the shape
    assert report.provenance == of_parent == replace(study.provenance, software=installed())
    assert study.provenance.lines().items() <= report.provenance.lines().items() <= report.facts.items()


def test_lines_of_a_report_leave_out_what_is_not_known() -> None:
    assert WHOLE.lines() == {
        "airybench": "0.9.0",
        "commit": "c0ffee" * 7,
        "changed since the commit": "true",
        "simulator": "version 2",
        "data sha256": "a" * 64,
        "split digest": "b" * 64,
    }
    unknown = replace(WHOLE, software=Software(), simulator=0)
    assert list(unknown.lines()) == ["data sha256", "split digest"]


def test_what_was_written_before_it_existed_is_read(tmp_path: Path) -> None:
    tags = {
        "airybench.study": "quick@helium", "airybench.data_source": "simulated", "airybench.data_sha256": "a" * 64,
        "airybench.split_digest": "b" * 64, "airybench.version": "0.9.0", "airybench.git_dirty": "false",
        "mlflow.source.git.commit": "c0ffee",
    }  # fmt: skip
    found = Provenance.from_tags(tags)
    expected = Provenance(
        "helium", "simulated", "a" * 64, "b" * 64, software=Software("0.9.0", "c0ffee", False), simulator=1
    )
    assert found == expected
    assert Provenance.from_tags({**tags, "airybench.data_source": "cxidb-94"}).simulator == 0
    model = Provenance.from_json({"trained_on": OLD_MODEL})
    assert model == replace(expected, image_shape=(259, 260), software=Software())
    assert Provenance.from_json({"trained_on": None}) is None


def test_the_hashes_of_a_run_are_one_tag() -> None:
    """Half of what a page of MLflow listed below a run were hashes."""
    tags = WHOLE.tags()
    assert tags["airybench.digests"].startswith(f"data={'a' * 64} split={'b' * 64}")
    long = [key for key, value in tags.items() if re.search("[0-9a-f]{32}", value)]
    assert sorted(long) == ["airybench.digests", "mlflow.source.git.commit"]
    assert Provenance.from_tags(tags) == WHOLE


@pytest.mark.parametrize(
    "damage",
    [{"image_shape": [259]}, {"image_shape": 259}, {"image_shape": ["a", "b"]}, {"simulator": "2"}, None, "helium"],
    ids=["one side", "a number", "words", "no version", "no keys", "text"],
)
def test_a_damaged_record_is_one_line(damage: object, tmp_path: Path) -> None:
    small = TrialConfig().replace({"arch": "vgg", "head_width": 8, "image_size": 40})
    save_weights(tmp_path, Predictor(small, ("Round",), "multilabel", provenance=WHOLE))
    content = json.loads((tmp_path / "model.json").read_text())
    old = {key: value for key, value in content.items() if "sha256" not in key} | {"version": 1}  # has no hash
    damaged = {**OLD_MODEL, **damage} if isinstance(damage, dict) else damage or {"dataset": "helium"}
    (tmp_path / "model.json").write_text(json.dumps({**old, "trained_on": damaged}))
    with pytest.raises(DataError, match="do not fit their description"):
        load_weights(tmp_path)


def test_a_trial_is_told_from_another_and_the_study_from_both() -> None:
    config = TrialConfig().replace({"count": 64, "image_size": 32})
    store = open_dataset("helium", count=64, seed=1612)
    split = make_split(store.ids(), store.labels(), store.content_sha256, 1612)
    data = PreparedDataset(store, split, torch.device("cpu"), "helium")
    study, one, other = data.provenance(), data.provenance(config), data.provenance(config.replace({"alpha": 0.3}))
    assert study.same_data(one)
    assert study.config_digest == ""
    assert study.seed is None
    assert one.config_digest != other.config_digest
    assert one.seed == config.training.seed
    assert one == data.provenance(config.replace({}))
    assert one.software == installed()
    assert dict(one.software.packages)["torch"].startswith(torch.__version__.partition("+")[0])


def test_versions_of_the_simulator_are_named_before_their_digests() -> None:
    first = replace(WHOLE, simulator=1, data_sha256="c" * 64, split_digest="e" * 64)
    assert first.other_data(WHOLE) == "version of the simulator: 1 and 2"
    assert not first.same_data(WHOLE)
    measured = replace(WHOLE, source="cxidb-94", simulator=0, data_sha256="c" * 64)
    assert measured.other_data(WHOLE) == f"content of the data: {'c' * 12} and {'a' * 12}"
