"""`airybench data`: make, bring in, describe and check stores."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import DATASET_HELP, Debug, Force, Json, Simulator, StorePath
from airybench.cli.options.completion import DATASETS
from airybench.cli.options.panels import START
from airybench.cli.options.source import source_options, takes_source
from airybench.cli.show.console import ConsoleReporter
from airybench.cli.show.output import print_result
from airybench.cli.show.pictures import require_picture, save_picture
from airybench.cli.simulate import print_made, simulate
from airybench.config import SEED
from airybench.provenance import SIMULATOR_VERSION

if TYPE_CHECKING:
    pass

app = App(name="data", help="Simulate, import, describe and check the data that networks see.", no_args_is_help=True)


app.command()(simulate)


@app.command("import")
@takes_source()
def import_(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE", help="File or folder of shots; several of one kind make one store."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Store to write.", show_default="NAME.h5 in the data folder", rich_help_panel=START
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Name of the data set.", show_default="the source's file name", rich_help_panel=START
        ),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
    **given: Any,
) -> None:
    """Import shots into a store: most layouts of the field are recognised.

    What was recognised and chosen is printed. `airybench data info SOURCE` prints the same without importing.
    """
    from airybench.data.formats.dispatch import import_data

    options = source_options(given, name=name)
    store = import_data(sources, output, options, force=force, reporter=ConsoleReporter())
    print_made(store, as_json=as_json)


@app.command("list")
def list_(as_json: Json = False, debug: Debug = False) -> None:
    """List the stores in the data folder, simulated and imported."""
    from airybench.cli.show.console import notice
    from airybench.cli.show.store import print_stores
    from airybench.data.store.describe import outline
    from airybench.paths import data_folder

    folder = data_folder()
    found = [outline(path) for path in sorted(folder.glob("*.h5"))]
    if not found and not as_json:
        notice(f"no stores in {folder} yet; airybench data simulate helium makes one")
        return
    print_result(found, as_json=as_json, data=list, text=print_stores)


@app.command()
def export(
    path: StorePath,
    output: Annotated[Path, typer.Option(metavar="PATH", help="Deposit to write, a .cxi file.")],
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a store as a deposit in the layout of CXIDB id 94."""
    from airybench.data.formats.deposit_export import export_store
    from airybench.data.store.store import Store

    store = Store.open(path)
    made = export_store(store, output, force=force, reporter=ConsoleReporter())
    facts = {"path": str(made), "shots": store.count, "size_bytes": made.stat().st_size}
    print_result(made, as_json=as_json, data=lambda _: facts)


@app.command()
@takes_source()
def info(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE", help="Store, or file or folder of shots of any known kind.")
    ],
    as_json: Json = False,
    debug: Debug = False,
    **given: Any,
) -> None:
    """Show what a store contains, or what an import of a file or folder would take.

    Nothing is written. Where an import would ask for something, the command to type is shown.
    """
    from airybench.cli.show.command import command_with, words_of
    from airybench.cli.show.store import print_source, print_store
    from airybench.data.formats.description import describe_source
    from airybench.data.formats.store_source import recognises
    from airybench.data.reading.options import DEFAULT_OPTIONS
    from airybench.data.store.describe import describe
    from airybench.data.store.store import Store

    if len(sources) == 1 and recognises(sources[0], DEFAULT_OPTIONS):
        print_result(describe(Store.open(sources[0])), as_json=as_json, data=dict, text=print_store)
        return
    facts = describe_source(sources, source_options(given))
    words = ["data", "import", *map(str, sources), *words_of(given)]
    facts["command"] = command_with(words, facts.pop("option") or "")
    print_result(facts, as_json=as_json, data=dict, text=print_source)


@app.command()
def check(
    path: StorePath,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw the median over shots, bad pixels circled (or .pdf, .svg).",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check every image of a store and its hash; count repeats and bad pixels."""
    from dataclasses import asdict

    from airybench.cli.show.store import check_lines
    from airybench.data.store.check import StoreSample
    from airybench.data.store.check import check as check_store
    from airybench.data.store.near_repeats import Neighbours
    from airybench.data.store.repeats import repeats
    from airybench.data.store.store import Store

    require_picture(picture, force=force)
    store = Store.open(path)
    neighbours, sample = Neighbours(store.groups()), StoreSample(store)
    survey = check_store(store, ConsoleReporter(), (neighbours.add, sample.add))
    found = repeats(survey.hashes, store.labels() if store.labelled else None)
    near, bad = neighbours.result(), sample.search()
    facts = {"path": str(path), "shots": store.count, "content_sha256": store.content_sha256, "repeats": asdict(found)}
    facts |= {"near_repeats": asdict(near), "bad_pixels": {"shots": bad.shots, **bad.counts}}
    facts |= {"constant_regions": {"number": bad.region_count, "pixels": int(bad.regions.sum())}}
    lines = check_lines(store, survey, found, near, bad)
    if picture is not None:
        from airybench.figures.bad_pixels import bad_pixel_figure

        save_picture(bad_pixel_figure(bad, store.path.name), picture)
    seen = {key: value for key, value in vars(survey).items() if key != "hashes"}
    print_result(lines, as_json=as_json, data=lambda _: facts | seen)


@app.command()
def gallery(
    store: Annotated[str, typer.Argument(metavar="STORE", help=DATASET_HELP, autocompletion=DATASETS)],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Picture to write, a .png, .pdf or .svg file.",
            show_default="STORE-gallery.png in this folder",
        ),
    ] = None,
    columns: Annotated[int, typer.Option(min=1, max=20, help="Examples of each class.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the choice of shots.")] = SEED,
    simulator: Simulator = SIMULATOR_VERSION,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw example patterns of every class.

    The picture has one row per class, on a logarithmic colour scale.
    """
    from airybench.config.experiments import load_experiment
    from airybench.data.datasets.catalog import open_dataset
    from airybench.figures.gallery import store_gallery

    path = output or Path(f"{Path(store).stem}-gallery.png")
    require_picture(path, force=force)
    data = load_experiment("quick").base.data  # the stand-in that a sweep would make
    found = open_dataset(store, count=data.count, seed=data.data_seed, simulator=simulator, reporter=ConsoleReporter())
    save_picture(store_gallery(found, columns=columns, seed=seed), path)
    facts = {"picture": str(path), "store": str(found.path), "classes": len(found.class_names)}
    print_result(path, as_json=as_json, data=lambda _: facts)


@app.command()
def histograms(
    store: StorePath,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Picture to write, a .png, .pdf or .svg file.",
            show_default="STORE-histograms.png in this folder",
        ),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw what the shots of a simulated store were made from.

    The page has histograms of photons, radius, odd part, ring ratio and energy, of all shots and run by run.
    """
    from airybench.data.store.store import Store
    from airybench.figures.histograms import store_histograms

    path = output or Path(f"{store.stem}-histograms.png")
    require_picture(path, force=force)
    found = Store.open(store)
    save_picture(store_histograms(found), path)
    facts = {"picture": str(path), "store": str(found.path), "shots": found.count}
    print_result(path, as_json=as_json, data=lambda _: facts)
