"""Findings of `airybench doctor` on stdout."""

import pytest

from airybench.cli.show.findings import print_findings
from airybench.jobs.doctor import Finding

GOOD = Finding("disk", "ok", "73 GB free")
BAD = Finding("data folder", "fail", "no permission in [red]x", "set AIRYBENCH_DATA")


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([GOOD], ["ok    disk        73 GB free", "Fit for sweeps."]),
        (
            [GOOD, BAD],
            [
                "ok    disk        73 GB free",
                "fail  data folder no permission in [red]x",
                "                    -> set AIRYBENCH_DATA",
                "Not fit for sweeps: see what fails above.",
            ],
        ),
    ],
)
def test_lines(findings: list[Finding], expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    print_findings(findings)
    assert capsys.readouterr().out.splitlines() == expected
