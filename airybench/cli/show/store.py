"""A store on stdout: its facts and its classes."""

from typing import Any

from rich.table import Table

from airybench.cli.show.output import result_console

WIDTH = 200  # of a line that goes to a file or pipe: paths are long


def print_store(facts: dict[str, Any]) -> None:
    """Print what `describe` found in a store, and one line for each class."""
    shown = dict(facts)
    classes = shown.pop("classes")
    low, high = shown.pop("photon_energy_ev")
    shown["photon energy"] = f"{low:g} - {high:g} eV"
    shown["image_shape"] = "{} x {} px, uint16".format(*shown["image_shape"])
    shown["source_files"] = ", ".join(shown["source_files"] or ()) or None
    shown["size"] = f"{shown.pop('size_bytes') / 1e6:.1f} MB"
    console = result_console(WIDTH, markup=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    for key, value in shown.items():
        if value is not None:
            table.add_row(key.replace("_", " "), str(value))
    console.print(table)
    if classes:
        table = Table("class", "shots", "share", box=None, pad_edge=False)
        for name, number in classes.items():
            table.add_row(name, str(number), f"{number / facts['shots']:.1%}")
        console.print()
        console.print(table)


def print_source(facts: dict[str, Any]) -> None:
    """Print what a file or folder is, and the command that imports it."""
    from airybench.data.formats.summary import lines

    console = result_console(WIDTH, markup=False)
    for line in (*lines(facts["path"], facts), *(f"  {text}" for text in facts["notices"])):
        console.print(line, soft_wrap=True)
    console.print(f"import: {facts['command']}", soft_wrap=True)
