"""`airybench report`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import FROM_CONFIG, Debug, Delta, Json, Storage, StudyNames, WideFolds, split_names
from airybench.cli.options.early import loading, require_studies

app = App()


@app.command()
def report(
    study: StudyNames = None,
    output: Annotated[
        Path, typer.Option(help="Page to write. The Markdown file is written beside it.", metavar="PATH")
    ] = Path("report.html"),
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Show shots that were classified right and wrong.")
    ] = True,
    delta: Delta = None,
    nadeau_bengio: WideFolds = False,
    storage: Storage = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Answer the questions of finished studies on one page.

    The page has tables, differences with their 95 % intervals, a verdict on each claim, and pictures. It is one HTML
    file that works offline and prints well. The same text is written as Markdown.
    """
    from airybench.errors import InputError

    if output.suffix.lower() not in (".html", ".htm") or not output.absolute().parent.is_dir():
        raise InputError(f"--output {output}: give a file ending in .html in a folder that exists")
    names = split_names(study)
    require_studies(names, storage)
    with loading():
        from airybench.analysis.fold_intervals import wide_folds
        from airybench.cli.show.answers import answers_json, print_answers
        from airybench.cli.show.console import ConsoleReporter
        from airybench.cli.show.output import print_result
        from airybench.config.margin import margin
        from airybench.jobs.report import write_report
        from airybench.tracking.launch import launched

    with launched("report", "launch", {"study": ",".join(names) or FROM_CONFIG, "output": output}) as run:
        with wide_folds(nadeau_bengio):
            studies = write_report(
                names, output, pictures=pictures, delta=margin(delta), storage=storage, reporter=ConsoleReporter()
            )
        if run:  # a project from a git URL runs in a temporary folder
            run.keep(output, output.with_suffix(".md"))
    print_result(studies, as_json=as_json, data=answers_json, text=print_answers)
    if not as_json:
        print(f"Report: {output}, and {output.with_suffix('.md')}")
