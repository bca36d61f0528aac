"""Filter strings of MLflow, asked of a real store."""

import json
import re
from pathlib import Path

import pytest
from mlflow import MlflowClient

import airybench
from airybench.errors import ConfigError, DataError
from airybench.tracking.filters import every, of_study, quoted, status_is, tag_is, tag_like
from airybench.tracking.find import parents, studies, winner_of
from airybench.tracking.glance import _OfClient
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, connect
from airybench.tracking.studies import Deleted, delete_runs
from airybench.tracking.tags import Tag
from airybench.tracking.view import StudyView, views_of
from airybench.tracking.weights import dropped_runs

NAMES = ("quick@helium", "bob's@helium", 'say "x"@helium', "50%_off@helium", "a; b -- c@helium", "back\\slash@helium")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    """A store with one study of each name."""
    tracking = connect(f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}")
    for name in NAMES:
        parent = Run.create(tracking, name, "sweep", {Tag.STUDY: name, Tag.WINNER: f"winner of {name}"})
        trial = Run.create(tracking, name, "trial", {Tag.STUDY: name, Tag.WEIGHTS: "dropped: x"}, parent=parent.run_id)
        trial.params({"alpha": 0.5})
        trial.end("finished")
    return tracking


@pytest.mark.parametrize("name", NAMES)
def test_a_study_of_any_name_is_found_and_no_other(name: str, store: Tracking) -> None:
    assert winner_of(store, name) == f"winner of {name}"
    assert [run.data.tags[Tag.STUDY] for run in parents(store, name)] == [name]
    assert len(dropped_runs(store, name)) == 1
    assert len(views_of(store, name)) == 1
    parent = Run(store, parents(store, name)[0].info.run_id)
    assert parent.open_runs(name) == []
    assert len(_OfClient(store.uri).tagged(store.experiment_id, {Tag.STUDY: name})) == 1


def test_names_of_all_studies_are_listed(store: Tracking) -> None:
    assert set(studies(store)) == set(NAMES)
    with pytest.raises(DataError, match="no study of that name"):
        winner_of(store, "x' OR '1'='1")


@pytest.mark.parametrize("name", NAMES)
def test_the_filter_of_a_view_is_one_that_mlflow_takes(name: str, store: Tracking) -> None:
    view = StudyView(name, (), trials="macro_ap")
    asked = json.loads(view.state())["searchFilter"]
    found = MlflowClient(tracking_uri=store.uri).search_runs([store.experiment_id], asked)
    assert [run.data.tags[Tag.STUDY] for run in found] == [name]


def test_deleting_takes_the_runs_of_that_study_alone(tmp_path: Path) -> None:
    tracking = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    for name in NAMES:
        Run.create(tracking, name, "sweep", {Tag.STUDY: name})
    assert delete_runs(tracking.uri, None, "bob's@helium") == Deleted(1, 0)
    assert set(studies(tracking)) == set(NAMES) - {"bob's@helium"}


def test_conditions_are_joined() -> None:
    assert every(tag_is("a", "b"), status_is("FINISHED")) == "tags.`a` = 'b' and attributes.status = 'FINISHED'"
    assert (
        of_study("q@helium", kind="trial") == "tags.`airybench.kind` = 'trial' and tags.`airybench.study` = 'q@helium'"
    )
    assert tag_like("a", "%it's") == 'tags.`a` LIKE "%it\'s"'


def test_what_no_filter_can_say_is_refused() -> None:
    with pytest.raises(ConfigError, match="both kinds of quotes"):
        quoted('it\'s "x"')


def test_filters_are_made_in_one_place() -> None:
    package = Path(airybench.__file__).parent
    written = re.compile(r"tags\.`\{|LIKE '|[=] '\{|attributes\.status")
    elsewhere = {str(path.relative_to(package)) for path in package.rglob("*.py") if written.search(path.read_text())}
    assert elsewhere == {"tracking/filters.py"}
