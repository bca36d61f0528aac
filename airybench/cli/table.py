"""`airybench table`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, Json, Latex, Storage, StudyArguments, TestMetric, TrackingUri
from airybench.cli.options.early import loading, require_studies
from airybench.cli.options.panels import OUTPUT
from airybench.errors import InputError

app = App()


@app.command()
def table(
    study: StudyArguments = None,
    trials: Annotated[
        bool, typer.Option("--trials", help="One row for each trial instead of one for each cell.")
    ] = False,
    metric: TestMetric = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print every column as CSV.", rich_help_panel=OUTPUT)] = False,
    latex: Latex = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.", rich_help_panel=OUTPUT)] = False,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write every column to a Parquet file.", rich_help_panel=OUTPUT)
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="File to write instead of printing.", metavar="PATH", rich_help_panel=OUTPUT),
    ] = None,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the cells or the trials of studies as one tidy table.

    Each value has a column of its own, in CSV, Parquet and JSON; LaTeX, Markdown and the table on a terminal hold the
    scores with their 95 % intervals.
    """
    flags = {"--csv": csv, "--latex": latex, "--markdown": markdown, "--parquet": parquet, "--json": as_json}
    asked = [name for name, on in flags.items() if on]
    if len(asked) > 1:
        raise InputError(f"found {' and '.join(asked)}; a table has one format, give one of them")
    if parquet and output is None:
        raise InputError("--parquet writes a file; name it with --output FILE.parquet")
    if output is not None and not output.absolute().parent.is_dir():
        raise InputError(f"--output {output}: give a file in a folder that exists")
    if output is not None and not asked:
        raise InputError(f"--output {output} needs a format; add --csv, --latex, --markdown or --parquet")
    require_studies(study or (), storage)
    with loading():
        from airybench.cli.show.console import ConsoleReporter, notice
        from airybench.cli.show.tidy import print_or_write
        from airybench.jobs.table import tidy_table

    rows = tidy_table(
        study or (), trials=trials, metric=metric, uri=tracking_uri, storage=storage, reporter=ConsoleReporter()
    )
    print_or_write(rows, asked[0].strip("-") if asked else "", output)
    if output is not None:
        notice(f"written: {output}")
