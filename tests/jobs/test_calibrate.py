"""Calibrations as a job: the grid, going on after an interruption, what is written, and a study against itself."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pilot_studies import pilot, sweep
from reporters import CollectingReporter

from airybench.analysis import calibration_draw
from airybench.analysis.calibration_draw import Setting, draw_benchmark
from airybench.cli.main import run
from airybench.errors import ConfigError, DataError
from airybench.jobs import calibrate as job
from airybench.jobs.calibrate import calibrate_synthetic


@pytest.fixture(autouse=True)
def few_for_expected_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration_draw, "_EXPECTED", 5)


GRID = [Setting(60, 0.02, cells=6), Setting(80, 0.02, runs=10, correlation=0.2, cells=6)]


def test_an_interrupted_calibration_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "WORK", 120)  # two benchmarks, or one, in a piece
    whole = calibrate_synthetic(GRID, (2, 3), benchmarks=4, seed=3)
    judged, calls = job.judged, []

    def interrupted(setting: Setting, seeds: Any, first: int, count: int, *, seed: int) -> Any:
        calls.append((setting.shots, first))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return judged(setting, seeds, first, count, seed=seed)

    monkeypatch.setattr(job, "judged", interrupted)
    with pytest.raises(KeyboardInterrupt):
        calibrate_synthetic(GRID, (2, 3), benchmarks=4, seed=3, folder=tmp_path)
    kept = json.loads((tmp_path / "calibration.json").read_text())
    assert [row["tally"]["drawn"] for row in kept["rows"]] == [4, 4, 1, 1]
    reporter = CollectingReporter()
    found = calibrate_synthetic(GRID, (2, 3), benchmarks=4, seed=3, folder=tmp_path, reporter=reporter)
    assert calls[3:] == [(80, 1), (80, 1), (80, 2), (80, 3)]
    assert reporter.steps[-1] == (8, 8)
    assert [(row.seeds, row.tally.drawn, row.tally.covered) for row in found.rows] == [
        (row.seeds, row.tally.drawn, row.tally.covered) for row in whole.rows
    ]
    assert [path.name for path in found.written] == [f"calibration.{kind}" for kind in ("json", "png", "pdf", "svg")]
    assert all(path.exists() for path in found.written)
    with pytest.raises(DataError, match="holds another calibration; choose another --output"):
        calibrate_synthetic(GRID, (2, 3), benchmarks=4, seed=4, folder=tmp_path)


def test_one_seed_is_refused() -> None:
    with pytest.raises(ConfigError, match="one seed has no verdict"):
        calibrate_synthetic(GRID, (1, 2))


def test_a_study_is_compared_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its predictions come from drawn benchmarks; the study itself is real."""
    pilot(tmp_path, "aa@helium", {0.1: [0.5, 0.6, 0.5], 0.2: [0.5, 0.6, 0.5], 0.0: [0.4, 0.5, 0.4]}, sweep())
    drawn = draw_benchmark(Setting(80, 0.02, cells=3), 3, np.random.default_rng(1), kept=3).cells
    order = iter([one for cell in drawn for one in cell])
    monkeypatch.setattr(job, "reopen", lambda uri, experiment: None)
    monkeypatch.setattr(job, "Run", lambda tracking, run_id: run_id)
    monkeypatch.setattr(job, "predictions", lambda run, part: next(order))
    assert run(["calibrate", "aa@helium", "--storage", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["study"], found["metric"], found["shots"]) == ("aa@helium", "macro_ap", 80)
    (sides,) = found["divisions"]
    assert (sides["first"], sides["second"], sides["cells"], sides["ways"]) == (1, 2, 3, 9)


def test_the_command_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        ([], "neither STUDY nor --synthetic found; give one"),
        (["s", "--synthetic"], "s and --synthetic found; give one"),
        (["--synthetic", "--shots", "few"], "--shots few found; expected numbers with commas"),
        (["--synthetic", "--runs", "20"], "--runs 20 found; expected 0, or such as 20:0.1"),
        (["--synthetic", "--runs", "a:b"], "--runs a:b found; expected such as"),
        (["none-such"], "study 'none-such'"),
    ):
        assert run(["calibrate", *words]) == 2
        assert message in capsys.readouterr().err


def test_a_small_calibration_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["calibrate", "--synthetic", "--benchmarks", "2", "--shots", "60", "--seed-sd", "0.02", "--seeds", "3"]
    assert run([*words, "--runs", "0,10:0.1"]) == 0
    printed = capsys.readouterr().out
    assert "10 runs, correlation 0.1" in printed
    assert "Aim: coverage 93% to 97%, false verdicts up to 6%; met within chance everywhere." in printed
    assert run([*words, "--runs", "0", "--claims", "3"]) == 0
    assert "benchmarks with a false verdict among 3 claims" in capsys.readouterr().out
    assert run([*words, "--runs", "0", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["shots"], row["seeds"], row["benchmarks"], row["missed"]) == (60, 3, 2, False)
