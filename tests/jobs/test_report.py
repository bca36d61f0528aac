"""Writing a report from Python: what it says comes back as values."""

import shutil
from pathlib import Path

import pytest
from reporters import CollectingReporter

from airybench.errors import DataError, StudyError
from airybench.jobs.report import write_report
from airybench.paths import data_folder
from airybench.report.page import html, markdown, sentence


def test_the_page_says_what_is_returned(finished, tmp_path: Path, capsys) -> None:
    output = tmp_path / "report.html"
    found = write_report(["both@helium"], output, pictures=False)
    assert [(one.name, one.dataset) for one in found] == [("both", "helium")]
    assert output.read_text(encoding="utf-8") == html(found, {})
    text = output.with_suffix(".md").read_text(encoding="utf-8")
    assert text == markdown(found)
    for answer in found[0].answers:
        assert f"- **{answer.verdict}**: {sentence(answer, 'macro_ap')}" in text
    assert capsys.readouterr() == ("", "")


def test_data_that_are_gone_leave_a_report_without_pictures(finished, tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(data_folder() / "studies", tmp_path / "studies")
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path))
    reporter = CollectingReporter()
    write_report(["both@helium"], tmp_path / "report.html", reporter=reporter)
    (notice,) = reporter.notices
    assert notice.startswith("both@helium: no pictures of shots: the data of helium with sha256")
    assert "Right and wrong predictions" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_study_that_cannot_be_reported_on_is_left_out_unless_asked_for(finished, tmp_path: Path) -> None:
    shutil.copytree(data_folder() / "studies", tmp_path / "studies")
    (tmp_path / "studies" / "never@helium.journal").write_text("", encoding="utf-8")
    reporter, where = CollectingReporter(), str(tmp_path / "studies")
    found = write_report([], tmp_path / "report.html", pictures=False, storage=where, reporter=reporter)
    assert {f"{one.name}@{one.dataset}" for one in found} >= {"both@helium", "both@cxidb"}
    assert any(
        notice.startswith("never@helium is left out: study never@helium never began") for notice in reporter.notices
    )
    with pytest.raises(StudyError, match="never began"):
        write_report(["never"], tmp_path / "report.html", storage=where)


def test_a_page_that_cannot_be_written_is_one_line(finished, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be written \(Is a directory\); choose another --output"):
        write_report(["both@helium"], tmp_path, pictures=False)
