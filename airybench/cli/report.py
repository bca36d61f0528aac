"""`airybench report`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.options import FROM_CONFIG, Debug, Json, Storage

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def report(
    study: Annotated[
        list[str] | None,
        typer.Option(help="NAME, for all data sets, or NAME@DATASET; repeat it. [every study there]"),
    ] = None,
    output: Annotated[Path, typer.Option(help="The page; Markdown goes beside it.", metavar="FILE.html")] = Path(
        "report.html"
    ),
    pictures: Annotated[bool, typer.Option("--pictures/--no-pictures", help="Shots told right and wrong.")] = True,
    storage: Storage = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Answer the questions of finished studies: tables, differences with intervals, claims held or not, pictures.

    One self-contained HTML page that works offline, in light and dark and on paper, and the same as Markdown.
    """
    from airybench.cli.show.answers import answers_json, print_answers
    from airybench.cli.show.console import ConsoleReporter, print_json
    from airybench.errors import InputError
    from airybench.jobs.report import write_report
    from airybench.tracking.launch import launched

    if output.suffix.lower() not in (".html", ".htm") or not output.absolute().parent.is_dir():
        raise InputError(f"--output {output}: give a file ending in .html in a folder that exists")
    names = [word.strip() for name in study or () for word in name.split(",")]
    names = [word for word in names if word not in ("", FROM_CONFIG)]
    with launched("report", "launch", {"study": ",".join(names) or FROM_CONFIG, "output": output}) as run:
        found = write_report(names, output, pictures=pictures, storage=storage, reporter=ConsoleReporter())
        if run:  # a project from a git URL runs in a folder that nobody looks into
            run.keep(output, output.with_suffix(".md"))
    if as_json:
        print_json(answers_json(found))
        return
    print_answers(found)
    print(f"Report: {output}, and {output.with_suffix('.md')}")
