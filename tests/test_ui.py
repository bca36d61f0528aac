"""The MLflow pages show both data sets side by side and what a study left, seen by a real browser on a real server."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from browser import WIDE, keep_picture, opened
from mlflow import MlflowClient

from airybench.analysis.number_text import with_interval
from airybench.config import RANKING
from airybench.provenance import Provenance
from airybench.tracking.pages import address, run_place
from airybench.tracking.register import ModelScore, register
from airybench.tracking.store import connect
from airybench.tracking.view import latest_studies, view_address
from docs.browser import choose


@pytest.fixture(scope="module")
def server(finished) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The README's own words, with a port of our own.
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
        cwd=finished.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(url + "/health", timeout=1):
                    break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        else:
            pytest.fail("mlflow ui does not answer")
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait()


@pytest.fixture
def page() -> Iterator[object]:
    with opened(WIDE, 1100) as one:
        yield one


@pytest.fixture(scope="module")
def parent(finished):
    client = MlflowClient(tracking_uri=finished.uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    (found,) = client.search_runs(
        [experiment], filter_string="tags.`airybench.kind` = 'sweep' and tags.`airybench.study` = 'both@helium'"
    )
    return found


@pytest.mark.slow
def test_the_list_has_children_below_their_parent(parent, server, page) -> None:
    page.goto(f"{server}/#/experiments/{parent.info.experiment_id}/runs?workflowType=machine_learning")
    row = page.get_by_role("row").filter(has_text="both@helium").first
    row.wait_for(timeout=60_000)
    page.get_by_text("both@cxidb").first.wait_for(timeout=60_000)
    cell = page.get_by_role("row").filter(has_text="plain-resnet18-leaky0.2 helium").first
    assert cell.count() == 0
    row.get_by_role("button").first.click()
    cell.wait_for(timeout=60_000)
    cell.get_by_role("button").first.click()
    page.get_by_text("plain-resnet18-leaky0.2 helium s1612").first.wait_for(timeout=60_000)
    keep_picture(page, "list.png")


@pytest.mark.slow
def test_the_figures_of_a_study_can_be_turned_in_the_page(parent, server, page) -> None:
    page.goto(f"{server}/#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}/artifacts")
    page.get_by_text("leaderboard.html").click(timeout=60_000)
    table = page.frame_locator("iframe")
    table.get_by_text("cells ranked by val macro_ap").wait_for(timeout=60_000)
    first = table.locator("tbody tr").first.inner_text()
    table.get_by_text("rank", exact=True).click()
    assert table.locator("tbody tr").first.inner_text() != first
    page.get_by_text("plots", exact=True).click()
    page.get_by_text("interactive.html").click(timeout=60_000)
    plot = page.frame_locator("iframe").locator("#parallel-coordinates .js-plotly-plot")
    for words in ("alpha", "leakiness", "log_activation", "off"):
        plot.get_by_text(words, exact=True).first.wait_for(timeout=60_000)
    other = page.frame_locator("iframe").locator("#alpha-leakiness .js-plotly-plot")
    other.get_by_text("leakiness").first.wait_for(timeout=60_000)
    assert page.frame_locator("iframe").get_by_text("WebGL is not supported").count() == 0
    keep_picture(page, "figures.png")


@pytest.mark.slow
def test_a_child_shows_its_data_description_and_curves(parent, server, page) -> None:
    run = f"{server}/#/experiments/{parent.info.experiment_id}/runs/{parent.data.tags['airybench.winner']}"
    page.goto(run)
    page.get_by_text("trained on helium (64 simulated shots, version 2)").first.wait_for(timeout=60_000)
    page.get_by_text(f"helium ({Provenance.from_tags(parent.data.tags).data_sha256[:36]})").first.wait_for(
        timeout=60_000
    )
    page.goto(run + "/model-metrics")
    page.get_by_text("macro_ap", exact=True).first.wait_for(timeout=60_000)
    page.goto(run + "/system-metrics")
    page.get_by_text("cpu_utilization_percentage").first.wait_for(timeout=60_000)
    keep_picture(page, "child.png")


@pytest.mark.slow
def test_the_model_page_names_the_champion(finished, parent, server, page) -> None:
    tags = parent.data.tags
    score = ModelScore(RANKING, 0.5, Provenance.from_tags(tags))
    register(connect(finished.uri), "page", tags["airybench.model_uri"], tags["airybench.winner"], score)
    page.goto(f"{server}/#/models/page")
    page.get_by_text("champion").first.wait_for(timeout=60_000)
    page.goto(f"{server}/#/models/page/versions/1")
    page.get_by_text("Inputs (1)").click(timeout=60_000)
    page.get_by_text("uint16").first.wait_for(timeout=60_000)
    keep_picture(page, "model.png")


def test_the_comparison_shows_both_data_sets_over_alpha_and_leakiness(finished, server, page, tmp_path) -> None:
    client = MlflowClient(tracking_uri=finished.uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    children = client.search_runs(
        [experiment], filter_string="tags.`airybench.kind` = 'trial' and tags.`airybench.study` LIKE 'both@%'"
    )
    assert len(children) == 6
    ids = "[" + ",".join(f'"{run.info.run_id}"' for run in children) + "]"
    page.goto(f'{server}/#/compare-runs?runs={ids}&experiments=["{experiment}"]')
    page.get_by_text("Parallel Coordinates Plot").first.wait_for(timeout=60_000)
    for box, name in ((0, "leakiness"), (0, "log_activation"), (1, "best/macro_ap")):
        choose(page, box, name)
    plot = page.locator(".js-plotly-plot").first
    plot.get_by_text("best/macro_ap").wait_for(timeout=60_000)
    for words in ("alpha", "leakiness", "dataset", "helium", "cxidb", "log_activation"):
        plot.get_by_text(words, exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)  # the lines are drawn behind the axes
    assert "WebGL is not supported" not in page.inner_text("body")
    keep_picture(page, "compare.png")


def test_the_leaderboard_opens_with_winner_score_and_interval(finished, server, page) -> None:
    tracking = connect(finished.uri)
    (view,) = [one for one in latest_studies(tracking, 5) if one.study == "both@helium"]
    page.goto(view_address(server, tracking.experiment_id, view))
    page.get_by_text("★").first.wait_for(timeout=60_000)
    assert page.get_by_text("Model training", exact=True).count()  # not the workspace of chat models
    heads = page.locator(".ag-header-cell")
    names = [one for one in heads.all_inner_texts() if one.strip()]
    assert names[:1] == ["Run Name"]
    for name in ("score/rank", "score/val", "score/val_low", "score/val_high"):
        assert name in names
    best = max(run.data.metrics["score/val"] for run in _cells(finished))
    row = page.locator('.ag-center-cols-container [role="row"]').first
    assert f"{best:g}" in row.inner_text()
    keep_picture(page, "leaderboard.png")


def _cells(finished):
    client = MlflowClient(tracking_uri=finished.uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    return client.search_runs([experiment], "tags.`airybench.kind` = 'cell' and tags.`airybench.study` = 'both@helium'")


SEEN = """name => {
  const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT), range = document.createRange();
  const edge = name.closest('[role="gridcell"]').getBoundingClientRect().right;
  let seen = "";
  while (texts.nextNode()) {
    const node = texts.currentNode;
    for (let i = 0; i < node.length; i++) {
      range.setStart(node, i);
      range.setEnd(node, i + 1);
      if (range.getBoundingClientRect().right <= edge) seen += node.data[i];
    }
  }
  return seen.trim();
}"""
"""The letters of a link in a table that its column does not cut off."""


@pytest.mark.slow
def test_names_differ_where_the_column_cuts_them(finished, server, page) -> None:
    tracking = connect(finished.uri)
    (view,) = [one for one in latest_studies(tracking, 5) if one.study == "both@helium"]
    page.goto(view_address(server, tracking.experiment_id, view))
    page.get_by_text("★").first.wait_for(timeout=60_000)
    seen = [name.evaluate(SEEN) for name in page.locator('[role="gridcell"][col-id*="Run Name"] a').all()]
    assert len(seen) == 3
    assert sum(name.startswith("★") for name in seen) == 1, seen
    assert len({name.removeprefix("★ ") for name in seen}) == 3, seen
    names = {cell.info.run_name for cell in _cells(finished)}
    for name in seen:  # the letter at the edge may be cut
        assert len(name) >= 14
        assert any(full.startswith(name[:-1]) for full in names), name


@pytest.mark.slow
def test_the_page_of_a_study_says_who_won_and_leads_to_its_model(finished, parent, server, page) -> None:
    page.goto(address(server, run_place(parent.info.experiment_id, parent.info.run_id)))
    page.get_by_text("Winner:").first.wait_for(timeout=60_000)
    said = page.inner_text("body")
    first, second, _ = _ranked(finished)
    for words, cell in (("Winner: ", first), ("Second of 3: ", second)):
        found = cell.data.metrics
        val = with_interval(found["score/val"], found["score/val_low"], found["score/val_high"])
        assert f"{words}{cell.data.tags['airybench.cell']}, val macro_ap {val}" in said
    found = first.data.metrics
    test = with_interval(found["score/test"], found["score/test_low"], found["score/test_high"])
    assert f", test {test}" in said
    keep_picture(page, "study.png")
    page.get_by_text("Show more").first.click()
    page.get_by_text("Does it run?").first.wait_for()
    said = page.inner_text("body")
    for key, claim in parent.data.tags.items():
        if key.startswith("airybench.claim."):
            verdict, _, sentence = claim.partition(": ")
            assert f"{verdict}: {sentence}" in said
    assert "Data: helium (64 simulated shots, version 2); train 45, val 10, test 9." in said
    assert "airybench studies show both@helium" in said
    keep_picture(page, "study-whole.png")
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="its model").click()
    model = opening.value
    model.get_by_text("Takes raw detector counts, uint16, shape (n, 259, 259)").first.wait_for(timeout=60_000)
    assert model.get_by_text("Evaluation runs", exact=True).count() == 0, "the workspace of chat models"
    said = model.inner_text("body")
    assert f"both@helium {first.data.tags['airybench.cell'].replace('.', '-')}" in said
    assert f'ab.load_model("{parent.data.tags["airybench.model_uri"]}").predict(counts)' in said
    for name in ("Spherical", "best/macro_ap", f"helium (#{Provenance.from_tags(parent.data.tags).data_sha256[:8]}"):
        assert name in said
    assert "system/" not in said, "what the machine did stood before the score"
    model.bring_to_front()
    keep_picture(model, "winner-model.png")


@pytest.mark.slow
def test_durations_are_those_of_the_training(finished, parent, server, page) -> None:
    client, tags = MlflowClient(tracking_uri=finished.uri), parent.data.tags
    winner = client.get_run(tags["airybench.winner"])
    model = client.get_logged_model(tags["airybench.model_uri"].removeprefix("models:/"))
    ended = min(winner.info.end_time, model.creation_timestamp)  # logging a model once lasted as a part of its training
    shown = {}
    for run in (winner, parent):
        page.goto("about:blank")
        page.goto(address(server, run_place(run.info.experiment_id, run.info.run_id)))
        page.get_by_text("About this run").first.wait_for(timeout=60_000)
        value, unit = re.search(r"Duration\s+([\d.]+)(s|min)", page.inner_text("body")).groups()
        shown[run.info.run_id] = float(value) * {"s": 1, "min": 60}[unit]
    assert shown[winner.info.run_id] == pytest.approx((ended - winner.info.start_time) / 1000, abs=0.06, rel=0.05)
    assert shown[winner.info.run_id] >= winner.data.metrics["trial/seconds"] - 0.1
    assert shown[parent.info.run_id] > shown[winner.info.run_id]


def _ranked(finished):
    return sorted(_cells(finished), key=lambda cell: cell.data.metrics["score/rank"])
