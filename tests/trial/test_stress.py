"""A study with `--stress`: what its trials log and keep, what the command prints, and what the report shows."""

import json
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from sklearn.metrics import average_precision_score

from airybench.cli.main import run
from airybench.config import TrialConfig
from airybench.data.datasets.simulated import Series, simulated_store
from airybench.inference.predictions import Predictions
from airybench.inference.predictor import Predictor
from airybench.inference.stress import CHANGES
from airybench.inference.stressed import read_stressed
from airybench.tracking.predictions import stressed
from airybench.tracking.run import Run
from airybench.tracking.store import reopen
from airybench.trial.stress import stress_test


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """Two cells of one seed, whose trials are scored under changes."""
    folder = tmp_path_factory.mktemp("stress")
    arguments = ["--dataset", "helium", "--config", str(tiny), "--study", "stressed", "--alpha", "0.2,0.5"]
    with chdir(folder):
        assert run(["sweep", *arguments, "--stress"]) == 0
        assert run(["sweep", *arguments]) == 2, "trials without these scores are not mixed with those that have them"
        assert run(["report", "--study", "stressed", "--output", "page.html", "--no-pictures"]) == 0
    return folder


@pytest.mark.slow
def test_trials_log_the_scores_of_the_logits_that_they_keep(study: Path) -> None:
    client = MlflowClient(f"sqlite:///{study / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("airybench").experiment_id
    trials = client.search_runs(
        [experiment], "tags.`airybench.study` = 'stressed@helium' and tags.`airybench.kind` = 'trial'"
    )
    assert len(trials) == 2
    logged = trials[0].data.metrics
    clean, found = stressed(Run(reopen(f"sqlite:///{study / 'mlflow.db'}", experiment), trials[0].info.run_id))
    assert {name: tuple(one) for name, one in found.items()} == {
        name: change.strengths for name, change in CHANGES.items()
    }
    scored = [column for column, count in enumerate(clean.labels.sum(axis=0)) if 0 < count < len(clean)]

    def ap(logits: object) -> float:
        return float(average_precision_score(clean.labels[:, scored], logits[:, scored], average="macro"))  # type: ignore[index]

    means = []
    for name, by_strength in found.items():
        values = []
        for strength, one in by_strength.items():
            if strength:
                values.append(ap(one.logits))
                assert logged[f"stress/{name}/{strength:g}/macro_ap"] == pytest.approx(values[-1], abs=1e-5)
                loss = ap(clean.logits) - values[-1]
                assert logged[f"stress/{name}/{strength:g}/loss"] == pytest.approx(loss, abs=1e-5)
        means.append(sum(values) / len(values))
    assert logged["stress/mean/macro_ap"] == pytest.approx(sum(means) / len(means), abs=1e-5)
    assert logged["trial/stress_seconds"] > 0


@pytest.mark.slow
def test_the_answer_is_an_artifact_and_in_the_report(study: Path, tmp_path: Path) -> None:
    client = MlflowClient(f"sqlite:///{study / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("airybench").experiment_id
    (parent,) = client.search_runs(
        [experiment], "tags.`airybench.study` = 'stressed@helium' and tags.`airybench.kind` = 'sweep'"
    )
    content = json.loads(
        Path(client.download_artifacts(parent.info.run_id, "robustness.json", str(tmp_path))).read_text()
    )
    assert len(content["cells"]) == 2
    (effect,) = content["effects"]
    assert (effect["factor"], effect["level"], effect["reference"]) == ("activation", "log0.5", "log0.2")
    assert effect["verdict"] == "first look"
    plots = {one.path for one in client.list_artifacts(parent.info.run_id, "plots")}
    assert "plots/robustness.png" in plots
    markdown = (study / "page.md").read_text()
    assert "#### Changes of the detector" in markdown
    assert "- **first look**: activation log0.5 against log0.2: mean loss" in markdown
    assert "One seed per cell: a first look" in markdown
    assert content["advice"] in markdown
    assert "Score against the strength of each change" in (study / "page.html").read_text()


class _Sum(torch.nn.Module):
    """A network whose logits are the mean of the image, with a sign for each class."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits (N, 11)."""
        return inputs.mean(dim=(1, 2, 3))[:, None] * torch.tensor([1.0, -1.0]).repeat(6)[:11]


def test_a_network_that_only_ranks_by_brightness_loses_nothing_to_an_offset(
    tmp_path: Path, quick_simulator: SimpleNamespace
) -> None:
    store = simulated_store(Series("helium", 1), 40, output=tmp_path / "a.h5")
    config = TrialConfig().replace({"image_size": 32, "input_scaling": "counts"})
    predictor = Predictor(config, store.class_names, "multilabel", network=_Sum())
    rows = np.array([30, 2, 17, 9, 4, 35, 21, 8])
    dataset = SimpleNamespace(store=store, split=SimpleNamespace(test=rows), device=torch.device("cpu"))
    logits = predictor.logits(torch.from_numpy(store.read_images(rows))).numpy()
    clean = Predictions(store.ids()[rows], logits, store.labels()[rows], store.class_names, "multilabel")
    logged = stress_test(predictor, dataset, clean, tmp_path / "stress.npz")  # type: ignore[arg-type]
    assert logged["stress/offset/100/loss"] == 0
    kept = read_stressed(tmp_path / "stress.npz", clean)
    scores = {
        name: {strength: one.scores().values["macro_ap"] for strength, one in found.items()}
        for name, found in kept.items()
    }
    assert logged["stress/hot-pixels/40/macro_ap"] == scores["hot-pixels"][40.0]
    means = [np.mean([value for strength, value in found.items() if strength]) for found in scores.values()]
    assert logged["stress/mean/macro_ap"] == pytest.approx(np.mean(means))
    assert logged["stress/mean/loss"] == pytest.approx(scores["offset"][0.0] - np.mean(means))
