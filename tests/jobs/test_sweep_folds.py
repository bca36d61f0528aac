"""A study that runs every fold, from the command to the report."""

import json
from contextlib import chdir
from pathlib import Path

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.provenance import Provenance
from airybench.sweep.saved_studies import read

SMALL = """
base:
  network: {arch: resnet, depth: 18, bn_momentum: 0.1}
  data: {count: 64, image_size: 32, antialias: true, folds: 3}
  training: {epochs: 1, batch_size: 16, schedule: cosine}
space: {log_activation: [true, false]}
"""


@pytest.mark.slow
def test_all_folds_make_one_study_one_leaderboard_and_one_verdict(tmp_path: Path, data_home: Path, capsys) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    command = ["sweep", "--config", "small.yaml", "--dataset", "helium", "--study", "inthree", "--json"]
    with chdir(tmp_path):
        assert run(command) == 0
        (shown,) = json.loads(capsys.readouterr().out)
        assert [(row["seeds"], row["folds"], len(row["run_ids"])) for row in shown["leaderboard"]] == [(1, 3, 3)] * 2
        assert "over folds" in shown["interval"]
        client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
        parent = client.get_run(shown["parent_run"])
        assert parent.data.tags["airybench.folds"] == "3"
        saved = read(data_home / "studies", "inthree@helium")
        trials = [client.get_run(trial.run_id) for trial in saved.finished]
        assert [one.data.tags["airybench.fold"] for one in trials] == ["0", "0", "1", "1", "2", "2"]
        assert [one.info.run_name.split(" ", 2)[2] for one in trials[::2]] == ["f0 s1612", "f1 s1612", "f2 s1612"]
        assert len({Provenance.from_tags(one.data.tags).split_digest for one in trials}) == 3
        of_winner = [one for one in trials if one.info.run_id in shown["leaderboard"][0]["run_ids"]]
        mean = sum(one.data.metrics["best/macro_ap"] for one in of_winner) / 3
        assert shown["leaderboard"][0]["val/macro_ap"] == pytest.approx(mean)
        files = {one.path for one in client.list_artifacts(parent.info.run_id)}
        assert {"split-fold0.json", "split-fold1.json", "split-fold2.json"} <= files
        assert {"svm/val/macro_ap/low", "majority/test/macro_ap", "test/macro_ap/high"} <= parent.data.metrics.keys()
        assert run([*command, "--workers", "2"]) == 0, "nothing is left to run"
        assert json.loads(capsys.readouterr().out)[0]["winner_run"] == shown["winner_run"]
        assert len(read(data_home / "studies", "inthree@helium").finished) == 6
        assert run(["compare", "--study", "inthree", "--json"]) == 0
        assert run(["report", "--study", "inthree", "--output", "inthree.html"]) == 0
        assert "the logarithmic activation against none" in (tmp_path / "inthree.md").read_text(encoding="utf-8")
