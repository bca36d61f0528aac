"""Several processes that share a training, and trainings that are killed: the same result as one left in peace."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.errors import ConfigError
from airybench.training.distributed import Ranks

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = ["--dataset", "helium", "--count", "64", "--image-size", "32", "--antialias", "--arch", "vgg", "--head-width",
         "8", "--dropout", "0", "--epochs", "2", "--batch-size", "16", "--device", "cpu"]  # fmt: skip


def environment(data: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "AIRYBENCH_DATA": str(data), **more}


def port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def course(folder: Path, key: str) -> list[float]:
    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("airybench")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    steps = {metric.step: metric.value for metric in client.get_metric_history(found.info.run_id, key)}
    return [steps[step] for step in sorted(steps)]


def test_one_alone_shares_with_nobody() -> None:
    alone = Ranks()
    assert alone.lead
    assert alone.shared(lambda: 3) == 3
    assert (alone.any(True), alone.any(False)) == (True, False)
    alone.require(7)
    with pytest.raises(ConfigError, match="a batch of 7 shots cannot be shared by 2 processes; choose a multiple"):
        Ranks(0, 2).require(7)


def test_common_statistics_need_gpus_and_nothing_is_started(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["train", *SMALL, "--sync-bn"]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("airybench: ")]
    assert lines == [
        "airybench: --sync-bn needs GPUs; on a CPU each process keeps its own batch-norm statistics"
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path: Path, data_home: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    alone = [sys.executable, "-m", "airybench", "train", *SMALL]
    pair = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={port()}",
            "-m", "airybench", "train", *SMALL]  # fmt: skip
    for name, command in (("one", alone), ("two", pair)):
        done = subprocess.run(
            command, cwd=tmp_path / name, env=environment(data_home), capture_output=True, text=True, timeout=600,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    for key in ("train/loss", "val/loss"):
        one, two = course(tmp_path / "one", key), course(tmp_path / "two", key)
        assert len(one) == 2
        assert two == pytest.approx(one, rel=1e-5), key


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_refused_by_every_process(tmp_path: Path, data_home: Path) -> None:
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port()}
    command = [sys.executable, "-m", "airybench", "train", *SMALL, "--batch-size", "15"]
    processes = [
        subprocess.Popen(
            command, cwd=tmp_path, env=environment(data_home, RANK=rank, LOCAL_RANK=rank, **shared), text=True,
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )
        for rank in "01"
    ]  # fmt: skip
    for process in processes:
        said = process.communicate(timeout=300)[1]
        assert process.returncode == 2, said
        lines = re.findall("^airybench: .*", said, re.MULTILINE)
        assert lines == ["airybench: a batch of 15 shots cannot be shared by 2 processes; choose a multiple"]
    assert not (tmp_path / "mlflow.db").exists()


KILLER = """
import json, os, random, signal, sys, time
import airybench.jobs.train
from airybench.cli.main import run
from airybench.data.datasets.catalog import open_dataset
arguments, kills = json.loads(sys.argv[1]), 0
open_dataset("helium", count=64, seed=1612)

def child(folder):
    pid = os.fork()
    if not pid:
        os.makedirs(folder, exist_ok=True)
        os.chdir(folder)
        os._exit(run(arguments))
    return pid

began = time.monotonic()
assert os.waitpid(child("whole"), 0)[1] == 0
whole = time.monotonic() - began
random.seed(1612)
for number in range(10):
    pid = child("killed")
    time.sleep(random.uniform(0.1, 0.8) * whole)
    if os.waitpid(pid, os.WNOHANG)[0] == 0:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        kills += 1
    else:
        break
else:
    assert os.waitpid(child("killed"), 0)[1] == 0
print(kills)
"""


@pytest.mark.slow
def test_killed_at_random_moments_and_started_again_the_result_is_the_same(tmp_path: Path, data_home: Path) -> None:
    arguments = ["train", *SMALL, "--epochs", "12", "--dropout", "0.3", "--checkpoint-every", "0"]
    done = subprocess.run(
        [sys.executable, "-c", KILLER, json.dumps(arguments)], cwd=tmp_path, env=environment(data_home),
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[-1]) >= 3
    clients = {
        name: MlflowClient(tracking_uri=f"sqlite:///{tmp_path / name / 'mlflow.db'}") for name in ("whole", "killed")
    }
    kept = {}
    for name, client in clients.items():
        found = client.search_runs([client.get_experiment_by_name("airybench").experiment_id])
        (finished,) = [entry for entry in found if entry.info.status == "FINISHED"]
        weights = client.download_artifacts(finished.info.run_id, "weights/model.safetensors")
        metrics = {
            key: value
            for key, value in finished.data.metrics.items()
            if key.startswith(("val/", "best/", "test/")) or key == "train/loss"
        }
        kept[name] = (Path(weights).read_bytes(), metrics)
    assert kept["killed"][1] == kept["whole"][1]
    assert kept["killed"][0] == kept["whole"][0]
    for key in ("train/loss", "val/loss"):
        assert course(tmp_path / "killed", key) == course(tmp_path / "whole", key)
