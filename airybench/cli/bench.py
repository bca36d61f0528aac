"""`airybench bench`: how fast each part is on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from airybench.cli.bench_data import app as bench_data
from airybench.cli.layout import App
from airybench.cli.options.benchmark import (
    Arch,
    Count,
    Depth,
    ImageSize,
    Output,
    Precision,
    Repeats,
)
from airybench.cli.options.common import Debug, Device, Json, Threads
from airybench.cli.options.completion import choices
from airybench.cli.options.panels import START, TRAINING
from airybench.cli.show.measuring import measure_and_print
from airybench.cli.show.pictures import ENDINGS, ENDINGS_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from airybench.bench.measure import Measurement
    from airybench.reporter import Reporter

app = App(name="bench", help="Measure speed and memory on this machine.")


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Run every benchmark, in less than ten minutes.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a table in Markdown, row by row.")] = False,
    device: Device = "auto",
    threads: Threads = None,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure speed and memory on this machine."""
    from airybench.errors import ConfigError

    if context.invoked_subcommand is not None:
        if everything:
            raise ConfigError("--all runs every benchmark; leave out the name of one")
        return
    if not everything:
        print(context.get_help())
        raise typer.Exit
    from airybench.bench.everything import bench_all

    def measure(on: "torch.device", reporter: "Reporter") -> "Iterator[Measurement]":
        return bench_all(device=on, reporter=reporter)

    measure_and_print("all", measure, device, output, as_json, markdown)


@app.command()
def train(
    arch: Arch = "resnet",
    depth: Depth = 18,
    image_size: ImageSize = 64,
    batch_size: Annotated[int, typer.Option(min=1, help="Number of shots in a step.", rich_help_panel=TRAINING)] = 24,
    precision: Precision = "auto",
    compile: Annotated[bool, typer.Option("--compile", help="Compile the network.", rich_help_panel=TRAINING)] = False,
    count: Count = 480,
    against: Annotated[
        str,
        typer.Option(
            metavar="plain|nothing",
            help="plain: also time a plain PyTorch loop.",
            autocompletion=choices("plain", "nothing"),
            rich_help_panel=START,
        ),
    ] = "plain",
    profile: Annotated[
        bool, typer.Option("--profile", help="Also show where the time goes.", rich_help_panel=START)
    ] = False,
    repeats: Repeats = 5,
    device: Device = "auto",
    threads: Threads = None,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure the speed of training.

    It is compared with bare steps on one ready batch, and with a plain loop over an h5py DataLoader.
    """
    from airybench.bench.train import bench_train
    from airybench.errors import unknown

    if against not in ("plain", "nothing"):
        raise unknown("--against", against, ("plain", "nothing"))
    config = _config(
        arch=arch, depth=depth, image_size=image_size, batch_size=batch_size, precision=precision, compile=compile
    )

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        return bench_train(
            config=config, count=count, repeats=repeats, plain=against == "plain", profile=profile, device=on,
            reporter=reporter,
        )  # fmt: skip

    measure_and_print("train", measure, device, output, as_json)


@app.command()
def steps(
    arch: Arch = "resnet",
    depth: Depth = 18,
    image_size: ImageSize = 64,
    batch_size: Annotated[int, typer.Option(min=1, help="Number of shots in a step.", rich_help_panel=TRAINING)] = 24,
    compiled: Annotated[
        bool,
        typer.Option("--compiled/--not-compiled", help="Also compile the network.", rich_help_panel=TRAINING),
    ] = True,
    repeats: Repeats = 5,
    device: Device = "auto",
    threads: Threads = None,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure what each way to compute a training step is worth.

    The ways are number formats, memory layouts and a compiled network; and in a step, ways to update the weights and
    to add the penalties.
    """
    from airybench.bench.steps import bench_steps

    config = _config(arch=arch, depth=depth, image_size=image_size, batch_size=batch_size)

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        return bench_steps(config=config, repeats=repeats, compiled=compiled, device=on, reporter=reporter)

    measure_and_print("steps", measure, device, output, as_json)


@app.command()
def predict(
    arch: Arch = "resnet",
    depth: Depth = 18,
    image_size: ImageSize = 224,
    precision: Precision = "auto",
    count: Count = 384,
    repeats: Repeats = 3,
    device: Device = "auto",
    threads: Threads = None,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure the speed and memory of prediction.

    A compressed store is predicted from file to file, and compared with bare forward passes.
    """
    from airybench.bench.predict import bench_predict

    config = _config(arch=arch, depth=depth, image_size=image_size, precision=precision)

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        return bench_predict(config=config, count=count, repeats=repeats, device=on, reporter=reporter)

    measure_and_print("predict", measure, device, output, as_json)


@app.command()
def sweep(
    trials: Annotated[
        int, typer.Option(min=3, help="Trials of the short study. The long one has three times as many.")
    ] = 6,
    many: Annotated[
        int, typer.Option(min=10, help="Trials of the large study that is started, resumed and compared.")
    ] = 1000,
    device: Device = "auto",
    threads: Threads = None,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure what a study costs besides its trainings.

    These are the overhead of tracking and checkpoints, and the time to start, resume and compare large studies.
    """
    from airybench.bench.overhead import bench_overhead
    from airybench.bench.studies import bench_studies
    from airybench.bench.sweep import bench_sweep

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        return [
            *bench_overhead(device=on, reporter=reporter),
            *bench_sweep(trials=trials, device=on, reporter=reporter),
            *bench_studies(trials=many, device=on, reporter=reporter),
        ]

    measure_and_print("sweep", measure, device, output, as_json)


@app.command()
def contention(
    image_size: ImageSize = 64,
    batch_size: Annotated[int, typer.Option(min=1, help="Number of shots in a step.", rich_help_panel=TRAINING)] = 24,
    repeats: Repeats = 5,
    threads: Threads = None,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure what other busy programs cost.

    A ResNet-18 trains on the CPU beside none, one, and as many busy processes as there are cores: with threads that
    spin briefly while they wait for one another, as this program has them, and with threads that spin by default.
    """
    from airybench.bench.contention import bench_contention

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        return bench_contention(image_size=image_size, batch_size=batch_size, repeats=repeats, reporter=reporter)

    measure_and_print("contention", measure, "cpu", output, as_json)


@app.command()
def scale(
    trials: Annotated[int, typer.Option(min=30, help="Trials of the study.")] = 1000,
    plot: Annotated[Path | None, typer.Option(metavar="PATH", help="Also draw a .png, .pdf or .svg file.")] = None,
    device: Device = "auto",
    threads: Threads = None,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure how time grows with images and with trials.

    Rising numbers of images are simulated, trained on and predicted, and a study is filled with trials.
    """
    from airybench.bench.scale import measure_growth, rows
    from airybench.cli.show.console import notice
    from airybench.errors import InputError
    from airybench.figures.growth import growth
    from airybench.figures.style import save
    from airybench.paths import writable

    if plot is not None:
        if plot.suffix.lower() not in ENDINGS:
            raise InputError(f"--plot {plot}: give a file ending in {ENDINGS_TEXT}")
        writable(plot.absolute().parent, "choose another --plot")

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        images, study = measure_growth(trials=trials, device=on, reporter=reporter)
        if plot:
            drawn = {one.name: (one.counts, one.seconds) for one in images}
            save(growth(drawn, study.per_trial, f"How cost grows ({on})"), plot)
            notice(f"written: {plot}")
        return rows(images, study)

    measure_and_print("scale", measure, device, output, as_json)


def _config(**changes: Any) -> Any:
    """The configuration that is measured: the paper's network, with a batch norm that settles in a short training."""
    from airybench.config import TrialConfig

    return TrialConfig().replace({"bn_momentum": 0.1, "antialias": True} | changes)


app.add_typer(bench_data)
