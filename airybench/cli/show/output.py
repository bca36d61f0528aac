"""Where results go: stdout, as text for people or as JSON for programs."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from airybench.cli.show.console import print_json

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
"""Characters of a line in a file or pipe."""

T = TypeVar("T")


def result_console() -> "Console":
    """A console on stdout, as wide as the terminal; in a file or pipe WIDTH characters.

    Brackets and colons are printed as they are: names of classes, files and studies may contain them.
    """
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH)


def fields_json(result: Any) -> dict[str, Any]:
    """The fields of a result by name; of its provenance only the source of the data, as `data_source`."""
    content: dict[str, Any] = {}
    for key, value in vars(result).items():
        if key == "provenance":
            content["data_source"] = value.source
        else:
            content[key] = asdict(value) if key == "registered" and value else value
    return content


def print_result(found: T, *, as_json: bool, data: Callable[[T], Any], text: Callable[[T], None] = print) -> None:
    """Print a result once, in the form that was asked for.

    Args:
        found: what a job returned.
        as_json: print JSON.
        data: turns the result into what JSON holds.
        text: prints the result for people.
    """
    if as_json:
        print_json(data(found))
    else:
        text(found)
