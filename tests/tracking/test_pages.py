"""Addresses of MLflow's pages open the workspace of trainings; see tests/test_ui.py for the pages themselves."""

from urllib.parse import parse_qs, urlsplit

import pytest

from airybench.tracking.pages import address, model_place, run_place, runs_place


@pytest.mark.parametrize(
    ("place", "page", "view"),
    [
        (run_place("3", "a1"), "/experiments/3/runs/a1", None),
        (model_place("3", "models:/m-1"), "/experiments/3/models/m-1", None),
        (runs_place("3"), "/experiments/3/runs", None),
        (runs_place("3", "k&y"), "/experiments/3/runs", ["k&y"]),
    ],
)
def test_a_place_is_a_page_in_the_workspace_of_trainings(place, page, view) -> None:
    inner = urlsplit(urlsplit(address("http://127.0.0.1:5000/", place)).fragment)
    assert inner.path == page
    query = parse_qs(inner.query)
    assert query.pop("workflowType") == ["machine_learning"]
    assert query.get("viewStateShareKey") == view
