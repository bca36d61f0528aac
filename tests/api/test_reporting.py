"""What a notebook and a script see of long work."""

import logging

import pytest

from airybench.api import reporting
from airybench.api.reporting import LogReporter, NotebookReporter


def test_a_script_gets_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "airybench")
    reporter = reporting.default_reporter()
    assert isinstance(reporter, LogReporter)
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
