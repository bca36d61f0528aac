"""`airybench bench import|simulate|correlate`: how fast data are made and read on this machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.benchmark import ImageSize, Output, Processes, Repeats, StackStorage
from airybench.cli.options.common import Debug, Device, Json, Simulator, Threads
from airybench.cli.show.measuring import measure_and_print
from airybench.provenance import SIMULATOR_VERSION

if TYPE_CHECKING:
    import torch

    from airybench.bench.measure import Measurement
    from airybench.reporter import Reporter

app = App()


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

    measure_and_print("import", measure, "cpu", output, as_json)


@app.command()
def simulate(
    count: Annotated[int, typer.Option(min=1, help="Number of shots in a repeat.")] = 64,
    processes: Processes = None,
    simulator: Simulator = SIMULATOR_VERSION,
    repeats: Repeats = 5,
    device: Device = "cpu",
    threads: Threads = None,
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

    measure_and_print("simulate", measure, device, output, as_json)


@app.command()
def correlate(
    count: Annotated[int, typer.Option(min=1, help="Number of images in the batch.")] = 64,
    image_size: ImageSize = 64,
    radial: Annotated[
        bool, typer.Option("--radial", help="Radial maps, with axes (q1, q2), instead of angular ones.")
    ] = False,
    repeats: Repeats = 5,
    threads: Threads = None,
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

    measure_and_print("correlate", measure, device, output, as_json)
