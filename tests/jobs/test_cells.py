"""The table of runs is the leaderboard: cells between study and trials, with true durations and a prepared view."""

import contextlib
import json

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.tracking.store import connect
from airybench.tracking.view import latest_studies


@pytest.fixture
def client(finished) -> MlflowClient:
    return MlflowClient(tracking_uri=finished.uri)


def of_kind(client: MlflowClient, kind: str):
    experiment = client.get_experiment_by_name("airybench").experiment_id
    wanted = f"tags.`airybench.kind` = '{kind}' and tags.`airybench.study` = 'both@helium'"
    return client.search_runs([experiment], wanted)


def test_a_row_for_each_cell_holds_score_interval_and_ranks(client) -> None:
    (parent,) = of_kind(client, "sweep")
    cells, trials = of_kind(client, "cell"), of_kind(client, "trial")
    values = {one.data.tags["mlflow.parentRunId"]: one.data.metrics["best/macro_ap"] for one in trials}
    assert values.keys() == {one.info.run_id for one in cells}
    order = sorted(cells, key=lambda one: one.data.metrics["score/rank"])
    assert [one.data.metrics["score/rank"] for one in order] == [1, 2, 3]
    assert {one.data.metrics["score/test_rank"] for one in order} == {1, 2, 3}
    for one in order:
        found = one.data.metrics
        assert found["score/val"] == pytest.approx(values[one.info.run_id], abs=6e-5)
        assert found["score/val_low"] <= found["score/val"] <= found["score/val_high"]
        assert found["score/test_low"] <= found["score/test"] <= found["score/test_high"]
        assert one.data.tags["mlflow.parentRunId"] == parent.info.run_id
        (trial,) = [other for other in trials if other.data.tags["mlflow.parentRunId"] == one.info.run_id]
        assert (one.info.start_time, one.info.end_time) == (trial.info.start_time, trial.info.end_time)
        assert trial.info.run_name == f"{one.info.run_name} s1612"
    assert [one.info.run_name[0] == "★" for one in order] == [True, False, False]
    assert len({one.info.run_name.removeprefix("★ ")[:14] for one in order}) == 3  # as much as a column shows
    winner = [other for other in trials if other.info.run_name.startswith("★")]
    assert [one.info.run_id for one in winner] == [parent.data.tags["airybench.winner"]]
    assert winner[0].outputs.model_outputs  # its page links to the model


def test_nothing_that_has_ended_is_opened_again(client, finished, tiny) -> None:
    (parent,) = of_kind(client, "sweep")
    before = {one.info.run_id: (one.info.start_time, one.info.end_time) for one in of_kind(client, "trial")}
    winner = client.get_run(parent.data.tags["airybench.winner"])
    model = client.get_logged_model(parent.data.tags["airybench.model_uri"].removeprefix("models:/"))
    assert winner.info.end_time < model.creation_timestamp  # the model was written after the training had ended
    with contextlib.chdir(finished.folder):
        assert run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "both", "--json"]) == 0
    (again,) = of_kind(client, "sweep")
    assert (again.info.status, again.info.end_time) == ("FINISHED", parent.info.end_time)
    assert {one.info.run_id: (one.info.start_time, one.info.end_time) for one in of_kind(client, "trial")} == before
    assert len(of_kind(client, "cell")) == 3


def test_the_model_says_what_it_is(client) -> None:
    (parent,) = of_kind(client, "sweep")
    model = client.get_logged_model(parent.data.tags["airybench.model_uri"].removeprefix("models:/"))
    assert model.name.startswith("both@helium resnet18-")
    text = model.tags["mlflow.note.content"]
    for words in ("Spherical", "uint16, shape (n, 259, 259)", f"airybench predict models:/{model.model_id}"):
        assert words in text
    assert {metric.dataset_name for metric in model.metrics} == {"helium"}
    assert {metric.key.partition("/")[0] for metric in model.metrics} == {"best", "test"}  # system metrics stood first


def test_the_view_has_the_score_and_what_varies(finished, client) -> None:
    tracking = connect(finished.uri)
    views = {view.study: view for view in latest_studies(tracking, 5)}
    state = json.loads(views["both@helium"].state())
    assert state["orderByKey"] == "metrics.`score/val`"
    assert not state["orderByAsc"]
    assert state["selectedColumns"][:4] == [f"metrics.`score/{x}`" for x in ("rank", "val", "val_low", "val_high")]
    assert [x for x in state["selectedColumns"] if x.startswith("params")] == ["params.`log_activation`",
                                                                              "params.`alpha`"]  # fmt: skip
    tags = client.get_experiment(tracking.experiment_id).tags
    assert json.loads(tags[f"mlflow.sharedViewState.{views['both@helium'].key}"]) == state
