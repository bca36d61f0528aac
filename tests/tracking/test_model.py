"""A model is found by every name that a user may have for it, and nothing is ever unpickled."""

import pickle

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient

from airybench.config import RANKING, TrialConfig
from airybench.errors import DataError, TrackingError
from airybench.inference.predictor import Predictor
from airybench.inference.weights import save_weights
from airybench.jobs.models import open_model
from airybench.provenance import Provenance
from airybench.tracking.model import find, load, log_model
from airybench.tracking.model_card import ModelCard
from airybench.tracking.register import ModelScore, register
from airybench.tracking.run import Run
from airybench.tracking.store import active, connect
from airybench.tracking.tags import Tag


@pytest.fixture(scope="module")
def tracking(finished):
    return connect(finished.uri)


@pytest.fixture(scope="module")
def parent(tracking):
    client = MlflowClient(tracking_uri=tracking.uri)
    (found,) = client.search_runs(
        [tracking.experiment_id],
        filter_string="tags.`airybench.kind` = 'sweep' and tags.`airybench.study` = 'both@helium'",
    )
    return found


@pytest.fixture(scope="module")
def registered(tracking, parent):
    tags = parent.data.tags
    score = ModelScore(RANKING, 0.5, Provenance.from_tags(tags))
    return register(tracking, "droplets", tags["airybench.model_uri"], tags["airybench.winner"], score)


def test_every_name_leads_to_the_same_run(tracking, parent, registered) -> None:
    winner = parent.data.tags["airybench.winner"]
    names = [
        winner, f"runs:/{winner}", f"runs:/{winner}/model", "winner:both@helium",
        parent.data.tags["airybench.model_uri"], "models:/droplets@champion", registered.uri,
    ]  # fmt: skip
    assert [find(name, tracking).run_id for name in names] == [winner] * len(names)
    assert load("winner:both@helium", tracking).class_names[0].startswith("Spherical")


def test_a_winner_is_found_wherever_its_study_logged_to(parent, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_model("winner:both@helium").class_names[0].startswith("Spherical")
    with pytest.raises(TrackingError, match=r"there is no tracking store .*mlflow\.db; run a sweep first"):
        open_model(parent.data.tags["airybench.winner"])
    with pytest.raises(DataError, match="is not a folder, run or model"):
        open_model("nowhere")
    assert not list(tmp_path.iterdir())


REFUSED = {
    "neither": ("nowhere", "is not a folder, run or model; expected a weights folder, a run id"),
    "two studies": ("winner:both", "could be winner:both@cxidb or winner:both@helium"),
    "no study": ("winner:b_th@helium", "no study of that name"),
    "no model": ("models:/nothing@champion", "is not in sqlite"),
    "no alias": ("models:/droplets@second", "is not in sqlite"),
    "no version": ("models:/droplets", "names no version"),
    "no logged model": (f"models:/m-{'0' * 32}", "is not in sqlite"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_model_is_refused(case, tracking, registered) -> None:
    name, message = REFUSED[case]
    with pytest.raises(DataError, match=message) as caught:
        load(name, tracking)
    assert "\n" not in str(caught.value)


def test_a_run_without_weights_is_one_line(tracking, parent) -> None:
    with pytest.raises(TrackingError, match="has no artifact weights"):
        load(parent.info.run_id, tracking)


def test_a_name_in_mlflow_needs_a_store() -> None:
    with pytest.raises(DataError, match="give --tracking-uri"):
        load("winner:both@helium")


class Bomb:
    """Unpickled, it would say so."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was opened",)


@pytest.fixture
def weights(tmp_path):
    config = TrialConfig().replace({"image_size": 32})
    save_weights(tmp_path, Predictor(config, ("a", "b"), "multilabel"))
    return tmp_path


@pytest.mark.parametrize("name", ["model.safetensors", "model.json"])
def test_a_file_of_the_folder_stands_for_it(weights, name) -> None:
    assert load(str(weights / name)).class_names == ("a", "b")


@pytest.mark.parametrize("writer", ["torch", "torch-legacy", 2, 5])
def test_a_pickle_is_refused_unopened(weights, writer) -> None:
    for path in (weights / "model.safetensors", weights / "model.pt"):
        if isinstance(writer, int):
            path.write_bytes(pickle.dumps(Bomb(), protocol=writer))
        else:
            torch.save(Bomb(), path, _use_new_zipfile_serialization=writer == "torch")
        with pytest.raises(DataError, match="is a pickle, which could run code"):
            load(str(path))
    with pytest.raises(DataError, match="is a pickle"):
        load(str(weights))


def test_another_file_is_no_model(weights) -> None:
    (weights / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(DataError, match=r"expected a folder with model\.safetensors and model\.json"):
        load(str(weights / "notes.txt"))


@pytest.mark.parametrize("killed", ["created", "saved", "ready", "linked", "scored"])
def test_a_model_that_was_begun_is_gone_on_with(killed, tracking, parent, tmp_path, monkeypatch) -> None:
    """A kill in the middle once left a run with two models."""
    predictor = load(parent.data.tags["airybench.winner"], tracking)
    tracking = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    new = Run.create(tracking, "again", "trial", {"airybench.study": "both@helium"})
    new.metrics({"best/val/macro_ap": 0.5})
    example = np.ones((2, 32, 32), np.uint16)
    card = ModelCard("both@helium", "64 shots", "a score", {"test/macro_ap": 0.25})
    dies = {
        "created": "mlflow.pytorch.save_model",
        "saved": "mlflow.MlflowClient.finalize_logged_model",
        "ready": "mlflow.MlflowClient.log_outputs",
        "linked": "airybench.tracking.model.logged_data",
        "scored": "airybench.tracking.run.Run.tag",
    }[killed]

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dies, die)
        with pytest.raises(KeyboardInterrupt):
            log_model(new, predictor, example, card)
    assert Tag.MODEL_URI not in new.tags()
    uri = log_model(new, predictor, example, card)
    (model,) = new.client.search_logged_models([tracking.experiment_id], f"source_run_id = '{new.run_id}'")
    assert (uri, str(model.status)) == (f"models:/{model.model_id}", "READY")
    assert {one.key: one.value for one in model.metrics} == {"best/val/macro_ap": 0.5, "test/macro_ap": 0.25}
    assert len(model.metrics) == 2
    assert [one.model_id for one in new.client.get_run(new.run_id).outputs.model_outputs] == [model.model_id]
    assert len(new.client.get_metric_history(new.run_id, "test/macro_ap")) == 1
    with active(tracking.uri):
        loaded = mlflow.pyfunc.load_model(uri)
    assert loaded.metadata.run_id == new.run_id
    assert loaded.predict(example).shape == (2, len(predictor.class_names))
    assert find(uri, tracking).run_id == new.run_id
