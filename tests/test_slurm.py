"""The recipes for a batch system, as docs/sweeps.md has them, in the queue of a real Slurm with two nodes."""

import os
import re
import shlex
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from kept import runs_of
from postgres import server as postgres
from slurm import Slurm, cluster

from airybench.cli.main import run
from airybench.sweep.definition import stored_attributes
from airybench.sweep.postgres_storage import PostgresStorage

REPOSITORY = Path(__file__).resolve().parents[1]
CONFIG = """
question: Does it queue?
base:
  network: {arch: "timm:test_resnet"}
  data: {count: 64, image_size: 32, antialias: true}
  training: {epochs: 3, batch_size: 16, schedule: cosine}
space: {log_activation: [true], alpha: [0.1, 0.2, 0.3, 0.4]}
"""


def recipe(line: str, words: dict[str, str]) -> str:
    """The block of the documentation that has a line, with some of its words replaced, each of which it must have."""
    page = (REPOSITORY / "docs" / "sweeps.md").read_text(encoding="utf-8")
    (block,) = [found for found in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if line in found]
    for old, new in {**words, "airybench ": f"{sys.executable} -m airybench "}.items():
        assert old in block, f"{old} is not in the recipe"
        block = block.replace(old, new)
    return block


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with cluster(tmp_path) as found:
        yield found


@pytest.mark.slow
def test_two_nodes_share_a_study_and_what_is_terminated_is_queued_again(slurm: Slurm, tmp_path, data_home) -> None:
    (tmp_path / "my-sweep.yaml").write_text(CONFIG, encoding="utf-8")
    with postgres() as url:
        script = recipe("scontrol requeue", {
            "--array=1-8": "--array=1-2",
            "#SBATCH --gres=gpu:1\n": "",
            "--cpus-per-task=8": "--cpus-per-task=1",
            "postgresql://airybench@dbhost/studies": url,
            "http://mlflowhost:5000": f"sqlite:///{tmp_path}/mlflow.db",
            "AIRYBENCH_DATA=/shared/airybench": f"AIRYBENCH_DATA={data_home}",
        })  # fmt: skip
        job = slurm.submit(script)
        home, end = PostgresStorage(url), time.monotonic() + 300
        while "trial" not in slurm.logs():
            assert time.monotonic() < end, slurm.logs()
            time.sleep(0.5)
        slurm.call("scancel", "--signal=TERM", f"{job}_1")
        ended = slurm.wait(job, 900)

        import optuna

        assert "parent_run_id" in stored_attributes(home, "night@helium")
        trials = optuna.load_study(study_name="night@helium", storage=home.optuna_storage("")).get_trials()
    logs = slurm.logs()
    assert {number: said["JobState"] for number, said in ended.items()} == {"1": "COMPLETED", "2": "COMPLETED"}, logs
    assert {number: said["Restarts"] for number, said in ended.items()} == {"1": "1", "2": "0"}
    assert "no trial begins in the last 2 minutes of this Slurm job" in logs  # Slurm told when the job ends
    assert logs.count("interrupted; the same command resumes") == 1
    assert "Traceback" not in logs
    done = [trial.user_attrs["cell"] for trial in trials if trial.state.name == "COMPLETE"]
    assert len(done) == len(set(done)) == 4
    parents, children = runs_of(tmp_path, "night@helium")
    assert {one.info.status for one in parents} == {"FINISHED"}
    assert sum(one.info.status == "FINISHED" for one in children) == 4
    assert not [one for one in children if one.info.status == "RUNNING"]


@pytest.mark.slow
def test_nodes_predict_shards_and_a_job_after_them_joins(slurm: Slurm, finished, tmp_path, data_home) -> None:
    words = ["--tracking-uri", finished.uri]
    assert run(["export", "winner:both@helium", "--format", "weights", "--output", f"{tmp_path}/model", *words]) == 0
    (store,) = data_home.glob("helium*.h5")
    os.symlink(store, tmp_path / "run7.h5")
    assert run(["predict", f"{tmp_path}/model", str(store), "--output", f"{tmp_path}/whole.h5"]) == 0
    job = slurm.submit(recipe("--shard", {"--array=1-16": "--array=1-2", '"/16': '"/2'}))
    after = slurm.call(*shlex.split(recipe("--wrap", {"JOBID": job})), "--parsable")
    states = slurm.wait(job, 600) | slurm.wait(after, 600)
    assert {said["JobState"] for said in states.values()} == {"COMPLETED"}, slurm.logs()
    with h5py.File(tmp_path / "run7-classes.h5") as joined, h5py.File(tmp_path / "whole.h5") as whole:
        assert joined.keys() == whole.keys()
        for name in whole:
            assert np.array_equal(joined[name][()], whole[name][()]), name
    assert not (tmp_path / "run7-classes.h5.parts").exists()
