"""A sweep that has ended is recognised without torch and MLflow, changes nothing, and doubts are left to the sweep."""

import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.config import SweepConfig
from airybench.config.experiments import load_experiment
from airybench.config.margin import DELTA
from airybench.jobs.finished_before import finished_before
from airybench.sweep.saved_studies import read
from airybench.sweep.storage import JournalFolder

BOTH = ["helium", "cxidb"]


@pytest.fixture
def client(finished) -> MlflowClient:
    return MlflowClient(tracking_uri=finished.uri)


@pytest.fixture
def home(data_home: Path, finished) -> JournalFolder:
    return JournalFolder(data_home / "studies")


def found(
    home: JournalFolder, sweep: SweepConfig, datasets: list[str], *, delta: float = DELTA, **settings: str | None
):  # type: ignore[no-untyped-def]
    return [one.study for one in finished_before(sweep, datasets, "both", home, delta, **settings)]


def test_a_finished_sweep_says_so_in_a_line_and_changes_nothing(finished, home, tiny, client) -> None:
    def state() -> list[object]:
        runs = client.search_runs([one.experiment_id for one in client.search_experiments()], max_results=1000)
        return [(one.info.run_id, one.info.end_time, one.data.tags, one.data.metrics) for one in runs]

    words = ["sweep", "--dataset", "helium", "--dataset", "cxidb", "--config", str(tiny), "--study", "both"]
    with chdir(finished.folder):
        assert run(words) == 0  # takes up what other tests have logged beside these studies
    before, journals = state(), [path.read_bytes() for path in sorted(home.folder.glob("both@*.journal"))]
    code = (
        f"import resource, sys; from airybench.cli.main import run; code = run({words!r});"
        "used = resource.getrusage(resource.RUSAGE_SELF);"
        "print({'torch', 'mlflow', 'scipy', 'timm', 'sklearn'} & sys.modules.keys(), file=sys.stderr);"
        "print(used.ru_utime + used.ru_stime, file=sys.stderr); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=finished.folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    loaded, seconds = ended.stderr.splitlines()[-2:]
    assert loaded == "set()"
    assert float(seconds) < 5
    lines = ended.stdout.splitlines()
    for dataset in BOTH:
        study = read(home, f"both@{dataset}")
        parent = client.get_run(study.attributes["parent_run_id"])
        (line,) = [line for line in lines if line.startswith(f"both@{dataset}: nothing left to run")]
        score = parent.data.metrics["test/macro_ap"]
        assert "all 3 trials have finished before" in line
        assert f"Winner {parent.data.tags['airybench.winner_name']}: val macro_ap " in line
        assert f"test macro_ap {score:.3f} [" in line
        assert any(f"winner:both@{dataset}" in line for line in lines)
        assert any(line.endswith(f"/runs/{parent.info.run_id}?workflowType=machine_learning") for line in lines)
    assert any(line.strip().startswith("airybench compare --study both") for line in lines)
    assert state() == before
    assert [path.read_bytes() for path in sorted(home.folder.glob("both@*.journal"))] == journals


def test_more_of_it_is_not_finished(home, tiny) -> None:
    sweep = load_experiment(str(tiny))
    assert found(home, sweep, BOTH) == ["both@helium", "both@cxidb"]
    assert found(home, sweep, ["helium"]) == ["both@helium"]
    for more in ({"seeds": 2}, {"confirm": 1}):
        assert found(home, sweep.customised({}, (), more), ["helium"]) == []
    assert found(home, sweep.customised({}, (), {"trials": 2}), ["helium"]) == ["both@helium"]
    assert found(home, sweep.customised({"epochs": (2,)}, (), {}), ["helium"]) == []
    assert found(home, sweep, ["helium"], delta=0.1) == [], "other verdicts"
    assert found(home, sweep, ["helium"], uri="sqlite:///elsewhere.db") == []


def test_under_mlflow_run_the_sweep_links_its_run_as_ever(home, tiny, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "a" * 32)
    assert found(home, load_experiment(str(tiny)), BOTH) == []


def test_runs_that_are_gone_are_left_to_the_sweep(home, tiny, client) -> None:
    sweep, study = load_experiment(str(tiny)), read(home, "both@helium")
    parent = study.attributes["parent_run_id"]
    for run_id in (parent, study.finished[-1].run_id):
        client.delete_run(run_id)
        assert found(home, sweep, BOTH) == []
        client.restore_run(run_id)
    for tag, value in (("airybench.published", "x"), ("airybench.failed_trials", "1"), ("airybench.state", "running")):
        before = client.get_run(parent).data.tags[tag]
        client.set_tag(parent, tag, value)
        assert found(home, sweep, BOTH) == []
        client.set_tag(parent, tag, before)
    assert found(home, sweep, BOTH) == ["both@helium", "both@cxidb"]


def test_other_shots_under_the_same_name_are_left_to_the_sweep(home, tiny, data_home, monkeypatch, tmp_path) -> None:
    """A store that was imported as helium takes the place of the simulated one."""
    store = min(data_home.glob("cxidb-simulated-n64-*.h5"))
    imported = data_home / "helium.h5"
    imported.write_bytes(store.read_bytes())
    try:
        assert found(home, load_experiment(str(tiny)), ["helium"]) == []
    finally:
        imported.unlink()


def test_json_is_that_of_the_whole_summary(finished, tiny, capsys) -> None:
    with chdir(finished.folder):
        assert run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "both", "--json"]) == 0
    assert '"leaderboard"' in capsys.readouterr().out
