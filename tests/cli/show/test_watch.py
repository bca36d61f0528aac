"""What is shown while a study runs: several trials at once, lost and pruned ones."""

import io
from typing import Any

import pytest
from rich.console import Console

from airybench.cli.show.watch import StudyWatch
from airybench.config import RANKING, TrialConfig
from airybench.sweep.records import FinishedTrial
from airybench.training.epoch import Epoch
from airybench.training.metrics import Scores


def config(alpha: float) -> TrialConfig:
    return TrialConfig().replace({"alpha": alpha, "epochs": 5})


def epoch(number: int, value: float) -> Epoch:
    return Epoch(number, 0.1, 0.5, 100.0, Scores({"macro_ap": value, "loss": 0.4}, {}, {}))


def record(number: int, alpha: float, value: float) -> FinishedTrial:
    facts = {"best_epoch": 4.0, "images_per_second": 90.0}
    return FinishedTrial(number, config(alpha), {"loss": 0.4}, f"run{number}", facts, (value,))


def play(watch: StudyWatch) -> None:
    watch.study_started("s@helium", 5, [])
    for number, alpha in enumerate((0.1, 0.2, 0.3)):
        watch.trial_started(number, config(alpha), config(alpha).title)
    watch.epoch_finished(1, epoch(2, 0.61))
    watch.epoch_finished(0, epoch(3, 0.52))
    watch.trial_finished(0, record(0, 0.1, 0.55))
    watch.trial_ended(2, "lost", "its worker died (SIGKILL); it is run again")
    watch.trial_started(3, config(0.3), config(0.3).title)
    watch.trial_started(4, config(0.4), config(0.4).title)
    watch.trial_ended(4, "pruned", "fell behind")


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with StudyWatch(RANKING) as watch:
        play(watch)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "s@helium: 5 trials"
    assert lines[1:4] == [
        f"trial {n}/5 resnet18-log{a}-leaky0.2-s1612 begins" for n, a in ((1, 0.1), (2, 0.2), (3, 0.3))
    ]
    assert "resnet18-log0.2-leaky0.2-s1612 epoch 2/5: loss 0.5000, val macro_ap 0.610, 100 images/s" in lines[4]
    assert any(
        line.startswith("trial 1/5 resnet18-log0.1-leaky0.2-s1612: val macro_ap 0.550 after 0 s; about 0 s left")
        for line in lines
    )
    assert "trial resnet18-log0.3-leaky0.2-s1612 lost: its worker died (SIGKILL); it is run again" in lines
    assert "trial resnet18-log0.4-leaky0.2-s1612 pruned: fell behind" in lines


def test_a_log_has_a_line_about_epochs_once_a_minute_and_the_time_left_counts_the_trials_to_come(
    monkeypatch, capsys
) -> None:
    clock = [0.0]
    monkeypatch.setattr("airybench.cli.show.watch.time.monotonic", lambda: clock[0])
    with StudyWatch(RANKING) as watch:
        watch.study_started("s@helium", 4, [record(9, 0.9, 0.5)])
        watch.trial_started(0, config(0.1), config(0.1).title)
        for number in range(1, 6):
            clock[0] += 30.0 if number < 5 else 0.1
            watch.epoch_finished(0, epoch(number, 0.5))
        watch.trial_finished(0, record(0, 0.1, 0.55))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].split()[-1] for line in lines if " epoch " in line] == ["1/5", "3/5"]
    assert lines[-1] == "trial 2/4 resnet18-log0.1-leaky0.2-s1612: val macro_ap 0.550 after 120 s; about 4 min left"


def test_a_live_table_has_a_row_for_every_trial_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = StudyWatch(RANKING)
    live: Any = type("Live", (), {"console": Console(file=io.StringIO()), "update": lambda *_, **__: None})()
    watch._live = live
    monkeypatch.setattr("airybench.cli.show.watch.interactive", lambda: False)
    play(watch)
    shown = Console(file=io.StringIO(), width=110)
    shown.print(watch._table())
    text = shown.file.getvalue()  # type: ignore[attr-defined]
    assert "s@helium: 2 of 5 trials, 1 lost, 1 pruned" in text
    rows = [line for line in text.splitlines() if "resnet18" in line]
    assert ["> " in row for row in rows] == [False, True, True]
    assert "0.550" in rows[0]
    assert all(word in rows[1] for word in ("log0.2", "2/5", "0.610", "100"))
    assert "starting" in rows[2]
