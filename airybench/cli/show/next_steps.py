"""What to type after a sweep, and where its runs are."""

import shlex
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console

from airybench.passwords import hidden
from airybench.study_name import StudyName
from airybench.tracking.pages import address, run_place
from airybench.tracking.store import tracking_uri

PORT = 5000
"""Of `airybench ui`."""


class RunStudy(Protocol):
    """A study that was run, now or before."""

    @property
    def study(self) -> str:
        """Its name, `NAME@D`."""

    @property
    def parent_run(self) -> str:
        """Id of its run."""

    @property
    def tracking_uri(self) -> str:
        """The tracking store that holds it."""

    @property
    def model_uri(self) -> str:
        """The winner's MLflow model; empty where no weights are kept."""

    @property
    def experiment_id(self) -> str:
        """Its MLflow experiment."""


def print_next_steps(console: Console, studies: Sequence[RunStudy], storage: str | None = None) -> None:
    """The commands that go on from here, and the address of the run of each study.

    Args:
        console: where to.
        studies: of one sweep, at least one.
        storage: `--storage`, if given.
    """
    uri, name = hidden(studies[0].tracking_uri), StudyName.parse(studies[0].study).name
    kept = f" --storage {shlex.quote(hidden(storage))}" if storage else ""
    other = "" if uri == tracking_uri() else f" --tracking-uri {shlex.quote(uri)}"
    server = uri.startswith("http")
    away = other if storage else ""  # else the name of a study leads to its store
    steps = {
        f"airybench compare --study {name}{kept}": "every cell on test, and what the activation changes",
        f"airybench report --study {name} --output {name}.html{kept}": "all of it on one page",
    }
    for one in (study for study in studies if study.model_uri):
        model = shlex.quote(f"winner:{one.study}")
        steps[f"airybench predict {model} FILE --output {one.study}.h5{away}"] = "the winner on your shots"
    if not server:
        steps[f"airybench ui{other}"] = "the runs in MLflow, at the addresses below"
    console.print("\nNext:")
    for command, what in steps.items():
        console.print(f"  {command}\n      {what}", soft_wrap=True)
    pages = uri if server else f"http://127.0.0.1:{PORT}"
    console.print("Runs:")
    for one in studies:
        place = run_place(one.experiment_id, one.parent_run)
        console.print(f"  {one.study}: {address(pages, place)}", soft_wrap=True)
