"""`airybench calibrate`."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, Json, Storage, TrackingUri
from airybench.cli.options.completion import choices, study_names
from airybench.cli.options.early import loading, require_studies
from airybench.cli.options.panels import DATA, OUTPUT, PLACE, START
from airybench.config import METRICS, SEED

Number = TypeVar("Number", int, float)

app = App()


@app.command()
def calibrate(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Finished study whose cells are compared with themselves.",
            autocompletion=study_names,
        ),
    ] = None,
    synthetic: Annotated[
        bool,
        typer.Option("--synthetic", help="Judge simulated benchmarks whose truth is known.", rich_help_panel=START),
    ] = False,
    metric: Annotated[
        str,
        typer.Option(
            help="Metric of a study on the test split.",
            metavar="METRIC",
            autocompletion=choices(*METRICS),
            rich_help_panel=START,
        ),
    ] = "macro_ap",
    benchmarks: Annotated[
        int,
        typer.Option(
            min=1,
            help="Benchmarks of each kind with 154 shots. Larger ones are drawn less often.",
            rich_help_panel=START,
        ),
    ] = 500,
    shots: Annotated[
        str, typer.Option(help="Test shots.", metavar="NUMBER,...", rich_help_panel=DATA)
    ] = "154,1090,5000",
    seeds: Annotated[
        str, typer.Option(help="Seeds of each cell, 2 or more.", metavar="NUMBER,...", rich_help_panel=DATA)
    ] = "2,3,5",
    seed_sd: Annotated[
        str,
        typer.Option(help="Standard deviation of macro AP between seeds.", metavar="NUMBER,...", rich_help_panel=DATA),
    ] = "0.01,0.03",
    runs: Annotated[
        str,
        typer.Option(
            help="Runs that the shots come from, with the correlation of the noise inside a run. 0: none.",
            metavar="0|RUNS:CORRELATION,...",
            rich_help_panel=DATA,
        ),
    ] = "0,20:0.1,20:0.2",
    effect: Annotated[
        float,
        typer.Option(
            help="By how much macro AP of the first cell is larger. Above 0, verdicts are true ones.",
            metavar="NUMBER",
            rich_help_panel=DATA,
        ),
    ] = 0.0,
    claims: Annotated[
        int,
        typer.Option(
            min=1,
            help="Differences of each benchmark that are judged together; one with any false verdict counts.",
            rich_help_panel=DATA,
        ),
    ] = 1,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the random numbers.", metavar="NUMBER", rich_help_panel=DATA)
    ] = SEED,
    workers: Annotated[int, typer.Option(min=1, help="Processes that judge benchmarks.", rich_help_panel=PLACE)] = 1,
    output: Annotated[
        str | None,
        typer.Option(
            help="Folder for calibration.json and calibration.png. What it holds already is continued.",
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure how often verdicts and intervals are wrong.

    With STUDY, the seeds of each cell are divided into two sides in every way. Nothing differs between them, so every
    verdict that one is better is false.

    With --synthetic, benchmarks are drawn whose truth is known. Where --output is given, the same command continues
    after an interruption.
    """
    from airybench.errors import ConfigError

    if (study is None) != synthetic:
        found = "neither STUDY nor --synthetic" if study is None else f"{study} and --synthetic"
        raise ConfigError(f"{found} found; give one: airybench calibrate STUDY, or airybench calibrate --synthetic")
    require_studies([study] if study else [], storage)
    from pathlib import Path

    with loading():
        from airybench.analysis.calibration_grid import settings_grid
        from airybench.cli.show.calibration import print_real, print_synthetic, real_json, synthetic_json
        from airybench.cli.show.console import ConsoleReporter
        from airybench.cli.show.output import print_result
        from airybench.jobs.calibrate import calibrate_study, calibrate_synthetic

    if study is not None:
        real = calibrate_study(study, metric=metric, storage=storage, uri=tracking_uri, seed=seed)
        print_result(real, as_json=as_json, data=real_json, text=print_real)
        return
    grid = settings_grid(
        _numbers("shots", shots, int), _numbers("seed-sd", seed_sd, float), _runs(runs), effect, claims
    )
    result = calibrate_synthetic(
        grid,
        _numbers("seeds", seeds, int),
        benchmarks=benchmarks,
        seed=seed,
        workers=workers,
        folder=Path(output) if output else None,
        reporter=ConsoleReporter(),
    )
    print_result(result, as_json=as_json, data=synthetic_json, text=print_synthetic)


def _numbers(name: str, text: str, kind: Callable[[str], Number]) -> list[Number]:
    from airybench.errors import ConfigError

    try:
        return list(dict.fromkeys(kind(word) for word in text.split(",")))
    except ValueError:
        raise ConfigError(f"--{name} {text} found; expected numbers with commas between them") from None


def _runs(text: str) -> list[tuple[int, float]]:
    """Number of runs and correlation inside them.

    >>> _runs("0,20:0.1")
    [(0, 0.0), (20, 0.1)]
    """
    from airybench.errors import ConfigError

    found = []
    for word in text.split(","):
        number, colon, correlation = word.partition(":")
        try:
            found.append((int(number), float(correlation or 0)))
        except ValueError:
            raise ConfigError(f"--runs {text} found; expected such as 0,20:0.1") from None
        if bool(colon) != (found[-1][0] > 0):
            raise ConfigError(f"--runs {word} found; expected 0, or such as 20:0.1 for 20 runs of correlation .1")
    return found
