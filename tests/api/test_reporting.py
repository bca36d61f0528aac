"""What a notebook and a script see of long work."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from airybench.api import reporting
from airybench.api.reporting import LogObserver, LogReporter, NotebookObserver, NotebookReporter
from airybench.config import TrialConfig


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is displayed: one entry per output of the cell, its states in order."""
    shown: list[list[str]] = []

    def display(page: str, handle: Any = None) -> Any:
        if handle is None:
            shown.append([page])
            return SimpleNamespace(states=shown[-1])
        handle.states.append(page)
        return handle

    monkeypatch.setattr(reporting, "_display", display)
    monkeypatch.setattr(reporting, "REDRAW_SECONDS", 0.0)
    return shown


def test_a_script_gets_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "airybench")
    reporter = reporting.default_reporter()
    assert isinstance(reporter, LogReporter)
    assert isinstance(reporting.default_observer(), LogObserver)
    reporter.notify("100 % <done>")
    with reporter.progress("simulating") as progress:
        progress(1, 2)
        progress(2, 2)
    with reporter.progress("nothing to do"):
        pass
    assert [record.getMessage().partition(" after")[0] for record in caplog.records] == [
        "100 % <done>", "simulating: 2 done",
    ]  # fmt: skip


def test_a_notebook_gets_one_bar_per_piece_of_work(pages: list[list[str]]) -> None:
    reporter = NotebookReporter()
    with reporter.progress("simulating <helium>") as progress:
        assert pages == []  # nothing is drawn before there is work
        for done in range(4):
            progress(done, 3)
    reporter.notify("a < b")
    bar, notice = pages
    assert "simulating &lt;helium&gt;" in bar[0]
    assert "value='0' max='3'" in bar[0]
    assert "value='3' max='3'" in bar[-1]
    assert notice == ["<div>a &lt; b</div>"]


def test_a_study_is_one_bar_of_trials(pages: list[list[str]]) -> None:
    config = TrialConfig()
    observer = NotebookObserver()
    observer.study_started("demo@helium", 3, [])
    for number in range(3):
        observer.trial_started(number, config)
        epoch = SimpleNamespace(number=1, val=SimpleNamespace(values={"macro_ap": 0.5}))
        observer.epoch_finished(number, epoch)  # type: ignore[arg-type]
        if number == 1:
            observer.trial_ended(number, "failed", "its loss became infinite")
        else:
            observer.trial_finished(number, SimpleNamespace())  # type: ignore[arg-type]
    bar, notice = pages
    assert any("val macro-AP 0.500" in state and config.title in state for state in bar)
    assert "3 of 3" in bar[-1]
    assert "failed: its loss became infinite" in notice[0]
