"""`airybench predict`."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Csv, Debug, Device, Force, Json, Model, Threads, TrackingUri
from airybench.cli.options.early import loading, require_model
from airybench.cli.options.panels import OUTPUT, PLACE, SOURCE, START
from airybench.cli.options.source import source_options, takes_source
from airybench.errors import ConfigError

app = App()


@app.command()
@takes_source(importing=False)
def predict(
    model: Model,
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="File or folder of shots, or a store, labelled or not.")
    ],
    output: Annotated[Path, typer.Option(metavar="PATH", help="HDF5 file to write.", rich_help_panel=START)],
    csv: Csv = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Add a Grad-CAM++ map for every predicted class.", rich_help_panel=OUTPUT),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Predict the I-th of N equal parts, as in a job array. `airybench join` joins them.",
            rich_help_panel=PLACE,
        ),
    ] = None,
    ignore_labels: Annotated[
        bool,
        typer.Option(
            "--ignore-labels",
            help="Predict even if the source's labels are invalid or of other classes than the model's.",
            rich_help_panel=SOURCE,
        ),
    ] = False,
    readers: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="NUMBER",
            help="Processes that read and decompress images.",
            show_default="as many as help",
            rich_help_panel=PLACE,
        ),
    ] = None,
    compile: Annotated[
        bool,
        typer.Option(
            "--compile/--no-compile",
            help="Compile the network. Worth it for many shots on a GPU.",
            rich_help_panel=PLACE,
        ),
    ] = False,
    force: Force = False,
    device: Device = "auto",
    threads: Threads = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
    **given: Any,
) -> None:
    """Predict every shot of a source, labelled or not.

    The output holds id, probabilities and predicted classes of every shot. Memory does not grow with their number.
    After an interruption the same command resumes.
    """
    require_model(model, tracking_uri)
    with loading():
        from airybench.cli.show.console import ConsoleReporter, notice
        from airybench.cli.show.output import print_result
        from airybench.inference.plan import shard_of
        from airybench.inference.predict import PredictOptions
        from airybench.jobs.models import open_model
        from airybench.jobs.predict import predict_file
        from airybench.training.device import choose_device

    part, where = None if shard is None else shard_of(shard), choose_device(device)
    if part and csv:
        raise ConfigError("--csv needs all parts; give it to `airybench join`")
    reading = source_options(given, ignore_labels=ignore_labels)
    options = PredictOptions(
        explain=explain, table=csv, shard=part, force=force, readers=readers,
        compiled=compile,
    )  # fmt: skip
    reporter = ConsoleReporter()
    found = predict_file(
        model, open_model(model, tracking_uri, reporter), source, output, device=where, reading=reading,
        options=options, reporter=reporter,
    )  # fmt: skip
    speed = found.images_per_second
    facts = {**vars(found), "images_per_second": None if math.isnan(speed) else speed}
    print_result(found.output, as_json=as_json, data=lambda _: facts)
    if as_json:
        return
    if found.done_before:
        notice(f"{found.done_before} of {found.shots} shots were predicted before")
    if not math.isnan(speed):
        notice(f"{speed:.0f} images/s")
    if part:
        notice(f"part {part[0]} of {part[1]} is done; once all parts are: airybench join {output}")
