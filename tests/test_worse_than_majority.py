"""A winner that people would not use: more shots are right where the majority answer is always given."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.paths import data_folder
from airybench.sweep.saved_studies import read

CONFIG = """
question: Does the log activation help?
base:
  network: {arch: resnet, depth: 18, bn_momentum: 0.1}
  data: {image_size: 32, antialias: true}
  training: {epochs: 1, batch_size: 16, schedule: cosine, base_lr: 1.0e-6}
space: {log_activation: [true, false]}
"""
"""Trainings that hardly move: what such a network answers is chance, and four labels are seldom all right by chance."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory):
    """Folder, what was printed, and the parent run of a study of shots of which nine in ten carry the same labels."""
    folder = tmp_path_factory.mktemp("rare")
    rng = np.random.default_rng(5)
    labels = np.tile(np.array([1, 0, 1, 0], np.uint8), (120, 1))
    odd = rng.permutation(120)[:14]
    labels[odd] = 1 - labels[odd]
    header = StoreHeader(
        name="rare", class_names=("A", "B", "C", "D"), label_kind="multilabel", source="mine", counts_rule="drawn"
    )
    with StoreWriter(folder / "rare.h5", header, image_shape=(40, 40)) as writer:
        images = rng.poisson(3, (120, 40, 40)).astype(np.uint16)
        writer.append(images, ids=np.arange(120), labels=labels, photon_energy=np.full(120, 20.0))
    (folder / "rare.yaml").write_text(CONFIG, encoding="utf-8")
    out = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out):
        assert run(["sweep", "--dataset", "rare.h5", "--config", "rare.yaml", "--study", "rare"]) == 0
        assert run(["report", "--study", "rare", "--output", "report.html", "--no-pictures"]) == 0
    facts = read(data_folder() / "studies", "rare@rare").attributes
    return folder, out.getvalue(), MlflowClient(facts["tracking_uri"]).get_run(facts["parent_run_id"])


def test_it_is_said_in_summary_report_and_on_the_page(study) -> None:
    """Ranked by average precision alone, a winner with no shot right looked as good as any."""
    folder, printed, parent = study
    found, majority = (parent.data.metrics[f"{name}test/exact_match"] for name in ("", "majority/"))
    assert found < majority, "the study is made so; else this test says nothing"
    winner = parent.data.tags["airybench.winner_name"]
    said = (
        rf"Worse than no network in what people count: {re.escape(winner)}\S* has all labels right on {found:.3f} of "
        rf"the test shots, always giving the majority answer on {majority:.3f} \(exact_match\)\."
    )
    assert re.search(said, printed)
    assert re.search(said, parent.data.tags["mlflow.note.content"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert re.search(rf'<p class="warning">{said}</p>', page)
    assert re.search(rf"\*\*{said}\*\*", (folder / "report.md").read_text(encoding="utf-8"))


def test_a_winner_that_is_better_is_not_called_worse(finished, study, tmp_path: Path) -> None:
    parents = [read(data_folder() / "studies", f"both@{name}").attributes for name in ("helium", "cxidb")]
    for facts in parents:
        parent = MlflowClient(finished.uri).get_run(facts["parent_run_id"])
        worse = parent.data.metrics["test/exact_match"] < parent.data.metrics["majority/test/exact_match"]
        assert ("Worse than no network" in parent.data.tags["mlflow.note.content"]) == worse
