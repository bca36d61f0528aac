"""What goes to stderr while a job runs, and what becomes of its results."""

import pytest

from airybench.cli.show.console import ConsoleReporter
from airybench.reporter import Reporter


def test_notices_and_progress_go_to_stderr_and_results_to_the_printer(capsys: pytest.CaptureFixture[str]) -> None:
    printed: list[object] = []
    reporter: Reporter = ConsoleReporter(printed.append)
    reporter.notify("helium: simulated data")
    with reporter.progress("making helium") as progress:
        progress(4, 4)
    reporter.result("a leaderboard")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[0] == "helium: simulated data"
    assert shown.err.splitlines()[1].startswith("making helium: 4/4 after ")
    assert printed == ["a leaderboard"]


def test_nothing_is_drawn_for_work_that_was_done_already(capsys: pytest.CaptureFixture[str]) -> None:
    with ConsoleReporter().progress("making helium"):
        pass
    assert capsys.readouterr().err == ""
