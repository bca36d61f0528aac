"""What nothing refers to, on stdout, as a table or as data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from airybench.cli.show.grid import LEAST, Grid
from airybench.cli.show.output import result_console
from airybench.jobs.garbage import OF_USE, Garbage

NAME = 34
"""Characters to which a name is folded: the id of a model fits."""


def print_garbage(found: Sequence[Garbage]) -> None:
    """One line for each file and folder, with the folder that they are in below."""
    console = result_console()
    if not found:
        console.print("nothing to delete: everything on disk is referred to", soft_wrap=True)
        return
    table = Grid("what nothing refers to")
    table.column("what", left=True, key=True, fold=LEAST)
    table.column("study", left=True, fold=LEAST)
    table.column("name", left=True, fold=NAME)
    table.column("MB")
    for one in found:
        table.row(one.what, one.study, one.path.name, f"{one.bytes / 1e6:.1f}")
    console.print(table)
    for folder in dict.fromkeys(one.path.parent for one in found):
        console.print(f"folder: {folder}", soft_wrap=True)
    console.print(f"{total(found)} in all", soft_wrap=True)
    if any(one.what in OF_USE for one in found):
        console.print("Runs and models of studies that are gone stay unless --runs is given.", soft_wrap=True)


def garbage_json(found: Sequence[Garbage]) -> list[dict[str, Any]]:
    """One entry for each file and folder."""
    return [asdict(one) | {"path": str(one.path)} for one in found]


def total(found: Sequence[Garbage]) -> str:
    """Number and size in words.

    >>> total([])
    '0 files and folders, 0.0 MB'
    """
    what = "file or folder" if len(found) == 1 else "files and folders"
    return f"{len(found)} {what}, {sum(one.bytes for one in found) / 1e6:.1f} MB"
