"""`airybench bench`: how fast each part is on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from airybench.cli.options import Debug, Device, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airybench.bench.measure import Measurement

app = typer.Typer(
    name="bench",
    help="Measure speed and memory on this machine.",
    rich_markup_mode=None,
    add_completion=False,
)

Repeats = Annotated[int, typer.Option(min=1, help="Repeats, of which median and range are shown.")]
Output = Annotated[
    str | None, typer.Option(metavar="csv|FILE.csv", help="csv: print CSV; a file name: write CSV there as well.")
]


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Run every benchmark, one after the other, in under ten minutes.")
    ] = False,
    device: Device = "auto",
    output: Output = None,
    json: Json = False,
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
    from airybench.cli.show.console import progress_bar
    from airybench.training.device import choose_device

    _refuse_early(output)
    where = choose_device(device)
    with progress_bar("measuring") as progress:
        found = bench_all(device=where, progress=progress)
    _report("all", found, str(where), output, json)


@app.command()
def train(
    arch: Annotated[str, typer.Option(help="As `airybench train` takes it.")] = "resnet",
    depth: Annotated[int, typer.Option(help="Layers.")] = 18,
    image_size: Annotated[int, typer.Option(min=32, help="Side of the images, pixels.")] = 64,
    batch_size: Annotated[int, typer.Option(min=1, help="Shots a step.")] = 24,
    precision: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")] = "auto",
    compile: Annotated[bool, typer.Option("--compile", help="Compile the network.")] = False,
    count: Annotated[int, typer.Option(min=20, help="Shots of the simulated store.")] = 480,
    against: Annotated[str, typer.Option(metavar="plain|nothing", help="Beside a plain PyTorch loop.")] = "plain",
    profile: Annotated[bool, typer.Option("--profile", help="Also tell where the time goes.")] = False,
    repeats: Repeats = 5,
    device: Device = "auto",
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train: share of bare steps on one ready batch, and against a plain loop over an h5py DataLoader."""
    from airybench.bench.train import bench_train
    from airybench.cli.show.console import progress_bar
    from airybench.errors import unknown
    from airybench.training.device import choose_device

    if against not in ("plain", "nothing"):
        raise unknown("--against", against, ("plain", "nothing"))
    _refuse_early(output)
    where = choose_device(device)
    config = _config(
        arch=arch, depth=depth, image_size=image_size, batch_size=batch_size, precision=precision, compile=compile
    )
    with progress_bar("training") as progress:
        found = bench_train(
            config=config, count=count, repeats=repeats, plain=against == "plain", profile=profile, device=where,
            progress=progress,
        )  # fmt: skip
    _report("train", found, str(where), output, json)


@app.command()
def predict(
    arch: Annotated[str, typer.Option(help="As `airybench train` takes it.")] = "resnet",
    depth: Annotated[int, typer.Option(help="Layers.")] = 18,
    image_size: Annotated[int, typer.Option(min=32, help="Side of the images, pixels.")] = 224,
    precision: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")] = "auto",
    count: Annotated[int, typer.Option(min=20, help="Shots of the simulated store.")] = 384,
    repeats: Repeats = 3,
    device: Device = "auto",
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Predict a compressed store, file to file: share of bare forward passes, and flat memory."""
    from airybench.bench.predict import bench_predict
    from airybench.cli.show.console import progress_bar
    from airybench.training.device import choose_device

    _refuse_early(output)
    where = choose_device(device)
    config = _config(arch=arch, depth=depth, image_size=image_size, precision=precision)
    with progress_bar("predicting") as progress:
        found = bench_predict(config=config, count=count, repeats=repeats, device=where, progress=progress)
    _report("predict", found, str(where), output, json)


@app.command()
def sweep(
    trials: Annotated[
        int, typer.Option(min=3, help="Trials of the short study; the long one has three times more.")
    ] = 6,
    many: Annotated[
        int, typer.Option(min=10, help="Trials of a large study that is started, resumed and compared.")
    ] = 1000,
    device: Device = "auto",
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """What a study adds to bare training, and what a trial costs beside its training, however many there are."""
    from airybench.bench.overhead import bench_overhead
    from airybench.bench.studies import bench_studies
    from airybench.bench.sweep import bench_sweep
    from airybench.cli.show.console import progress_bar
    from airybench.training.device import choose_device

    _refuse_early(output)
    where = choose_device(device)
    with progress_bar("training with a study and without") as progress:
        found = bench_overhead(device=where, progress=progress)
    with progress_bar("sweeping") as progress:
        found += bench_sweep(trials=trials, device=where, progress=progress)
    with progress_bar("filling a large study") as progress:
        found += bench_studies(trials=many, device=where, progress=progress)
    _report("sweep", found, str(where), output, json)


@app.command()
def scale(
    trials: Annotated[int, typer.Option(min=30, help="Trials of the study.")] = 1000,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw it as well.")] = None,
    device: Device = "auto",
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """How cost grows: simulation, training and prediction with images, a study with trials."""
    from airybench.bench.scale import measure_growth, rows
    from airybench.cli.show.console import notice, progress_bar
    from airybench.errors import InputError
    from airybench.figures.growth import growth
    from airybench.figures.style import save
    from airybench.paths import writable
    from airybench.training.device import choose_device

    _refuse_early(output)
    if plot is not None:
        if plot.suffix.lower() != ".png":
            raise InputError(f"--plot {plot}: give a file ending in .png")
        writable(plot.absolute().parent, "choose another --plot")
    where = choose_device(device)
    with progress_bar("measuring growth") as progress:
        images, study = measure_growth(trials=trials, device=where, progress=progress)
    if plot:
        drawn = {one.name: (one.counts, one.seconds) for one in images}
        save(growth(drawn, study.told, f"How cost grows ({where})"), plot)
        notice(f"written: {plot}")
    _report("scale", rows(images, study), str(where), output, json)


@app.command("import")
def import_(
    count: Annotated[int, typer.Option(min=1, help="Entries of the short deposit.")] = 48,
    repeats: Repeats = 3,
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Import deposits of 1035 x 1035 images: images per second, memory, linearity."""
    from airybench.bench.importing import bench_import
    from airybench.cli.show.console import progress_bar

    _refuse_early(output)
    with progress_bar("importing") as progress:
        found = bench_import(count=count, repeats=repeats, progress=progress)
    _report("import", found, "cpu", output, json)


@app.command()
def simulate(
    count: Annotated[int, typer.Option(min=1, help="Shots a repeat.")] = 64,
    repeats: Repeats = 5,
    device: Device = "cpu",
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate patterns of both data sets: patterns per second, memory, linearity."""
    from airybench.bench.simulate import bench_simulate
    from airybench.cli.show.console import progress_bar
    from airybench.training.device import choose_device

    _refuse_early(output)
    where = choose_device(device)
    with progress_bar("simulating") as progress:
        found = bench_simulate(count=count, repeats=repeats, device=where, progress=progress)
    _report("simulate", found, str(where), output, json)


@app.command()
def correlate(
    count: Annotated[int, typer.Option(min=1, help="Images in the batch.")] = 64,
    image_size: Annotated[int, typer.Option(min=32, help="Edge of the images, pixels.")] = 64,
    radial: Annotated[bool, typer.Option("--radial", help="Radial maps, axes (q1, q2), not angular ones.")] = False,
    repeats: Repeats = 5,
    device: Device = "auto",
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make correlation maps: maps per second, against plain NumPy and against what a ResNet-18 consumes."""
    from airybench.bench.correlate import bench_correlate
    from airybench.cli.show.console import progress_bar
    from airybench.training.device import choose_device

    _refuse_early(output)
    kind: Literal["angular", "radial"] = "radial" if radial else "angular"
    where = choose_device(device)
    with progress_bar("correlating") as progress:
        found = bench_correlate(
            count=count, image_size=image_size, repeats=repeats, kind=kind, device=where, progress=progress
        )
    _report("correlate", found, str(where), output, json)


def _config(**changes: Any) -> Any:
    """The configuration that is measured: the paper's network, in short."""
    from airybench.config import TrialConfig

    return TrialConfig().replace({"bn_momentum": 0.1, "antialias": True} | changes)


def _refuse_early(output: str | None) -> None:
    from airybench.errors import InputError

    if output in (None, "csv"):
        return
    path = Path(str(output))
    if path.suffix.lower() != ".csv" or not path.absolute().parent.is_dir():
        raise InputError(f"--output {output}: give the word csv, or a file ending in .csv in a folder that exists")


def _report(name: str, found: "Sequence[Measurement]", device: str, output: str | None, json: bool) -> None:
    """The table, JSON or CSV of one benchmark."""
    from dataclasses import asdict

    import torch

    from airybench.bench.measure import as_csv, machine
    from airybench.cli.show.console import print_json
    from airybench.errors import DataError

    where = machine(torch.device(device))
    text = as_csv(name, found, where)
    if output not in (None, "csv"):
        try:
            Path(str(output)).write_text(text, encoding="utf-8")
        except OSError as error:
            raise DataError(f"{output}: cannot be written ({error.strerror}); choose another --output") from error
    if json:
        numbers = [{k: None if v != v else v for k, v in asdict(row).items()} for row in found]
        print_json({"bench": name, "machine": where, "measurements": numbers})
    elif output == "csv":
        print(text, end="")
    else:
        _print_table(name, found, where)


def _print_table(name: str, found: "Sequence[Measurement]", where: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False, width=None if Console().is_terminal else 160)
    table = Table("bench", "subject", "quantity", "median", "range", "unit", "of goal", box=None, pad_edge=False)
    for row in found:
        goal = "" if row.goal != row.goal else f"{row.ratio:.2f} x ({row.goal:g})"
        spread = f"{row.low:.4g} - {row.high:.4g}" if row.repeats > 1 else ""
        table.add_row(name, row.subject, row.quantity, f"{row.median:.4g}", spread, row.unit, goal)
    console.print(table)
    console.print(", ".join(f"{key} {value}" for key, value in where.items()))
