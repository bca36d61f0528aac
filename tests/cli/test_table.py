"""`airybench table`: one tidy table for programs and papers."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import Benchmark

import airybench as ab
from airybench.cli.main import run
from airybench.jobs.compare import compare_studies


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str], command: str = "table") -> str:
    code = run([*command.split(), *arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


def test_cells_are_those_of_the_leaderboard_and_of_compare(finished: Benchmark, capsys) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(["both", "--csv"], capsys))))
    assert [row["dataset"] for row in rows] == ["cxidb"] * 3 + ["helium"] * 3
    for dataset in ("helium", "cxidb"):
        mine = [row for row in rows if row["dataset"] == dataset]
        board = ab.open_study(f"both@{dataset}").leaderboard
        assert set(board.columns) <= set(mine[0])  # helium has columns of hit finding besides
        assert [row["name"] for row in mine] == board["name"].tolist()
        for name in ("val_macro_ap", "test_macro_ap", "test_low", "test_high", "seconds"):
            np.testing.assert_array_equal([float(row[name]) for row in mine], board[name])
        (compared,) = compare_studies([f"both@{dataset}"]).datasets
        assert {row["name"]: float(row["test_macro_ap"]) for row in mine} == {
            cell.label: cell.test.value for cell in compared.cells
        }


def test_trials_have_every_parameter(finished: Benchmark, capsys) -> None:
    rows = json.loads(printed(["both@helium", "--trials", "--json"], capsys))
    assert [row["trial"] for row in rows] == sorted(row["trial"] for row in rows)
    first = rows[0]
    assert {"arch", "depth", "alpha", "leakiness", "log_activation", "seed", "epochs", "val_macro_ap"} <= set(first)
    study = ab.open_study("both@helium")
    assert {row["run_id"] for row in rows} == set(study.trials["run_id"])


def test_parquet_holds_what_csv_holds(finished: Benchmark, tmp_path: Path, capsys) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "cells.parquet"
    printed(["both@helium", "--parquet", "--output", str(path)], capsys)
    rows = list(csv.DictReader(io.StringIO(printed(["both@helium", "--csv"], capsys))))
    kept = parquet.read_table(path).to_pylist()
    assert [{key: "" if value is None else str(value) for key, value in row.items()} for row in kept] == rows
    assert [one.name for one in tmp_path.iterdir()] == ["cells.parquet"]


def test_latex_compiles_where_there_is_latex_and_holds_the_scores(finished: Benchmark, tmp_path: Path, capsys) -> None:
    text = printed(["both@helium", "--latex"], capsys)
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    lines = [line for line in body.splitlines() if line.endswith(r"\\")]
    board = ab.open_study("both@helium").leaderboard
    for line, (_, row) in zip(lines, board.iterrows(), strict=True):
        cells = [cell.strip() for cell in line.removesuffix(r"\\").split("&")]
        assert cells[:4] == ["helium", "both", row["name"].replace("_", r"\_"), "1"]
        assert cells[5].startswith(f"${row['test_macro_ap']:.3f}$ [${row['test_low']:.3f}$, ")
    bare = re.sub(r"\\[_%&#]", "", body)
    assert not re.search(r"[_%#]", bare)
    if shutil.which("pdflatex"):
        page = r"\documentclass{article}\usepackage{booktabs}\begin{document}" + text + r"\end{document}"
        (tmp_path / "page.tex").write_text(page)
        subprocess.run(["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, check=True, capture_output=True)


def test_markdown_and_the_table_on_a_terminal_say_the_same(finished: Benchmark, capsys) -> None:
    markdown = printed(["both@cxidb", "--markdown"], capsys).splitlines()
    assert markdown[0] == "| data set | study | network | n | val macro_ap | test macro_ap |"
    shown = printed(["both@cxidb"], capsys)
    for line in markdown[2:]:
        for cell in (cell.strip() for cell in line.strip("|").split("|")):
            assert cell in " ".join(shown.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--csv", "--latex"], "found --csv and --latex"),
        (["--parquet"], "--output FILE.parquet"),
        (["--output", "a.csv"], "needs a format"),
        (["--csv", "--output", "no/such/folder/a.csv"], "a folder that exists"),
        (["bothh"], "both@helium"),
        (["--metric", "macro_app"], "macro_ap"),
    ],
)
def test_what_makes_no_table_is_refused(arguments, words: str, finished: Benchmark, capsys) -> None:
    assert run(["table", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert words in err


def test_compare_in_latex_has_cells_and_verdicts(finished: Benchmark, capsys) -> None:
    assert run(["compare", "--study", "both", "--latex"]) == 0
    text = capsys.readouterr().out
    (one, *_) = compare_studies(["both"]).datasets
    assert text.count(r"\toprule") == 4  # cells and pairs of two data sets
    assert text.count(f" & {one.pairs[0].judgement.verdict} ") + text.count(f"{one.pairs[0].judgement.verdict} \\") >= 1
    assert f"${one.pairs[0].difference.value:+.3f}$ [" in text
    assert run(["compare", "--study", "both", "--latex", "--json"]) == 2
    assert "one format" in capsys.readouterr().err


@pytest.mark.slow
def test_cells_that_differ_in_a_parameter_no_label_says_have_names_of_their_own(
    data_home: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {f"resnet18-log0.2-leaky0.2-base_lr{rate}" for rate in ("0.001", "0.002")}
    asked = [
        "sweep", "--study", "rates", "--dataset", "helium", "--count", "64", "--image-size", "32", "--epochs", "1",
        "--arch", "resnet", "--depth", "18", "--log-activation", "--alpha", "0.2", "--leakiness", "0.2",
        "--base-lr", "0.001,0.002", "--batch-size", "16", "--precision", "float32", "--stress",
    ]  # fmt: skip
    assert run([*asked, "--dry-run", "--json"]) == 0
    (planned,) = json.loads(capsys.readouterr().out)
    assert {cell["name"] for cell in planned["cells"]} == names
    assert run(asked) == 0
    followed, table = capsys.readouterr()
    for name in names:
        assert f"{name}-s1612 begins" in table
        assert name in followed
    assert {row["name"] for row in json.loads(printed(["rates", "--json"], capsys))} == names
    assert {row["name"] for row in json.loads(printed(["rates", "--trials", "--json"], capsys))} == names
    (compared,) = json.loads(printed(["--study", "rates", "--json"], capsys, "compare"))["datasets"]
    assert {cell["name"] for cell in compared["rows"]} == names
    shown = json.loads(printed(["rates", "--json"], capsys, "studies show"))
    assert {trial["cell"] for trial in shown["trials"]} == names
    assert run(["report", "--study", "rates", "--output", str(data_home / "rates.html")]) == 0
    capsys.readouterr()
    for ending in (".html", ".md"):
        page = (data_home / "rates").with_suffix(ending).read_text(encoding="utf-8")
        for name in names:
            assert page.count(name) >= 2, "among the cells, and among the scores under changes of the detector"
