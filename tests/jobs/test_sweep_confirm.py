"""A real sweep that confirms what it chose: interrupted, resumed, shown, tracked, compared and reported."""

import json
import re
from contextlib import chdir
from pathlib import Path

import pytest
from kept import runs_of

from airybench.analysis.intervals import difference
from airybench.cli.main import run
from airybench.config import TrialConfig
from airybench.config.experiments import load_experiment
from airybench.jobs.sweep import run_sweep
from airybench.report.answers import answer_study
from airybench.sweep.observer import SilentObserver
from airybench.sweep.saved_studies import read
from airybench.training.epoch import Epoch

FRESH = 1612 + 1000
STUDY = "confirmed@helium"
SPACE = """
space:
  - {log_activation: [true], alpha: [0.2, 0.5], leakiness: [0.2]}
  - {log_activation: [false], leakiness: [0.2]}
"""


class _Interrupting(SilentObserver):
    """Ctrl-C in the first training with a fresh seed."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.running: dict[int, TrialConfig] = {}

    def confirmation_started(self, cells: list[str], seeds: int, left: int) -> None:
        assert (seeds, left) == (1, len(cells))
        self.cells = cells

    def trial_started(self, number: int, config: TrialConfig, title: str) -> None:
        self.running[number] = config

    def epoch_finished(self, number: int, epoch: Epoch) -> None:
        if self.running[number].training.seed >= FRESH:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> tuple[Path, list[str]]:
    """A folder and the command of a sweep of three cells, of which two alphas compete."""
    folder = tmp_path_factory.mktemp("confirm")
    content = tiny.read_text(encoding="utf-8")
    (folder / "two.yaml").write_text(content[: content.index("space:")] + SPACE, encoding="utf-8")
    words = ["sweep", "--config", "two.yaml", "--dataset", "helium", "--study", "confirmed", "--confirm", "1"]
    return folder, words


def test_from_the_dry_run_to_the_report(command: tuple[Path, list[str]], data_home: Path, capsys, monkeypatch) -> None:
    folder, words = command
    with chdir(folder):
        assert run([*words, "--dry-run", "--json"]) == 0
        (planned,) = json.loads(capsys.readouterr().out)
        assert (planned["confirm"], planned["confirmations"]) == (1, 2)
        assert planned["seconds"] == pytest.approx(sum(cell["seconds"] for cell in planned["cells"]) * 5 / 3, rel=0.01)
        assert run([*words, "--dry-run"]) == 0
        assert "at most 2 chosen cells x 1 fresh seed, 2 trials after the last one" in capsys.readouterr().out
        sweep = load_experiment("two.yaml").customised({}, (), {"confirm": 1})
        watch = _Interrupting()
        with pytest.raises(KeyboardInterrupt):
            run_sweep(sweep, ["helium"], study="confirmed", observer=watch)
        chosen = len(watch.cells)
        assert chosen in (1, 2)
        assert (len(read(data_home / "studies", STUDY).finished), read(data_home / "studies", STUDY).confirmations) == (
            3, ()
        )  # fmt: skip
        assert run([*words, "--json"]) == 0
        printed = capsys.readouterr()
        assert f"{STUDY}: {chosen} trial{'s' if chosen > 1 else ''} on" in printed.err
        assert f"confirmation of {', '.join(watch.cells)} with 1 fresh seed" in printed.err
        (shown,) = json.loads(printed.out)
        assert [row["seeds"] for row in shown["leaderboard"]] == [1, 1, 1], "a confirmation ranks nothing"
        assert [one["name"] for one in shown["confirmed"]] == watch.cells
        parents, children = runs_of(folder, STUDY)
        assert parents[0].data.tags["airybench.confirm"] == "1"
        marked = [one for one in children if one.data.tags.get("airybench.confirmation") == "yes"]
        assert sorted(one.info.status for one in marked) == ["FINISHED"] * chosen + ["KILLED"]
        assert {one.data.params["seed"] for one in marked} == {str(FRESH)}
        assert run(words) == 0
        assert f"{STUDY}: nothing left to run, all {3 + chosen} trials have finished" in capsys.readouterr().out
        monkeypatch.setattr("airybench.jobs.finished_before.finished_before", lambda *given: [])
        assert run(words) == 0
        again = capsys.readouterr()
        assert f"{STUDY}: nothing left to run" in again.err
        assert "Confirmation, val macro_ap with fresh seeds: " in again.out
        assert len(runs_of(folder, STUDY)[1]) == 4 + chosen
        assert run(["studies", "show", STUDY]) == 0
        assert "confirmation" in capsys.readouterr().out


def test_what_was_chosen_is_judged_by_its_fresh_seeds(command: tuple[Path, list[str]], data_home: Path, capsys) -> None:
    folder, words = command
    saved = read(data_home / "studies", STUDY)
    if not saved.confirmations:
        with chdir(folder):
            assert run(words) == 0
        saved = read(data_home / "studies", STUDY)
    found = answer_study(saved)
    answers = {one.statement: one for one in found.answers}
    best = answers["the best network with the logarithmic activation against the best without it"]
    assert (best.tried, best.fresh, best.chosen_among) == ((2, 1), True, 1)
    on = next(cell for cell in found.cells if cell.config.network.log_activation)
    off = next(cell for cell in found.cells if not cell.config.network.log_activation)
    values = [difference(one, off.predictions, found.metric).value for one in (on.confirmed, on.predictions)]
    assert best.difference.value == values[0] != values[1]
    pooled = answers["the logarithmic activation against none"]
    assert (pooled.tried, pooled.fresh) == ((2, 1), False)
    capsys.readouterr()
    with chdir(folder):
        assert run(["report", "--study", "confirmed", "--output", "report.html", "--no-pictures"]) == 0
        assert run(["compare", "--study", "confirmed", "--json"]) == 0
        (dataset,) = json.loads(capsys.readouterr().out.split("report.md\n")[1])["datasets"]
        assert run(["compare", "--study", "confirmed"]) == 0
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "chosen among 2 on val and trained again with fresh seeds" in text
    assert f"- fresh seeds: `{FRESH}`" in text
    assert "--seeds 1 --confirm 1" in text
    assert "Tried: the sides of 2 of " in text
    (pair,) = dataset["log_activation"]["pairs"]
    assert (pair["tried"], pair["fresh_seeds"]) == ([2, 1], True)
    printed = " ".join(capsys.readouterr().out.split())
    assert re.search(r"resnet18-log\S+ 1\* \+ 1 2 \+ 1 ", printed)
    assert "with fresh seeds where there are some (*)" in printed
