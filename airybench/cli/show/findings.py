"""What `airybench doctor` found, on stdout."""

from collections.abc import Sequence

from airybench.cli.show.output import result_console
from airybench.jobs.doctor import Finding, State

STYLES: dict[State, str] = {"ok": "green", "warn": "yellow", "fail": "red"}


def print_findings(findings: Sequence[Finding]) -> None:
    """Print one line for each check, its remedy below it, and a verdict."""
    console = result_console()
    for one in findings:
        console.print(f"{one.state:4}", style=STYLES[one.state], end="")
        console.print(f"  {one.subject:12}", end="")
        console.print(one.found, end=f"\n{'':20}-> " if one.remedy else "\n", soft_wrap=True)
        if one.remedy:
            console.print(one.remedy, soft_wrap=True)
    usable = all(one.state != "fail" for one in findings)
    console.print("Fit for sweeps." if usable else "Not fit for sweeps: see what fails above.", soft_wrap=True)
