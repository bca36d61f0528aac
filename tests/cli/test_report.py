"""`airybench report` on finished studies: numbers that can be checked, one page that needs nothing else."""

import contextlib
import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from sklearn.metrics import average_precision_score

from airybench.cli.main import run
from airybench.config import SweepConfig
from airybench.inference.predictions import Predictions
from airybench.paths import data_folder
from airybench.report.answers import answer_study
from airybench.sweep.saved_studies import read
from airybench.sweep.study import RunningStudy
from airybench.tracking.run import Run
from airybench.tracking.store import connect
from airybench.trial.outcome import Outcome


@pytest.fixture(scope="module")
def page(finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the small sweep over both data sets."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    with contextlib.chdir(finished.folder):
        assert run(["baseline", "--dataset", "cxidb", "--count", "64", "--image-size", "32", "--quick"]) == 0
        assert run(["report", "--study", "both", "--output", str(path)]) == 0
    return path


def test_numbers_are_those_of_the_kept_predictions(page: Path, finished, tmp_path: Path) -> None:
    client = MlflowClient(finished.uri)
    experiment = client.get_experiment_by_name("airybench").experiment_id
    trials = client.search_runs(
        [experiment], "tags.`airybench.study` = 'both@cxidb' and tags.`airybench.kind` = 'trial'"
    )
    plain = page.with_suffix(".md").read_text()
    tables = re.findall(r"^\| cell \| test macro_ap \| val macro_ap \|.*?\n\n", plain, re.M | re.S)
    rows = re.findall(r"^\| (resnet\S+) \| (\S+) \[[^|]*\| (\S+) \|", "".join(tables), re.M)
    assert len(rows) == 6
    majority = re.findall(r"^\| majority \| (\S+) ", plain, re.M)
    (parent,) = client.search_runs(
        [experiment], "tags.`airybench.study` = 'both@cxidb' and tags.`airybench.kind` = 'sweep'"
    )
    assert float(majority[0]) == pytest.approx(parent.data.metrics["majority/test/macro_ap"], abs=6e-4)
    cxidb = {name: (float(val), float(test)) for name, test, val in rows[:3]}
    for trial in trials:
        above = client.get_run(trial.data.tags["mlflow.parentRunId"])
        name = above.data.tags["airybench.cell"]
        place = Run(connect(finished.uri), trial.info.run_id).fetch("predictions/test.h5", tmp_path / name)
        kept = Predictions.read(place)
        scored = [c for c in range(kept.labels.shape[1]) if 0 < kept.labels[:, c].sum() < len(kept.ids)]
        expected = np.mean([average_precision_score(kept.labels[:, c], kept.logits[:, c]) for c in scored])
        assert cxidb[name] == pytest.approx((trial.data.metrics["best/macro_ap"], expected), abs=6e-4)


def test_page_stands_alone_and_says_what_markdown_says(page: Path) -> None:
    text, plain = page.read_text(encoding="utf-8"), page.with_suffix(".md").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", text)
    assert "http" not in re.sub(r"data:image/png;base64,[^\"]*", "", text)
    # All claims and a plot for each data set; a plate for each data set, a figure for each class that has shots.
    assert len(re.findall(r'class="[^"]*picture plot', text)) == 3
    assert len(re.findall(r'class="[^"]*picture plate', text)) == 2
    assert text.count("<img") > 3 + 2
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    answers = [line.removeprefix("- ") for line in plain.splitlines() if line.startswith("- **")]
    assert any("against support vectors" in line for line in answers)
    assert "No claim against support vectors" in plain
    assert len(answers) == 3 + 3 + 1
    for line in answers:
        verdict, said = re.fullmatch(r"\*\*(first look|several things differ)\*\*: (.*)", line).groups()
        assert html.escape(said) in text
        low, value, high = map(float, re.search(r"difference (\S+) \[(\S+) \.\. (\S+)\]", said).group(2, 1, 3))
        assert low <= value <= high
        assert (verdict == "several things differ") == ("(several things differ)" in said)
    assert plain.count("The data are simulated") == 2
    assert plain.count("One seed per cell") == 2
    assert "airybench sweep --config both.yaml --study both --dataset cxidb --seeds 1" in plain


def test_the_same_again(page: Path, finished, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        assert run(["report", "--study", "both@helium", "--study", "both@cxidb", "--no-pictures", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert {one["study"] for one in answers} == {"both@helium", "both@cxidb"}
    assert all(one["low"] <= one["value"] <= one["high"] for one in answers)
    again = (tmp_path / "report.md").read_text(encoding="utf-8")
    for one in answers:
        assert f"- **{one['verdict']}**: {one['sentence']}" in again
        assert one["sentence"] in page.with_suffix(".md").read_text(encoding="utf-8")


def test_bad_input_is_one_line(
    finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["report", "--study", "bot"]) == 2
    assert "unknown study 'bot'; valid: " in capsys.readouterr().err
    assert run(["report", "--output", "report.pdf"]) == 2
    assert "give a file ending in .html in a folder that exists" in capsys.readouterr().err
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))
    assert run(["report"]) == 2
    assert "no study in " in capsys.readouterr().err
    (tmp_path / "studies").mkdir(exist_ok=True)
    (tmp_path / "studies" / "never@helium.journal").write_text("")
    assert run(["report", "--study", "never"]) == 2
    assert "study never@helium never began" in capsys.readouterr().err


def test_a_space_with_a_range_is_reported_on(finished, tmp_path: Path) -> None:
    """How many trials were wanted is no part of what makes a study, so it stands on the parent's run."""
    known = read(data_folder() / "studies", "both@helium")
    rule = known.sweep.study.model_copy(update={"sampler": "tpe", "trials": 3})
    space = {"alpha": {"low": 0.05, "high": 1.0, "log": True}}
    sweep = SweepConfig.model_validate({"base": known.sweep.base, "space": space, "study": rule.model_dump()})
    study = RunningStudy(tmp_path, "range@helium", sweep, known.provenance)
    for fact in ("parent_run_id", "tracking_uri", "experiment_id", "data_source"):
        study.set_attribute(fact, known.attributes[fact])
    trial, like = study.ask(), known.finished[0]
    assert trial is not None
    trial.set_attributes(run_id=like.run_id)
    study.complete(trial, Outcome(like.value, like.scores, like.facts))
    found = answer_study(read(tmp_path, "range@helium"))
    assert [cell.config.network.alpha for cell in found.cells] == [trial.config.network.alpha]
    assert any(note.startswith("1 of 3 trials are finished") for note in found.notes)
