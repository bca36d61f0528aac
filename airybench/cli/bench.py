"""`airybench bench`: how fast each part is on this machine."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from airybench.cli.layout import App
from airybench.cli.options.benchmark import (
    Arch,
    Count,
    Depth,
    ImageSize,
    Output,
    Precision,
    Processes,
    Repeats,
    StackStorage,
    require_csv,
)
from airybench.cli.options.common import Debug, Device, Json, Simulator
from airybench.cli.options.completion import choices
from airybench.cli.options.panels import START, TRAINING
from airybench.provenance import SIMULATOR_VERSION

if TYPE_CHECKING:
    import torch

    from airybench.bench.measure import Measurement
    from airybench.reporter import Reporter

    Measure = Callable[[torch.device, Reporter], list[Measurement]]

app = App(name="bench", help="Measure speed and memory on this machine.")


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Run every benchmark, in less than ten minutes.")] = False,
    device: Device = "auto",
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

    _measure("all", lambda on, reporter: bench_all(device=on, reporter=reporter), device, output, as_json)


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

    _measure("train", measure, device, output, as_json)


@app.command()
def predict(
    arch: Arch = "resnet",
    depth: Depth = 18,
    image_size: ImageSize = 224,
    precision: Precision = "auto",
    count: Count = 384,
    repeats: Repeats = 3,
    device: Device = "auto",
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

    _measure("predict", measure, device, output, as_json)


@app.command()
def sweep(
    trials: Annotated[
        int, typer.Option(min=3, help="Trials of the short study. The long one has three times as many.")
    ] = 6,
    many: Annotated[
        int, typer.Option(min=10, help="Trials of the large study that is started, resumed and compared.")
    ] = 1000,
    device: Device = "auto",
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

    _measure("sweep", measure, device, output, as_json)


@app.command()
def scale(
    trials: Annotated[int, typer.Option(min=30, help="Trials of the study.")] = 1000,
    plot: Annotated[Path | None, typer.Option(metavar="PATH", help="Also draw a .png file.")] = None,
    device: Device = "auto",
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
        if plot.suffix.lower() != ".png":
            raise InputError(f"--plot {plot}: give a file ending in .png")
        writable(plot.absolute().parent, "choose another --plot")

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        images, study = measure_growth(trials=trials, device=on, reporter=reporter)
        if plot:
            drawn = {one.name: (one.counts, one.seconds) for one in images}
            save(growth(drawn, study.per_trial, f"How cost grows ({on})"), plot)
            notice(f"written: {plot}")
        return rows(images, study)

    _measure("scale", measure, device, output, as_json)


@app.command("import")
def import_(
    count: Annotated[int, typer.Option(min=1, help="Number of images in the short deposit.")] = 48,
    frames: Annotated[int, typer.Option(min=4, help="Number of 1024 x 1024 images in a stack.")] = 512,
    storage: StackStorage = None,
    repeats: Repeats = 3,
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure the speed and memory of import.

    Deposits of 1035 x 1035 images are imported: images per second, memory, and linearity in their number. Stacks of
    1024 x 1024 images are read from the disk, decoded alone, and imported: images per second of each, and the import
    relative to the slower of the others. With --storage only these stacks are measured.
    """
    from airybench.bench.importing import bench_import
    from airybench.bench.stacks import STORAGES, bench_stacks

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        deposits = [] if storage else bench_import(count=count, repeats=repeats, reporter=reporter)
        stacks = bench_stacks(count=frames, repeats=repeats, storages=storage or tuple(STORAGES), reporter=reporter)
        return [*deposits, *stacks]

    _measure("import", measure, "cpu", output, as_json)


@app.command()
def simulate(
    count: Annotated[int, typer.Option(min=1, help="Number of shots in a repeat.")] = 64,
    processes: Processes = None,
    simulator: Simulator = SIMULATOR_VERSION,
    repeats: Repeats = 5,
    device: Device = "cpu",
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure the speed and memory of simulation.

    Both data sets are simulated, in one process and in several: patterns per second, memory, and linearity.
    """
    from airybench.bench.simulate import bench_simulate

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        return bench_simulate(
            count=count, repeats=repeats, device=on, processes=processes, simulator=simulator, reporter=reporter
        )

    _measure("simulate", measure, device, output, as_json)


@app.command()
def correlate(
    count: Annotated[int, typer.Option(min=1, help="Number of images in the batch.")] = 64,
    image_size: ImageSize = 64,
    radial: Annotated[
        bool, typer.Option("--radial", help="Radial maps, with axes (q1, q2), instead of angular ones.")
    ] = False,
    repeats: Repeats = 5,
    device: Device = "auto",
    output: Output = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure the speed of correlation maps.

    It is compared with plain NumPy, and with what a ResNet-18 in training consumes.
    """
    from airybench.bench.correlate import bench_correlate

    def measure(on: "torch.device", reporter: "Reporter") -> "list[Measurement]":
        return bench_correlate(
            count=count, image_size=image_size, repeats=repeats, kind="radial" if radial else "angular", device=on,
            reporter=reporter,
        )  # fmt: skip

    _measure("correlate", measure, device, output, as_json)


def _measure(name: str, measure: "Measure", device: str, output: str | None, as_json: bool) -> None:
    """Run a benchmark and print what it measured."""
    from airybench.cli.show.console import ConsoleReporter
    from airybench.cli.show.measurements import print_measurements
    from airybench.training.device import choose_device

    require_csv(output)
    on = choose_device(device)
    print_measurements(name, measure(on, ConsoleReporter()), str(on), output, as_json=as_json)


def _config(**changes: Any) -> Any:
    """The configuration that is measured: the paper's network, with a batch norm that settles in a short training."""
    from airybench.config import TrialConfig

    return TrialConfig().replace({"bn_momentum": 0.1, "antialias": True} | changes)
