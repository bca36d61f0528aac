"""A store on stdout: its facts and its classes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airybench.cli.show.grid import Grid
from airybench.cli.show.output import result_console

if TYPE_CHECKING:
    from airybench.data.store.bad_pixels import BadPixels
    from airybench.data.store.near_repeats import NearRepeats
    from airybench.data.store.repeats import Repeats
    from airybench.data.store.store import Store
    from airybench.data.store.survey import Survey

FACT = 14
"""Characters of the name of a fact."""

SOURCE = 9
"""Characters to which the words on where the shots are from are folded."""


def print_store(facts: dict[str, Any]) -> None:
    """Print what `describe` found in a store, and one line for each class."""
    shown = dict(facts)
    classes = shown.pop("classes")
    low, high = shown.pop("photon_energy_ev")
    shown["photon energy"] = f"{low:g} - {high:g} eV"
    shown["image_shape"] = "{} x {} px, uint16".format(*shown["image_shape"])
    shown["source_files"] = ", ".join(shown["source_files"] or ()) or None
    shown["size"] = f"{shown.pop('size_bytes') / 1e6:.1f} MB"
    console = result_console()
    for key, value in shown.items():
        if value is not None:  # a path that is folded cannot be copied
            console.print(f"{key.replace('_', ' '):{FACT}}  {value}", soft_wrap=True)
    if classes:
        table = Grid()
        for heading in ("class", "shots", "share"):
            table.column(heading, left=heading == "class", key=heading == "class")
        for name, number in classes.items():
            table.row(name, str(number), f"{number / facts['shots']:.1%}")
        console.print()
        console.print(table)


def print_stores(found: list[dict[str, Any]]) -> None:
    """One line for each store, as `outline` has them."""
    table = Grid("stores")
    for heading in ("file", "source", "shots", "classes", "image", "MB"):
        table.column(
            heading,
            left=heading in ("file", "source"),
            key=heading == "file",
            fold=SOURCE if heading == "source" else 0,
        )
    for one in found:
        name, size = Path(one["path"]).name, f"{one['size_bytes'] / 1e6:.1f}"
        if one["problem"]:
            table.row(name, one["problem"], "", "", "", size)
            continue
        version = f", version {one['simulator']}" if one["simulator"] else ""
        shape = "{} x {}".format(*one["image_shape"])
        table.row(name, f"{one['source']}{version}", str(one["shots"]), str(one["classes"]), shape, size)
    console = result_console()
    console.print(table)
    console.print(f"folder: {Path(found[0]['path']).parent}", soft_wrap=True)


def print_source(facts: dict[str, Any]) -> None:
    """Print what a file or folder is, and the command that imports it."""
    from airybench.data.formats.summary import lines

    console = result_console()
    for line in (*lines(facts["path"], facts), *(f"  {text}" for text in facts["notices"])):
        console.print(line, soft_wrap=True)
    console.print(f"import: {facts['command']}", soft_wrap=True)


def check_lines(store: "Store", survey: "Survey", found: "Repeats", near: "NearRepeats", bad: "BadPixels") -> str:
    """What a check of a store found, in words."""
    from airybench.data.store.near_repeats import ALIKE

    return (
        f"{store.path}: sound, {store.count} images as they were written ({store.content_sha256[:12]})\n"
        f"blank images: {survey.blank}; saturated: {survey.saturated}; largest count: {survey.largest}\n"
        f"shots with an image that repeats: {found.shots}; images with contradicting labels: {found.contradicting}\n"
        f"near-duplicates: {near.pairs} of {near.compared} shots correlate by more than {ALIKE} with the shot before "
        f"them in their group{'; --split-by group keeps them in one part' if near.pairs else ''}\n"
        f"bad pixels: {bad}{'; import the source again with --find-bad-pixels to mask them' if bad.count else ''}"
        + (f"\n{bad.about_regions}" if bad.about_regions else "")
    )
