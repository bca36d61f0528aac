"""`airybench data`: make, bring in, describe and check stores."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from airybench.cli.options import Debug, Json
from airybench.cli.show.console import ConsoleReporter, print_json
from airybench.cli.sources import Bin, Clip, CountsPerPhoton, Ids, Images, Mask, MaskConvention, Nan

if TYPE_CHECKING:
    from airybench.data.store.store import Store

app = typer.Typer(
    name="data",
    help="Make, import, describe and check the stores that networks are trained on.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

Force = Annotated[bool, typer.Option("--force", help="Replace an existing store.")]
StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="A store, FILE.h5.")]


@app.command()
def simulate(
    dataset: Annotated[str, typer.Argument(metavar="{helium|cxidb}", help="Which data set to simulate.")],
    count: Annotated[int, typer.Option(min=1, help="Number of shots.")] = 1024,
    seed: Annotated[int, typer.Option(min=0, help="Shot i depends on the seed and i only.")] = 1612,
    output: Annotated[Path | None, typer.Option(help="Store to make (default: in the data folder).")] = None,
    balance: Annotated[float, typer.Option(min=0, max=1, help="Least probability of each class.")] = 0.0,
    force: Force = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate a stand-in for one of the two data sets."""
    from airybench.data.datasets.simulated import simulated_store
    from airybench.tracking.launch import launched

    asked = {"dataset": dataset, "count": count, "seed": seed, "balance": balance}
    with launched(f"simulate {dataset}", "launch", asked) as run:
        store = simulated_store(
            dataset,
            count=count,
            seed=seed,
            balance=balance,
            output=output,
            force=force,
            reporter=ConsoleReporter(),
        )
        if run:
            run.tag({"airybench.data_sha256": store.content_sha256, "airybench.data_source": store.source})
    _made(store, json)


@app.command("import")
def import_(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE...", help="A deposit in the layout of CXIDB id 94, CXI files, or HDF5 stacks."),
    ],
    output: Annotated[Path | None, typer.Option(help="Store to make (default: NAME.h5 in the data folder).")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the data set (default: the file's).")] = None,
    images: Images = None,
    labels: Annotated[
        str | None, typer.Option(metavar="KEY", help="0 and 1, (N, C), or class numbers from 0, (N,).")
    ] = None,
    labels_csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV: id and a column a class of 0 and 1, or id and label.")
    ] = None,
    labelled_only: Annotated[
        bool, typer.Option("--labelled-only", help="Leave out shots that the CSV file does not name.")
    ] = False,
    class_names: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Names of the labels, in order (default: by their number).")
    ] = None,
    ids: Ids = None,
    energy: Annotated[str | None, typer.Option(metavar="KEY", help="Photon energy, eV or joule.")] = None,
    photon_energy: Annotated[
        float | None, typer.Option(metavar="EV", help="Photon energy of all shots, in place of --energy.")
    ] = None,
    groups: Annotated[
        str | None, typer.Option(metavar="KEY", help="Run number of each shot (default: the file's number).")
    ] = None,
    events: Annotated[list[str] | None, typer.Option(metavar="KEY", help="A further identifier; repeatable.")] = None,
    mask: Mask = None,
    mask_convention: MaskConvention = None,
    counts_per_photon: CountsPerPhoton = None,
    clip: Clip = False,
    nan: Nan = None,
    bin_: Bin = None,
    force: Force = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Bring a deposit, CXI files or HDF5 stacks into a store, once."""
    from airybench.data.formats.counts_rule import CountsRule
    from airybench.data.formats.dispatch import import_data
    from airybench.data.formats.options import LabelOptions, SourceOptions, StackKeys

    names = tuple(part.strip() for part in class_names.split(",")) if class_names else None
    keys = StackKeys(images, labels, ids, energy, photon_energy, groups, tuple(events or ()), mask, mask_convention)
    options = SourceOptions(
        keys=keys,
        rule=CountsRule.from_options(counts_per_photon, clip=clip, nan=nan),
        factor=bin_,
        labels=LabelOptions(labels_csv, names, labelled_only),
        name=name,
    )
    store = import_data(sources, output, options, force=force, reporter=ConsoleReporter())
    _made(store, json)


@app.command()
def export(
    path: StorePath,
    output: Annotated[Path, typer.Option(metavar="FILE.cxi", help="Deposit to make.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a store as a deposit in the layout of CXIDB id 94."""
    from airybench.data.formats.deposit_export import export_store
    from airybench.data.store.store import Store

    store = Store.open(path)
    made = export_store(store, output, force=force, reporter=ConsoleReporter())
    if json:
        print_json({"path": str(made), "shots": store.count, "size_bytes": made.stat().st_size})
    else:
        print(made)


@app.command()
def info(path: StorePath, json: Json = False, debug: Debug = False) -> None:
    """Show what a store holds."""
    from airybench.data.store.describe import describe
    from airybench.data.store.store import Store

    facts = describe(Store.open(path))
    if json:
        print_json(facts)
        return
    from rich.console import Console
    from rich.table import Table

    classes = facts.pop("classes")
    low, high = facts.pop("photon_energy_ev")
    facts["photon energy"] = f"{low:g} - {high:g} eV"
    facts["image_shape"] = "{} x {} px, uint16".format(*facts["image_shape"])
    facts["source_files"] = ", ".join(facts["source_files"] or ()) or None
    facts["size"] = f"{facts.pop('size_bytes') / 1e6:.1f} MB"
    # Names and paths come from files: none of it is markup.
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 200)
    table = Table(show_header=False, box=None, pad_edge=False)
    for key, value in facts.items():
        if value is not None:
            table.add_row(key.replace("_", " "), str(value))
    console.print(table)
    if classes:
        table = Table("class", "shots", "share", box=None, pad_edge=False)
        for name, number in classes.items():
            table.add_row(name, str(number), f"{number / facts['shots']:.1%}")
        console.print()
        console.print(table)


@app.command()
def check(path: StorePath, json: Json = False, debug: Debug = False) -> None:
    """Recompute the hash of a store and look at every image."""
    from dataclasses import asdict

    from airybench.data.store.check import check as check_store
    from airybench.data.store.store import Store

    store = Store.open(path)
    survey = check_store(store, ConsoleReporter())
    if json:
        print_json({"path": str(path), "shots": store.count, "content_sha256": store.content_sha256} | asdict(survey))
        return
    print(f"{path}: sound, {store.count} images as they were written ({store.content_sha256[:12]})")
    print(f"blank images: {survey.blank}; saturated: {survey.saturated}; largest count: {survey.largest}")


@app.command()
def gallery(
    store: Annotated[str, typer.Argument(metavar="STORE", help="A store (.h5), a deposit (.cxi), helium or cxidb.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Picture to write (default: STORE-gallery.png here).")
    ] = None,
    columns: Annotated[int, typer.Option(min=1, max=20, help="Examples a class.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Another seed shows other shots.")] = 1612,
    force: Force = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw a plate of patterns: one row a class, in log colours."""
    from airybench.config.experiments import load_experiment
    from airybench.data.datasets.catalog import resolve
    from airybench.errors import DataError
    from airybench.figures.gallery import store_gallery
    from airybench.figures.style import save
    from airybench.paths import require_absent

    path = output or Path(f"{Path(store).stem}-gallery.png")
    if path.suffix.lower() != ".png":
        raise DataError(f"{path}: a gallery is a PNG file; give --output a name that ends in .png")
    require_absent(path, force=force)
    data = load_experiment("quick").base.data  # the stand-in that a sweep would make
    found = resolve(store, count=data.count, seed=data.data_seed, reporter=ConsoleReporter())
    try:
        save(store_gallery(found, columns=columns, seed=seed), path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}); name another file with --output") from error
    if json:
        print_json({"picture": str(path), "store": str(found.path), "classes": len(found.class_names)})
    else:
        print(path)


def _made(store: "Store", json: bool) -> None:
    if json:
        from airybench.data.store.describe import describe

        print_json(describe(store))
    else:
        print(store.path)
