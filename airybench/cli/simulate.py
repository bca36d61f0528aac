"""`airybench data simulate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from airybench.cli.options.common import Debug, Device, Force, Json, Simulator
from airybench.cli.options.completion import DATASETS
from airybench.cli.options.panels import DATA, OUTPUT, PLACE, START
from airybench.cli.show.console import ConsoleReporter
from airybench.cli.show.output import print_result
from airybench.config import SEED
from airybench.provenance import SIMULATOR_VERSION

if TYPE_CHECKING:
    from airybench.data.store.store import Store


def simulate(
    context: typer.Context,
    dataset: Annotated[
        str, typer.Argument(metavar="helium|cxidb", help="Data set to simulate.", autocompletion=DATASETS)
    ],
    count: Annotated[int, typer.Option(min=1, help="Number of shots.", rich_help_panel=START)] = 1024,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed. Shot i depends on the seed and on i only.", rich_help_panel=START)
    ] = SEED,
    output: Annotated[
        Path | None,
        typer.Option(help="Store to write.", show_default="a file in the data folder", rich_help_panel=OUTPUT),
    ] = None,
    balance: Annotated[
        float, typer.Option(min=0, max=1, help="Lowest probability of each class.", rich_help_panel=DATA)
    ] = 0.0,
    hit_rate: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            help="Share of shots that are hits; the rest are Empty or Background.",
            show_default="as in the label table",
            rich_help_panel=DATA,
        ),
    ] = None,
    simulator: Simulator = SIMULATOR_VERSION,
    from_truth: Annotated[
        Path | None,
        typer.Option(
            metavar="STORE",
            help="Instead of new shots, write the noise-free pattern of every shot of this simulated store.",
            show_default=False,
            rich_help_panel=START,
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes that simulate. The shots do not depend on it.",
            show_default="one per usable core",
            rich_help_panel=PLACE,
        ),
    ] = None,
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate a data set in place of the measured one.

    On the CPU every machine makes the same bytes. A GPU is faster, and changes single counts.
    """
    from airybench.data.datasets.simulated import CPU, Series, simulated_store
    from airybench.provenance import DATA_SOURCE, DIGESTS, SIMULATOR, digests_text
    from airybench.tracking.launch import launched

    if from_truth is not None:
        _noise_free(context, dataset, from_truth, output, force=force, as_json=as_json)
        return
    place = CPU
    if device != CPU:
        from airybench.training.device import choose_device  # loads CUDA's libraries

        place = str(choose_device(device))
    series = Series(dataset, seed, balance, hit_rate, version=simulator, device=place)
    asked = {"dataset": dataset, "count": count, "seed": seed, "balance": balance}
    asked |= {"simulator": simulator} | ({} if hit_rate is None else {"hit_rate": hit_rate})
    with launched(f"simulate {dataset}", "launch", asked) as run:
        store = simulated_store(
            series,
            count,
            output=output,
            force=force,
            processes=processes,
            reporter=ConsoleReporter(),
        )
        if run:
            made = {DATA_SOURCE: store.source, SIMULATOR: str(store.simulator)}
            run.tag({DIGESTS: digests_text(data=store.content_sha256), **made})
    print_made(store, as_json=as_json)


def _noise_free(
    context: typer.Context, dataset: str, path: Path, output: Path | None, *, force: bool, as_json: bool
) -> None:
    """Write the noise-free patterns of a store; what says which shots to simulate has no place there."""
    from airybench.data.datasets.noise_free import write_noise_free
    from airybench.data.store.store import Store
    from airybench.errors import ConfigError

    kept = ("dataset", "from_truth", "output", "force", "as_json", "debug")
    given = [name for name in context.params if name not in kept and _typed(context, name)]
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise ConfigError(f"--from-truth takes its shots from {path}; leave out {names}")
    store = Store.open(path)
    if store.name != dataset:
        raise ConfigError(f"{path} holds shots of {store.name}, {dataset} is asked for; name {store.name}")
    made = write_noise_free(store, output, force=force, reporter=ConsoleReporter())
    facts = {"path": str(made), "shots": store.count, "size_bytes": made.stat().st_size}
    print_result(made, as_json=as_json, data=lambda _: facts)


def _typed(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def print_made(store: "Store", *, as_json: bool) -> None:
    """Print the path of a store that was made, or what it holds."""
    from airybench.data.store.describe import describe

    print_result(store, as_json=as_json, data=describe, text=lambda made: print(made.path))
