"""`airybench compare`."""

from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import (
    Debug,
    Delta,
    Json,
    Latex,
    Storage,
    StudyNames,
    TestMetric,
    TrackingUri,
    WideFolds,
    split_names,
)
from airybench.cli.options.early import loading, require_studies
from airybench.errors import InputError

app = App()


@app.command()
def compare(
    study: StudyNames = None,
    metric: TestMetric = None,
    top: Annotated[int, typer.Option(min=1, help="Number of cells and of pairs to score, for each data set.")] = 10,
    output: Annotated[
        str | None,
        typer.Option(help="Folder in which to write compare.png and log-activation.png.", metavar="FOLDER"),
    ] = None,
    latex: Latex = False,
    delta: Delta = None,
    nadeau_bengio: WideFolds = False,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare cells of several studies and data sets on the test split.

    Each network with the logarithmic activation is also compared with the same network without it.
    """
    if latex and as_json:
        raise InputError("found --latex and --json; a comparison has one format, give one of them")
    require_studies(split_names(study), storage)
    from pathlib import Path

    with loading():
        from airybench.analysis.comparison_figures import write_figures
        from airybench.analysis.fold_intervals import wide_folds
        from airybench.cli.show.comparison import comparison_json, comparison_latex, print_comparison
        from airybench.cli.show.console import ConsoleReporter, notice
        from airybench.cli.show.output import print_result
        from airybench.config.margin import margin
        from airybench.jobs.compare import compare_studies
        from airybench.paths import writable

    folder = writable(Path(output), "choose another --output") if output else None
    with wide_folds(nadeau_bengio):
        comparison = compare_studies(
            split_names(study),
            metric=metric,
            top=top,
            delta=margin(delta),
            uri=tracking_uri,
            storage=storage,
            reporter=ConsoleReporter(),
        )
    if folder:
        for path in write_figures(comparison, folder):
            notice(f"written: {path}")
    if latex:
        print(comparison_latex(comparison))
        return
    print_result(comparison, as_json=as_json, data=comparison_json, text=print_comparison)
