"""Beyond one process: hosts that share a study in PostgreSQL, and a Ray cluster that loses a node."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kept import runs_of, studies_above
from postgres import server

from airybench.cli.main import run
from airybench.config.experiments import load_experiment
from airybench.jobs.sweep import run_sweep
from airybench.sweep.definition import stored_attributes
from airybench.sweep.engines import engine
from airybench.sweep.observer import SilentObserver
from airybench.sweep.postgres_storage import PostgresStorage

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_four_hosts_share_a_study_and_one_is_killed(tmp_path, data_home, tiny, capsys) -> None:
    with server() as url:
        command = [sys.executable, "-m", "airybench", "sweep", "--dataset", "helium", "--config", str(tiny),
                   "--study", "hosts", "--storage", url, "--alpha", "0.1,0.2,0.3,0.4", "--seeds", "2",
                   "--epochs", "2"]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
        hosts = []
        for number in range(4):
            with open(tmp_path / f"host{number}.log", "w", encoding="utf-8") as log:
                hosts.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log))

        def trials():
            import optuna

            if "parent_run_id" not in stored_attributes(home, "hosts@helium"):
                return []
            return optuna.load_study(study_name="hosts@helium", storage=home.optuna_storage("")).get_trials(
                deepcopy=False
            )

        home = PostgresStorage(url)
        victim, deadline = None, time.monotonic() + 300
        while victim is None and time.monotonic() < deadline:
            for trial in trials():
                if trial.state.name == "RUNNING" and "run_id" in trial.user_attrs:
                    victim = next(h for h in hosts if f":{h.pid}:" in trial.user_attrs["owner"])
                    break
            assert any(host.poll() is None for host in hosts), "every host ended before one could be killed"
            time.sleep(0.05)
        assert victim is not None
        victim.send_signal(signal.SIGKILL)
        codes = [host.wait(timeout=400) for host in hosts]
        logs = "\n".join((tmp_path / f"host{n}.log").read_text(encoding="utf-8") for n in range(4))
        assert sorted(codes) == [-signal.SIGKILL, 0, 0, 0], logs
        found = trials()
        done = [t for t in found if t.state.name == "COMPLETE"]
        assert len(done) == len({(t.user_attrs["cell"], t.user_attrs["seed"]) for t in done}) == 8
        assert {t.state.name for t in found} == {"COMPLETE", "FAIL"}
        assert len({t.user_attrs["owner"] for t in done}) >= 2
        parents, children = runs_of(tmp_path, "hosts@helium")
        assert [r.info.status for r in parents] == ["FINISHED"]
        assert "RUNNING" not in {r.info.status for r in children}
        assert [r.info.status for r in children].count("FINISHED") == 8
        assert {r.info.run_id for r in children if r.info.status == "FINISHED"} == {
            t.user_attrs["run_id"] for t in done
        }
        assert studies_above(f"sqlite:///{tmp_path / 'mlflow.db'}", children) == {parents[0].info.run_id}
        assert parents[0].data.tags["airybench.winner"] in {t.user_attrs["run_id"] for t in done}
        assert logs.count("How certain: ") == 3

        with contextlib.chdir(tmp_path):
            assert run(["studies", "list", "--storage", url]) == 0
            assert "hosts@helium" in capsys.readouterr().out
            assert run(["compare", "--study", "hosts", "--storage", url, "--json"]) == 0
            side = json.loads(capsys.readouterr().out)["datasets"][0]
            assert {run_id for row in side["rows"] for run_id in row["run_ids"]} == {
                t.user_attrs["run_id"] for t in done
            }
            assert run(["report", "--study", "hosts", "--storage", url, "--no-pictures"]) == 0
            assert "hosts" in (tmp_path / "report.md").read_text(encoding="utf-8")
            assert run(["compare", "--study", "host", "--storage", url]) == 2
            assert "hosts@helium" in capsys.readouterr().err


@pytest.mark.slow
def test_ray_loses_a_node_and_the_study_is_finished(tmp_path, data_home, tiny, monkeypatch) -> None:
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray = pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    other = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    ended: list[tuple[str, str]] = []
    began: set[int] = set()
    spoke: set[int] = set()

    class Killing(SilentObserver):
        """Takes a node away as soon as both nodes are at work."""

        def trial_started(self, number: int, config: object, title: str) -> None:
            began.add(number)

        def epoch_finished(self, number: int, epoch: object) -> None:
            spoke.add(number)
            if len(spoke) == 2 and len(cluster.list_all_nodes()) == 2:
                cluster.remove_node(other, allow_graceful=False)

        def trial_ended(self, number: int, end: str, reason: str) -> None:
            ended.append((end, reason))

    sweep = load_experiment(str(tiny)).customised({"epochs": (6,)}, (), {"seeds": 2})
    try:
        with contextlib.chdir(tmp_path):
            (found,) = run_sweep(
                sweep, ["helium"], study="ray", observer=Killing(), engine=engine("ray", "cpu", None, 1)
            )
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert sorted(len(row.trials) for row in found.leaderboard.rows) == [2, 2, 2]
    lost = [reason for end, reason in ended if end == "lost"]
    assert lost, ended
    assert all(reason.startswith("its node or worker died") for reason in lost)
    parents, children = runs_of(tmp_path, "ray@helium")
    assert [r.info.status for r in parents] == ["FINISHED"]
    assert sorted(r.info.status for r in children) == ["FINISHED"] * 6 + ["KILLED"] * len(lost)


def test_a_file_as_tracking_store_is_refused_for_a_cluster(tmp_path, tiny, capsys) -> None:
    pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "helium", "--config", str(tiny), "--engine", "ray://127.0.0.1:1"]) == 2
    message = capsys.readouterr().err
    assert "mlflow.db is a file of this machine, which trials on other hosts cannot write; start an MLflow" in message
    assert len(message.splitlines()) == 1
    assert not list(tmp_path.iterdir())
