"""Interrupted, killed, refused and failing: nothing finished is lost, nothing is run twice, nothing is left RUNNING."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
import torch
from kept import runs_of, trials
from mlflow import MlflowClient
from optuna.trial import TrialState

from airybench.cli.main import run
from airybench.config.experiments import load_experiment
from airybench.jobs.sweep import run_sweep
from airybench.paths import sole_owner
from airybench.sweep.observer import SilentObserver
from airybench.sweep.study import RunningStudy
from airybench.training.epoch import Epoch

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_kill_9_in_the_third_trial_then_the_same_command(tmp_path, data_home, tiny, capsys) -> None:
    command = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "killed", "--alpha", "0.1,0.2,0.3,0.4"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "airybench", *command], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        found = trials(data_home, "killed@helium")
        if sum(t.state == TrialState.COMPLETE for t in found) >= 2 and any(
            t.state == TrialState.RUNNING and "run_id" in t.user_attrs for t in found
        ):
            break
        assert process.poll() is None, "the sweep ended before it could be killed"
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = trials(data_home, "killed@helium")
    finished = {t.user_attrs["run_id"] for t in before if t.state == TrialState.COMPLETE}
    assert 2 <= len(finished) < 4

    with contextlib.chdir(tmp_path):
        assert run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)[0]
    assert [row["seeds"] for row in found["leaderboard"]] == [1, 1, 1, 1]
    parents, children = runs_of(tmp_path, "killed@helium")
    assert len(parents) == 1
    states = sorted(child.info.status for child in children)
    assert states == ["FINISHED"] * 4 + ["KILLED"]
    assert finished <= {child.info.run_id for child in children if child.info.status == "FINISHED"}
    assert parents[0].info.status == "FINISHED"
    after = trials(data_home, "killed@helium")
    assert sum(t.state == TrialState.COMPLETE for t in after) == 4
    assert not [t for t in after if t.state in (TrialState.RUNNING, TrialState.WAITING)]


def test_ctrl_c_leaves_a_resumable_study(tmp_path, data_home, tiny, capsys) -> None:
    sweep = load_experiment(str(tiny))

    class Interrupting(SilentObserver):
        def epoch_finished(self, number: int, epoch: Epoch) -> None:
            raise KeyboardInterrupt

    with contextlib.chdir(tmp_path), pytest.raises(KeyboardInterrupt):
        run_sweep(sweep, ["helium"], study="stopped", observer=Interrupting())
    parents, children = runs_of(tmp_path, "stopped@helium")
    assert [(r.info.status, r.data.tags["airybench.state"]) for r in parents + children] == [
        ("KILLED", "interrupted")
    ] * 2
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "stopped"]) == 0
    parents, children = runs_of(tmp_path, "stopped@helium")
    assert [r.info.status for r in parents] == ["FINISHED"]
    assert sorted(r.info.status for r in children) == ["FINISHED"] * 3 + ["KILLED"]


def test_sigterm_means_interrupted() -> None:
    code = (
        "import os, signal; from airybench.cli import main; main.app = lambda **k: os.kill(os.getpid(), signal.SIGTERM)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; raise SystemExit(main.run(['sweep']))"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 130
    assert "the same command resumes" in done.stderr
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_failing_trial_is_marked_and_the_sweep_goes_on(tmp_path, data_home, tiny, capsys) -> None:
    arguments = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "failing", "--no-log-activation",
                 "--set", "weight_decay=0,1e30"]  # fmt: skip
    with contextlib.chdir(tmp_path):
        assert run(arguments) == 3
    captured = capsys.readouterr()
    assert "the loss became nan in epoch 1" in captured.out
    assert "Traceback" not in captured.err
    parents, children = runs_of(tmp_path, "failing@helium")
    (failed,) = [r for r in children if r.info.status == "FAILED"]
    assert failed.data.tags["airybench.failure"] == "diverged"
    assert "try a smaller base_lr" in failed.data.tags["airybench.reason"]
    assert parents[0].info.status == "FINISHED"
    (trial,) = [t for t in trials(data_home, "failing@helium") if t.state == TrialState.FAIL]
    assert trial.user_attrs["failure"] == "diverged"
    # What failed for good is not tried again; what it said is still said.
    with contextlib.chdir(tmp_path):
        assert run(arguments) == 3
    assert len(runs_of(tmp_path, "failing@helium")[1]) == 2


def test_out_of_memory_is_a_failed_trial(tmp_path, data_home, tiny, monkeypatch, capsys) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("airybench.training.loop.build", full)
    with contextlib.chdir(tmp_path):
        code = run(["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "oom", "--alpha", "0.2"])
    assert code == 1
    assert "does not fit the device's memory; try a smaller batch_size" in capsys.readouterr().err
    parents, children = runs_of(tmp_path, "oom@helium")
    assert [r.info.status for r in parents + children] == ["FAILED", "FAILED"]
    assert children[0].data.tags["airybench.failure"] == "out-of-memory"


@pytest.mark.slow
def test_an_unforeseen_failure_is_tried_again_on_resume(tmp_path, data_home, tiny, monkeypatch, capsys) -> None:
    arguments = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "full-disk", "--no-log-activation"]

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with contextlib.chdir(tmp_path):
        with monkeypatch.context() as patch:
            patch.setattr("airybench.trial.execute.save_weights", full)
            assert run(arguments) == 1
        assert "No space left on device" in capsys.readouterr().err
        assert run(arguments) == 0


@pytest.mark.slow
def test_fresh_leaves_a_study_alone_that_another_process_runs(tmp_path, data_home, tiny, capsys) -> None:
    arguments = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "held", "--no-log-activation"]
    with contextlib.chdir(tmp_path):
        assert run(arguments) == 0
        journal = data_home / "studies" / "held@helium.journal"
        before = journal.read_bytes()
        with sole_owner(journal, "held@helium"):
            assert run([*arguments, "--fresh"]) == 2
        assert "study held@helium is being run by another process" in capsys.readouterr().err
        assert journal.read_bytes() == before
        assert run([*arguments, "--fresh"]) == 0
    assert len(list(journal.parent.glob("held@helium.*.archived"))) == 1
    assert len(runs_of(tmp_path, "held@helium")[0]) == 2


@pytest.mark.slow
def test_a_parent_that_was_not_recorded_in_time_is_closed_on_resume(tmp_path, data_home, tiny, monkeypatch) -> None:
    arguments = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "early", "--no-log-activation"]

    recorded = RunningStudy.set_attribute

    def killed(study: RunningStudy, key: str, value: object) -> None:
        if key == "parent_run_id":
            raise KeyboardInterrupt
        recorded(study, key, value)

    with contextlib.chdir(tmp_path):
        with monkeypatch.context() as patch:
            patch.setattr(RunningStudy, "set_attribute", killed)
            assert run(arguments) == 130
        assert [r.info.status for r in runs_of(tmp_path, "early@helium")[0]] == ["RUNNING"]
        assert run(arguments) == 0
    parents, children = runs_of(tmp_path, "early@helium")
    assert sorted(r.info.status for r in parents) == ["FINISHED", "KILLED"]
    assert [r.info.status for r in children] == ["FINISHED"]


def test_a_damaged_image_is_met_before_anything_starts(tmp_path, data_home, tiny, capsys) -> None:
    with contextlib.chdir(tmp_path):
        assert run(["data", "simulate", "cxidb", "--count", "24", "--output", "torn.h5"]) == 0
        with h5py.File("torn.h5") as file:
            offset = file["images"].id.get_chunk_info(7).byte_offset
        with open("torn.h5", "r+b") as raw:
            raw.seek(offset + 40)
            raw.write(bytes(range(255)) * 4)
        capsys.readouterr()
        assert run(["sweep", "--dataset", "torn.h5", "--config", str(tiny)]) == 2
        message = capsys.readouterr().err
        assert "torn.h5" in message
        assert "Traceback" not in message
        assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == ["torn.h5"]
        assert run(["data", "check", "torn.h5"]) == 2


def test_two_data_sets_of_one_name_are_refused(tmp_path, tiny, capsys) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "run.h5").write_bytes(b"")
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "one/run.h5,two/run.h5", "--config", str(tiny)]) == 2
    assert "two data sets would share the study tiny@run" in capsys.readouterr().err


@pytest.mark.slow
def test_a_parent_deleted_in_the_page_is_one_line(tmp_path, tiny, capsys) -> None:
    arguments = ["sweep", "--dataset", "helium", "--config", str(tiny), "--study", "deleted", "--no-log-activation"]
    with contextlib.chdir(tmp_path):
        assert run(arguments) == 0
        parents, _ = runs_of(tmp_path, "deleted@helium")
        MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}").delete_run(parents[0].info.run_id)
        assert run(arguments) == 2
        assert "start again with --fresh" in capsys.readouterr().err
        (tmp_path / "mlflow.db").unlink()
        assert run(arguments) == 2
        assert "mlflow.db is gone, with the runs of this study" in capsys.readouterr().err
        assert not (tmp_path / "mlflow.db").exists()


REFUSED = {
    "data set": (["--dataset", "heliun"], "unknown data set 'heliun'; valid: helium, cxidb"),
    "architecture": (["--arch", "resnext"], "unknown arch 'resnext'; valid: resnet, vgg"),
    "depth": (["--arch", "resnet", "--depth", "17"], "valid: resnet: 18, 34, 50, 101, 152, 200"),
    "alpha": (["--alpha", "0"], "alpha is 0, expected > 0"),
    "negative alpha": (["--alpha=-1"], "alpha: found '-1'"),
    "leakiness": (["--leakiness", "1"], "leakiness: found '1'"),
    "config": (["--config", "quik"], "unknown config 'quik'"),
    "device": (["--device", "cuda:99"], "unknown device 'cuda:99'"),
    "objective": (["--objective", "val/speed"], "unknown objective"),
    "parameter": (["--set", "colour=red"], "unknown parameter 'colour'"),
    "missing store": (["--dataset", "nowhere.h5"], "nowhere.h5: no such file"),
    "server": (["--tracking-uri", "http://127.0.0.1:9"], "tracking server http://127.0.0.1:9 does not answer"),
    "folder store": (["--tracking-uri", "./mlruns"], "is a folder, which MLflow no longer tracks to"),
    "missing folder": (
        ["--tracking-uri", "sqlite:////nowhere/at/all/mlflow.db"],
        "the folder /nowhere/at/all does not exist",
    ),
    "unknown scheme": (["--tracking-uri", "foo://bar"], "is unknown to MLflow"),
    "relative sqlite": (["--tracking-uri", "sqlite:rel.db"], "is unknown to MLflow"),
    "folder as sqlite": (["--tracking-uri", "sqlite:////tmp"], "/tmp is a folder; give a file in it"),
    "long name": (["--study", "x" * 300], "study name has 300 characters, expected at most 100"),
    "last seed": (["--seed", "2147483647", "--seeds", "2"], "expected at most 2147483647"),
    "no data set": (["--dataset", ""], "unknown data set ''"),
    "option": (["--speed", "9"], "unknown option '--speed'. Did you mean '--seed'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_input_is_one_line_and_leaves_nothing(case, tmp_path, data_home, monkeypatch, capsys) -> None:
    arguments, expected = REFUSED[case]
    home = tmp_path / "data"
    home.mkdir()
    monkeypatch.setenv("AIRYBENCH_DATA", str(home))
    work = tmp_path / "work"
    work.mkdir()
    with contextlib.chdir(work):
        assert run(["sweep", *arguments]) == 2
    message = capsys.readouterr().err
    assert expected in message
    assert "Traceback" not in message
    lines = [line for line in message.splitlines() if line]
    assert len(lines) == 1 or case == "option"
    assert not list(work.iterdir())
    assert not [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"not hdf5", b""], ids=["text", "empty"])
def test_a_file_that_is_no_store_is_refused(content, tmp_path, capsys) -> None:
    (tmp_path / "wrong.h5").write_bytes(content)
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "wrong.h5"]) == 2
    assert "wrong.h5" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.h5"]


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path, monkeypatch, capsys) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("AIRYBENCH_DATA", str(blocked / "data"))
    with contextlib.chdir(tmp_path):
        assert run(["sweep", "--dataset", "helium"]) == 2
    message = capsys.readouterr().err
    assert str(blocked) in message
    assert len(message.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
