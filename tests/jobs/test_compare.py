"""Comparing studies from Python: values come back, notices go to the reporter, and nothing is printed."""

import shutil
from pathlib import Path

import pytest
from reporters import CollectingReporter

from airybench.analysis.compare import Comparison
from airybench.errors import AirybenchError
from airybench.jobs.compare import compare_studies
from airybench.paths import data_folder
from airybench.report.answers import answer_study
from airybench.sweep.saved_studies import read


@pytest.fixture(scope="module")
def both(finished) -> Comparison:
    return compare_studies(["both"])


def test_a_comparison_and_a_report_say_the_same(both: Comparison) -> None:
    """The two once had an estimator each: intervals over shots here, over shots and seeds there."""
    for one in both.datasets:
        answered = answer_study(read(data_folder() / "studies", f"both@{one.dataset}"))
        assert {cell.config.label: cell.test for cell in one.cells} == {
            cell.config.label: cell.test["macro_ap"] for cell in answered.cells
        }
        claims = {answer.pairs: answer.difference for answer in answered.answers}
        for pair in one.pairs:
            assert pair.difference == claims[((pair.on.label, pair.off.label),)]


def test_nothing_is_printed_and_notices_are_reported(finished, tmp_path: Path, capsys) -> None:
    reporter = CollectingReporter()
    found = compare_studies(["both@helium"], metric="mcc", top=1, reporter=reporter)
    assert (found.metric, len(found.datasets[0].cells), found.datasets[0].cell_count) == ("mcc", 1, 3)
    assert reporter.notices == []
    assert capsys.readouterr() == ("", "")


def test_runs_are_looked_for_where_they_are_said_to_be(finished, tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'other.db'}"
    with pytest.raises(AirybenchError, match=r"other\.db"):
        compare_studies(["both"], uri=elsewhere)
    shutil.copy(finished.folder / "mlflow.db", tmp_path / "copy.db")
    moved = compare_studies(["both@helium"], uri=f"sqlite:///{tmp_path / 'copy.db'}")
    assert moved.datasets[0].cells == compare_studies(["both@helium"]).datasets[0].cells
