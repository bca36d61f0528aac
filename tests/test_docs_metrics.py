"""Every metric that a run has is on the page about MLflow, with its unit or range."""

import contextlib
import re
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.config.baseline import NAMES
from airybench.config.objective import COSTS, METRICS
from airybench.inference.hits import HIT_METRICS
from airybench.tracking.view import SCORE

PAGE = Path(__file__).parents[1] / "docs" / "mlflow.md"
ANY = "[^/]+"


def rows(heading: str) -> list[tuple[list[str], str]]:
    """Names of metrics, which have a slash, and the last column of the table below a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [(re.findall(r"`([^` ]+/[^` ]+)`", " ".join(line)), line[-1]) for line in cells]


def described(heading: str = "Every metric") -> dict[str, str]:
    """What each name, as a regular expression, has for unit or range."""
    found = {}
    words = {
        "PART": "(train|val|best|test|all)", "METRIC": f"({'|'.join((*METRICS, 'classes_scored', *HIT_METRICS))})",
        "BASELINE": f"({'|'.join(NAMES)})", "CLASS": ANY, "CHANGE": ANY, "STRENGTH": ANY, "CLAIM": ANY,
    }  # fmt: skip
    for names, unit in rows(heading):
        for name in names:
            pattern = re.escape(name)
            for word, expression in words.items():
                pattern = pattern.replace(word, expression)
            pattern = re.sub(r"^NAME/", "(.+)/", pattern).replace("NAME", ".+")
            found[pattern] = unit
    return found


@pytest.fixture(scope="module")
def logged(finished, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The metrics of runs of every kind that logs some, in a copy of the store, so that other tests count right."""
    folder = tmp_path_factory.mktemp("metrics")
    shutil.copy(finished.folder / "mlflow.db", folder)
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    small = ["--count", "64", "--image-size", "32"]
    commands = [
        ["train", "--dataset", "cxidb", "--epochs", "1", "--learn-alpha", *small],
        ["evaluate", "winner:both@helium", "--dataset", "helium", "--stress", "--output", "evaluated"],
        ["evaluate", "winner:both@helium", "--dataset", "helium", "--split", "all", "--output", "on-all"],
        ["baseline", "--study", "both@cxidb", "--quick"],
    ]
    with contextlib.chdir(folder):
        for command in commands:
            assert run([*command, "--tracking-uri", uri]) == 0, command
    runs = client.search_runs([experiment], max_results=1000)
    kinds = {one.data.tags["airybench.kind"] for one in runs}
    assert {"sweep", "cell", "trial", "train", "evaluate", "baseline"} <= kinds
    return {name for one in runs for name in one.data.metrics}


def test_every_metric_of_a_run_has_a_unit_or_range(logged: set[str]) -> None:
    known = described()
    assert all(known.values())
    missing = sorted(name for name in logged if not any(re.fullmatch(pattern, name) for pattern in known))
    assert not missing


def test_what_the_page_tells_is_logged(logged: set[str]) -> None:
    """A name that no run has is a leftover; `predict` logs under `mlflow run` alone, the other for `sweep --stress`."""
    elsewhere = {"predict/shots", "trial/stress_seconds"}
    for pattern in described():
        assert pattern in elsewhere or any(re.fullmatch(pattern, name) for name in logged), pattern


def test_scores_of_cells_and_claims_have_ranges(logged: set[str]) -> None:
    scores, claims = described("The leaderboard in MLflow"), described("Verdicts")
    assert {name for name in logged if name.startswith(SCORE)} == set(scores), "no name here is a pattern"
    assert all(scores.values())
    for name in logged:
        if name.startswith("claim/"):
            assert any(re.fullmatch(pattern, name) for pattern in claims), name


def test_what_a_study_may_be_ranked_by_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in METRICS:
        assert f"`PART/{name}`" in text
    for name in COSTS:
        assert f"`trial/{name}`" in text
