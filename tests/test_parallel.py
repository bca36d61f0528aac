"""Several workers on one machine, with real processes and real runs: killed, interrupted, out of memory, pruned."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kept import runs_of, studies_above, trials
from mlflow import MlflowClient
from optuna.trial import TrialState

from airybench.cli.main import run
from airybench.cli.show.watch import StudyWatch
from airybench.errors import OutOfMemoryError
from airybench.trial import execute as trial_module

REPOSITORY = Path(__file__).resolve().parents[1]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def helpers(data_home: Path) -> set[int]:
    """Processes of Python's multiprocessing that work in this data folder."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            here = f"AIRYBENCH_DATA={data_home}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if here and b"forkserver" in command:
                found.add(int(folder.name))
    return found


@pytest.mark.slow
def test_kill_9_of_a_worker_in_mid_trial(tmp_path, data_home, tiny, monkeypatch, capsys) -> None:
    killed: list[int] = []
    seen: set[int] = set()
    show = StudyWatch.epoch_finished

    def kill_once(self: StudyWatch, number: int, epoch: object) -> None:
        show(self, number, epoch)  # type: ignore[arg-type]
        workers = multiprocessing.active_children()
        seen.update(worker.pid for worker in workers if worker.pid)
        if not killed:
            assert len(workers) == 2
            killed.append(workers[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(StudyWatch, "epoch_finished", kill_once)
    with contextlib.chdir(tmp_path):
        code = run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "parallel", "--workers", "2",
                    "--epochs", "2", "--json"])  # fmt: skip
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert "its worker died (SIGKILL); it is run again" in captured.err
    assert "3 trials on 2 workers on cpu" in captured.err
    assert [row["seeds"] for row in json.loads(captured.out)[0]["leaderboard"]] == [1, 1, 1]
    parents, children = runs_of(tmp_path, "parallel@helium")
    assert [r.info.status for r in parents] == ["FINISHED"]
    assert sorted(r.info.status for r in children) == ["FINISHED"] * 3 + ["KILLED"]
    assert studies_above(f"sqlite:///{tmp_path / 'mlflow.db'}", children) == {parents[0].info.run_id}
    for child in children:
        if child.info.status == "FINISHED":
            assert child.data.metrics["best/macro_ap"] > 0
    assert os.getpid() not in seen
    assert all(gone(pid) for pid in seen)
    states = [t.state for t in trials(data_home, "parallel@helium")]
    assert sorted(state.name for state in states) == ["COMPLETE"] * 3 + ["FAIL"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_main_process_ends_with_its_workers_and_the_same_command_goes_on(how, tmp_path, data_home, tiny) -> None:
    name = f"main-{how.name}"
    command = [sys.executable, "-m", "airybench", "sweep", "--dataset", "helium", "--config", str(tiny), "--study",
               name, "--alpha", "0.1,0.2,0.3,0.4,0.5", "--workers", "2", "--epochs", "3"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    others = helpers(data_home)  # of this test process
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's & ignores it
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        found = trials(data_home, f"{name}@helium")
        done = sum(t.state == TrialState.COMPLETE for t in found)
        if done >= 1 and sum("run_id" in t.user_attrs for t in found if t.state == TrialState.RUNNING) == 2:
            break
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.02)
    workers = helpers(data_home) - others
    assert len(workers) >= 3  # the fork server and two workers
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    if how != signal.SIGKILL:
        assert process.returncode == 130
        assert errors.splitlines()[-1] == "airybench: interrupted; the same command resumes"
    until = time.monotonic() + 20
    while time.monotonic() < until and not all(map(gone, workers)):
        time.sleep(0.1)
    assert all(map(gone, workers))
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    parents, children = runs_of(tmp_path, f"{name}@helium")
    assert [r.info.status for r in parents] == ["FINISHED"]
    statuses = [r.info.status for r in children]
    assert statuses.count("FINISHED") == 5
    assert set(statuses) == {"FINISHED", "KILLED"}
    assert sum(t.state == TrialState.COMPLETE for t in trials(data_home, f"{name}@helium")) == 5


@pytest.mark.slow
def test_a_batch_that_does_not_fit_is_halved_once_and_the_run_says_so(
    tmp_path, data_home, tiny, monkeypatch, capsys
) -> None:
    parts: list[int] = []
    train = trial_module.train

    def small(config, data, device, *, accumulate=1, **rest):
        parts.append(accumulate)
        if accumulate == 1:
            raise OutOfMemoryError("does not fit")
        return train(config, data, device, accumulate=accumulate, **rest)

    monkeypatch.setattr(trial_module, "train", small)
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "halved", "--alpha", "0.2"]) == 0
    assert parts == [1, 2]
    _, (child,) = runs_of(tmp_path, "halved@helium")
    assert child.info.status == "FINISHED"
    assert child.data.tags["airybench.accumulate"] == "2"
    assert child.data.tags["airybench.out_of_memory"] == "batch 16 was halved"
    assert child.data.metrics["trial/accumulate"] == 2
    assert child.data.params["batch_size"] == "16"

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert run(["studies", "delete", "halved", "--runs", "--yes"]) == 0
    assert "3 runs deleted" in capsys.readouterr().err
    assert trials(data_home, "halved@helium") == []
    assert client.get_run(child.info.run_id).info.lifecycle_stage == "deleted"


def test_a_dry_run_shows_how_the_space_would_be_searched(tmp_path, tiny, capsys) -> None:
    words = ["sweep", "--dataset", "helium", "--config", str(tiny), "--dry-run", "--sampler", "tpe", "--trials", "8",
             "--alpha", "0.1:1:log", "--objective", "macro_ap,parameters"]  # fmt: skip
    with contextlib.chdir(tmp_path):
        assert run([*words, "--workers", "4", "--json"]) == 0
        captured = capsys.readouterr()
        (found,) = json.loads(captured.out)
        assert "the space has a range; the cells shown are those at its ends" in captured.err
        assert (found["sampler"], found["pruner"], found["workers"]) == ("tpe", "none", 4)
        assert found["objectives"] == {"macro_ap": "max", "parameters": "min"}
        mean = sum(cell["seconds"] for cell in found["cells"]) / len(found["cells"])
        assert found["seconds"] == pytest.approx(mean * 8 / 4)
        assert run([*words, "--workers", "4"]) == 0
    printed = capsys.readouterr().out
    assert "Sampler tpe, 8 trials; pruner none; objective macro_ap (max), parameters (min)." in printed
    assert "Estimated training time with 4 workers: " in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_objectives_and_pruner_on_the_command_line(tmp_path, data_home, tiny, capsys) -> None:
    with contextlib.chdir(tmp_path):
        arguments = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "front"]
        assert run([*arguments, "--objective", "macro_ap", "--objective", "parameters", "--pruner", "median"]) == 2
        assert "pruner is 'median' with 2 objectives" in capsys.readouterr().err
        assert run([*arguments, "--alpha", "0.05:1:log"]) == 2
        assert "the space has a range, which a grid cannot cover" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())
        code = run([*arguments, "--alpha", "0.05:1:log", "--sampler", "nsga2", "--trials", "2", "--objective",
                    "macro_ap,images_per_second", "--json"])  # fmt: skip
    captured = capsys.readouterr()
    assert code == 0, captured.err
    (found,) = json.loads(captured.out)
    board = found["leaderboard"]
    assert found["objectives"] == {"macro_ap": "max", "images_per_second": "max"}
    assert board[0]["name"] in [one["name"] for one in found["front"]]
    stored = [t for t in trials(data_home, "front@helium") if t.state == TrialState.COMPLETE]
    assert all(len(t.values) == 2 for t in stored)
    points = {t.user_attrs["config"]["network"]["alpha"]: tuple(t.values) for t in stored}
    assert all(0.05 <= alpha <= 1 for alpha in points)
    best = [p for p in points.values() if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in points.values())]
    assert sorted(tuple(one["values"].values()) for one in found["front"]) == sorted(best)


@pytest.mark.slow
def test_two_workers_finish_more_trials_an_hour_than_one(tmp_path, data_home, tiny) -> None:
    """Two workers with one thread each on two idle cores against one such worker, start-up left out."""
    if len(os.sched_getaffinity(0)) < 2 or os.getloadavg()[0] > 0.8:
        pytest.skip("needs two idle cores")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    rates = {}
    for workers in (1, 2):
        name = f"rate{workers}"
        command = [sys.executable, "-m", "airybench", "sweep", "--dataset", "helium", "--config", str(tiny), "--study",
                   name, "--alpha", ",".join(f"{0.1 + i / 20:.2f}" for i in range(8)), "--epochs", "60",
                   "--workers", str(workers)]  # fmt: skip
        subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
        ends = sorted(t.datetime_complete for t in trials(data_home, f"{name}@helium"))
        # From the end of the first round on, when every worker has its data and has warmed up.
        rates[workers] = (len(ends) - workers) / (ends[-1] - ends[workers - 1]).total_seconds()
    assert rates[2] >= 1.7 * rates[1], rates
