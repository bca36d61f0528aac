"""The alias `champion` moves to a better model on the same data, split and objective, and to no other."""

from dataclasses import replace

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from airybench.cli.main import run
from airybench.config import Objective
from airybench.provenance import Provenance
from airybench.tracking.model_name import check_name
from airybench.tracking.register import ModelScore, register
from airybench.tracking.run import Run
from airybench.tracking.store import connect

DATA = Provenance("helium", "simulated", "a" * 64, "b" * 16)
BASE = ModelScore(Objective("macro_ap", "max"), 0.5, DATA)


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    return connect(f"sqlite:///{tmp_path_factory.mktemp('registry') / 'mlflow.db'}")


@pytest.fixture
def hand_in(tracking, request):
    """Register a new model of a given score under a name of this test's own."""
    client = MlflowClient(tracking_uri=tracking.uri)

    def register_one(score: ModelScore):
        owner = Run.create(tracking, "one", "train", {})
        model = client.create_logged_model(tracking.experiment_id, source_run_id=owner.run_id)
        return register(tracking, request.node.name.replace("[", "-").replace("]", ""), model.model_uri, owner.run_id,
                        score)  # fmt: skip

    return register_one


def holder(tracking, uri: str) -> str:
    name = uri.removeprefix("models:/").partition("/")[0]
    return MlflowClient(tracking_uri=tracking.uri).get_model_version_by_alias(name, "champion").version


def test_a_better_one_takes_over_and_a_worse_one_does_not(tracking, hand_in) -> None:
    first, worse, better, equal = (hand_in(replace(BASE, value=value)) for value in (0.5, 0.4, 0.6, 0.6))
    assert (first.champion, worse.champion, better.champion, equal.champion) == (True, False, True, False)
    assert str(holder(tracking, first.uri)) == "3"
    assert "the first one, is now champion" in first.notice
    assert "champion stays on version 1, with 0.5000 against val macro_ap 0.4000" in worse.notice
    assert "is now champion, with val macro_ap 0.6000 before 0.5000 of version 1" in better.notice


def test_a_smaller_loss_is_better(hand_in) -> None:
    loss = replace(BASE, objective=Objective("loss", "min"))
    assert [hand_in(replace(loss, value=value)).champion for value in (0.5, 0.6, 0.4)] == [True, False, True]


@pytest.mark.parametrize(
    ("other", "why"),
    [({"provenance": replace(DATA, data_sha256="c" * 64)}, "data aaaaaaaaaaaa there, cccccccccccc here"),
     ({"provenance": replace(DATA, split_digest="d" * 16)}, "split bbbbbbbbbbbb there, dddddddddddd here"),
     ({"objective": Objective("macro_f1", "max")}, "objective macro_ap:max there, macro_f1:max here")],
    ids=["data", "split", "objective"],
)  # fmt: skip
def test_what_cannot_be_compared_moves_nothing(tracking, hand_in, other, why) -> None:
    hand_in(BASE)
    found = hand_in(replace(BASE, value=0.9, **other))
    assert not found.champion
    assert str(holder(tracking, found.uri)) == "1"
    assert f"champion stays on version 1, which cannot be compared: {why}" in found.notice


def test_an_alias_set_by_hand_on_a_foreign_version_stays(tracking, hand_in) -> None:
    first = hand_in(BASE)
    name = first.uri.removeprefix("models:/").partition("/")[0]
    client = MlflowClient(tracking_uri=tracking.uri)
    client.delete_model_version_tag(name, "1", "airybench.value")
    found = hand_in(replace(BASE, value=0.9))
    assert not found.champion
    assert "its value is unknown" in found.notice


def test_the_same_model_is_one_version_however_often_it_is_registered(tracking) -> None:
    client = MlflowClient(tracking_uri=tracking.uri)
    owner = Run.create(tracking, "one", "train", {})
    model = client.create_logged_model(tracking.experiment_id, source_run_id=owner.run_id)
    found = [register(tracking, "resumed", model.model_uri, owner.run_id, BASE) for _ in range(2)]
    assert [one.uri for one in found] == ["models:/resumed/1"] * 2
    assert found[1].champion
    version = client.get_model_version("resumed", "1")
    assert Provenance.from_tags(version.tags).same_data(DATA)
    assert version.tags["airybench.objective"] == "macro_ap:max"
    assert version.run_id == owner.run_id
    with pytest.raises(MlflowException):
        client.get_model_version("resumed", "2")


@pytest.mark.parametrize("command", ["sweep", "train"])
@pytest.mark.parametrize("name", ["a/b", "a:b", "", "x" * 300])
def test_a_name_that_cannot_be_is_refused_before_anything_starts(
    command, name, folder, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([command, "--dataset", "helium", "--register", name]) == 2
    message = capsys.readouterr().err
    assert "is no name for a model; use at most 200 letters" in message
    assert len([line for line in message.splitlines() if not line.startswith("loading ")]) == 1
    assert not [one for one in tmp_path.rglob("*") if one != folder]
    check_name("droplets-v1.0_x")
