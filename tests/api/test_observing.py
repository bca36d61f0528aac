"""What a notebook and a script see of a running study."""

import logging
from types import SimpleNamespace

import pytest

from airybench.api.observing import LogObserver, NotebookObserver, default_observer
from airybench.config import TrialConfig


def test_a_script_gets_one_line_per_trial(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "airybench")
    observer = default_observer()
    assert isinstance(observer, LogObserver)
    observer.trial_finished(3, SimpleNamespace(title=TrialConfig().title, value=0.4567))  # type: ignore[arg-type]
    observer.trial_ended(4, "failed", "its loss became infinite")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"trial 3, {TrialConfig().title}: 0.457", "trial 4 failed: its loss became infinite"]


def test_a_study_is_one_bar_of_trials(pages: list[list[str]]) -> None:
    config = TrialConfig()
    observer = NotebookObserver()
    observer.study_started("demo@helium", 3, [])
    for number in range(3):
        observer.trial_started(number, config, config.title)
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
