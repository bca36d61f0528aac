"""A question is answered, written, answered again and compared; and what does not agree is said."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked_questions import answered as question
from kept import trials
from mlflow import MlflowClient

from airybench.cli.main import run
from airybench.report.results import read_results
from airybench.sweep.saved_studies import read

QUESTION = """
question: Does it help?
base:
  network: {arch: resnet, depth: 18, bn_momentum: 0.1}
  data: {dataset: cxidb, count: 64, image_size: 32, antialias: true}
  training: {epochs: 1, batch_size: 16, schedule: cosine}
space:
  - {log_activation: [true], input_scaling: [counts], fraction: [0.5, 1.0]}
  - {log_activation: [false], input_scaling: [log1p], fraction: [0.5, 1.0]}
"""
STATEMENT = "the logarithmic activation on counts against none on ln(1 + counts)"


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a question that was answered once and written, with the experiment that answers it."""
    with question(tmp_path_factory.mktemp("reproduce"), "does", QUESTION) as folder:
        yield folder


def test_what_is_written_is_what_the_trainings_kept(answered: Path, data_home: Path) -> None:
    text = (answered / "does.json").read_text(encoding="utf-8")
    found = read_results(answered / "does.json")
    assert found.to_json() == text
    assert len(text) < 20_000
    assert max(map(len, text.splitlines())) < 400, "a change of one number changes one line"
    assert (found.question, found.experiment, found.text) == ("does", "does-quick", "Does it help?")
    (one,) = found.datasets
    assert (one.shots, one.simulator, one.test_shots) == (64, 2, 10)
    assert one.cells[0].params.keys() == {"log_activation", "alpha", "input_scaling", "fraction"}
    stored = {trial.user_attrs["config"]["data"]["fraction"] for trial in trials(data_home, "does-quick@cxidb")}
    assert stored == {0.5, 1.0}
    values = sorted(trial.value for trial in trials(data_home, "does-quick@cxidb"))
    assert sorted(cell.trials[0].val for cell in one.cells) == pytest.approx(values, abs=1e-6)
    for cell in one.cells:
        assert cell.test.value == pytest.approx(cell.trials[0].test, abs=1e-6)
    claims = {claim.statement: claim for claim in one.claims}
    assert f"{STATEMENT}, with 50% of the training shots" in claims
    assert {claim.verdict for claim in claims.values()} == {"first look"}
    assert "airybench sweep --config does-quick --dataset cxidb --seeds 1" in one.command


def test_support_vectors_are_fitted_on_the_shots_of_every_fraction(answered: Path) -> None:
    (one,) = read_results(answered / "does.json").datasets
    svm = [found.params for found in one.baselines if found.name == "features + PCA + SVM"]
    assert svm == [{"fraction": fraction} for fraction in dict.fromkeys(cell.params["fraction"] for cell in one.cells)]
    assert {claim.statement for claim in one.claims} >= {
        f"the best network against support vectors on physics features, with {share} of the training shots"
        for share in ("50%", "100%")
    }


def test_baselines_stand_below_the_study_not_among_all_studies(answered: Path, data_home: Path) -> None:
    """Of 101 runs at the top of the table, 80 were the baselines of two studies of ten fractions."""
    facts = read(data_home / "studies", "does-quick@cxidb").attributes
    runs = MlflowClient(facts["tracking_uri"]).search_runs([facts["experiment_id"]])
    baselines = [one for one in runs if one.data.tags["airybench.kind"] == "baseline"]
    assert len(baselines) == 2 * 4
    for one in baselines:
        assert one.data.tags["mlflow.parentRunId"] == facts["parent_run_id"]
        assert one.data.tags["airybench.study"] == "does-quick@cxidb"
    above = [one.data.tags["airybench.kind"] for one in runs if "mlflow.parentRunId" not in one.data.tags]
    assert set(above) == {"sweep"}


def test_the_same_again_runs_nothing_and_agrees_to_the_last_digit(answered: Path, data_home: Path, capsys) -> None:
    before = len(trials(data_home, "does-quick@cxidb"))
    assert run(["reproduce", "does", "--against", "does.json"]) == 0
    shown = capsys.readouterr()
    assert "begins" not in shown.err
    assert len(trials(data_home, "does-quick@cxidb")) == before == 4
    assert "the score of every training is the published one to the last digit" in shown.out
    assert "numbers agree with the published answer to does" in shown.out


@pytest.mark.slow
def test_trained_anew_with_the_same_seed_it_is_the_same(answered: Path, capsys) -> None:
    command = ["reproduce", "does", "--against", "does.json", "--study", "anew", "--json"]
    assert run(command) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["agrees"] is True
    assert any("to the last digit" in note for note in shown["notes"])
    assert {row["kind"] for row in shown["rows"]} == {"cell", "claim"}
    assert all(row["agrees"] for row in shown["rows"])


def test_a_cell_outside_its_interval_and_a_claim_of_the_other_sign_do_not_agree(answered: Path, capsys) -> None:
    content = json.loads((answered / "does.json").read_text(encoding="utf-8"))
    (one,) = content["datasets"]
    one["cells"][0]["test"] |= {"low": 0.999, "high": 1.0}
    claim = next(claim for claim in one["claims"] if claim["statement"].startswith(STATEMENT))
    claim["verdict"] = "better" if claim["difference"]["value"] < 0 else "worse"
    (answered / "other.json").write_text(json.dumps(content), encoding="utf-8")
    assert run(["reproduce", "does", "--against", "other.json", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["name"] for row in rows if row["agrees"] is False] == [one["cells"][0]["name"], claim["statement"]]


@pytest.mark.slow
def test_a_fresh_start_trains_everything_again(answered: Path, data_home: Path, capsys) -> None:
    before = {trial.user_attrs["run_id"] for trial in trials(data_home, "anew@cxidb")}
    assert run(["reproduce", "does", "--against", "does.json", "--study", "anew", "--fresh"]) == 0
    after = {trial.user_attrs["run_id"] for trial in trials(data_home, "anew@cxidb")}
    assert len(after) == 4
    assert not after & before


@pytest.mark.slow
def test_at_another_size_claims_are_compared_and_cells_are_not(answered: Path, capsys) -> None:
    command = ["reproduce", "does", "--against", "does.json", "--study", "other", "--set", "image_size=36", "--json"]
    assert run(command) in (0, 1)
    shown = json.loads(capsys.readouterr().out)
    assert {row["agrees"] for row in shown["rows"] if row["kind"] == "cell"} == {None}
    assert {row["agrees"] for row in shown["rows"] if row["kind"] == "claim"} <= {True, False}
    assert "Cells are not judged, claims are: published is does-quick with 64 shots at 32 px" in shown["notes"][0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["dose"], "unknown question 'dose'; valid: does. Did you mean 'does'?"),
        (["does", "--size", "small"], "unknown size of does 'small'; valid: quick, full."),
        (["does", "--set", "epoch=1"], "unknown parameter 'epoch'; valid: "),
        (["does", "--against", "none.json"], "results none.json cannot be read: No such file or directory"),
        (["does", "--against", "does.yaml"], "results does.yaml: "),
        (["does", "--against", "wrong.json"], "wrong.json answers 'headline', not 'does'"),
        (["does", "--write", "a.txt"], "--write a.txt: give a file ending in .json"),
        (["does", "--write", "none/a.json"], "none/a.json: there is no such folder; name one that exists with --write"),
        (["does", "--write", "a.json", "--set", "epochs=2"], "--write keeps the answers of a shipped experiment; "),
        (
            ["does", "--set", "epochs=2", "--against", "does.json"],
            "has other settings (epochs 1 there, 2 now)",
        ),
        (["does"], "nothing is published on question 'does'; published: "),
    ],
)
def test_wrong_input_is_refused_in_one_line(answered: Path, words: list[str], message: str, capsys) -> None:
    text = (answered / "does.json").read_text(encoding="utf-8")
    (answered / "wrong.json").write_text(text.replace('"question": "does"', '"question": "headline"'), encoding="utf-8")
    assert run(["reproduce", *words]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("airybench: ")]
    assert message in line
