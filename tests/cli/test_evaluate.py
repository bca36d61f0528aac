"""`airybench evaluate --stress` end to end."""

import contextlib
import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.errors import ConfigError
from airybench.inference.stress import stress_plan
from airybench.jobs.evaluate import EvaluationOptions

MODEL = "winner:both@cxidb"


def called(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capsys.readouterr()
    with contextlib.chdir(folder):
        code = run(["evaluate", MODEL, *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_table_a_figure_files_and_metrics(finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--split", "train", "--strength", "offset=50,1000", "--strength", "dead-module=25"]
    code, out, err = called([*words, "--output", str(tmp_path / "out")], finished.folder, capsys)
    assert code == 0, err
    lines = out[out.index("Changes of the detector") :].splitlines()
    rows = [line.split()[:2] for line in lines if line.startswith(("offset", "dead-module"))]
    # What does not fit 80 columns stands below, beside the same changes again.
    assert rows[:5] == [
        ["offset", "0"],
        ["offset", "50"],
        ["offset", "1000"],
        ["dead-module", "0"],
        ["dead-module", "25"],
    ]
    assert "Other runs: the data do not say" in out
    assert "Worst: " in out or "No change of the detector costs more than chance would." in out
    assert (tmp_path / "out" / "plots" / "stress.png").stat().st_size > 5000
    assert len((tmp_path / "out" / "stress.csv").read_text().splitlines()) == 6
    content = json.loads((tmp_path / "out" / "stress.json").read_text())
    plain = json.loads((tmp_path / "out" / "evaluation.json").read_text())["scores"]["values"]["macro_ap"]
    assert [row["score"]["value"] for row in content["changes"] if not row["strength"]] == pytest.approx(
        [plain] * 2, abs=1e-6
    )
    run_id = out.split("Run: ")[1].split()[0]
    logged = MlflowClient(finished.uri).get_run(run_id).data.metrics
    changed = content["changes"][4]["score"]["value"]
    assert logged["stress/dead-module/25/macro_ap"] == pytest.approx(changed, abs=1e-6)


def test_a_word_stands_for_every_change_and_config_for_none(
    finished, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mlflow run` hands a word over in every case."""
    asked: list[object] = []

    def noting(model: str, predictor: object, dataset: str, *, options: EvaluationOptions, **_: object) -> None:
        asked.append(options.stress)
        raise ConfigError("enough")

    monkeypatch.setattr("airybench.jobs.evaluate.evaluate_model", noting)
    for words in (["config"], ["all"], ["all", "offset=5"], ["offset=5"]):
        arguments = [part for word in words for part in ("--strength", word)]
        assert called(arguments, finished.folder, capsys)[0] == 2
    assert asked == [None, stress_plan(), stress_plan() | {"offset": (0.0, 5.0)}, {"offset": (0.0, 5.0)}]


@pytest.mark.parametrize(("words", "message"), [
    ("hot-pixel=3", "unknown detector change 'hot-pixel'; valid: hot-pixels, dead-module"),
    ("offset", "--strength offset: expected CHANGE=NUMBER,..., such as hot-pixels=10,40"),
    ("offset=-1", "offset -1: expected 0 to 65535 counts"),
])  # fmt: skip
def test_wrong_strengths_are_refused(words: str, message: str, finished, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(["--strength", words], finished.folder, capsys)
    assert (code, out) == (2, "")
    assert message in err


def test_an_evaluation_logs_where_its_study_logs(
    finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not into a new store in the working folder, nor into the one in the environment, which are others."""
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    for uri, folder in (("", tmp_path / "new"), (elsewhere, tmp_path / "set")):
        folder.mkdir()
        if uri:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        code, out, err = called(["--split", "val", "--json"], folder, capsys)
        assert code == 0, err
        run = MlflowClient(finished.uri).get_run(json.loads(out)["run_id"])
        assert run.data.tags["airybench.kind"] == "evaluate"
        assert run.data.params["model"] == MODEL
        study = [one for one in MlflowClient(finished.uri).search_experiments() if one.name == "airybench"]
        assert run.info.experiment_id == study[0].experiment_id
        assert not list(folder.iterdir())
    assert not (tmp_path / "elsewhere.db").exists()
