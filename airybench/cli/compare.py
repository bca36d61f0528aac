"""`airybench compare`."""

from typing import Annotated

import typer

from airybench.cli.options import Debug, Json, Storage, TrackingUri

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def compare(
    study: Annotated[
        list[str] | None,
        typer.Option(help="NAME (of every data set) or NAME@D; repeat it. [every study there]", metavar="NAME"),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="Metric on test. [the objective]", metavar="METRIC")] = None,
    top: Annotated[int, typer.Option(min=1, help="Cells and pairs of a data set to be scored on test.")] = 10,
    output: Annotated[
        str | None, typer.Option(help="Folder for the pictures compare.png and log-activation.png.", metavar="FOLDER")
    ] = None,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare cells across studies and data sets on test, and each network with the log activation against without."""
    from pathlib import Path

    from airybench.analysis.comparison_figures import write_figures
    from airybench.cli.show.comparison import comparison_json, print_comparison
    from airybench.cli.show.console import ConsoleReporter, notice, print_json
    from airybench.jobs.compare import compare_studies
    from airybench.paths import writable

    names = [word.strip() for name in study or () for word in name.split(",") if word.strip()]
    folder = writable(Path(output), "choose another --output") if output else None
    found = compare_studies(
        names, metric=metric, top=top, uri=tracking_uri, storage=storage, reporter=ConsoleReporter()
    )
    if folder:
        for path in write_figures(found, folder):
            notice(f"written: {path}")
    if as_json:
        print_json(comparison_json(found))
    else:
        print_comparison(found)
