"""Options that benchmarks share."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.options.completion import choices
from airybench.cli.options.panels import INPUT, NETWORK, OUTPUT, START, TRAINING

Repeats = Annotated[
    int, typer.Option(min=1, help="Number of repeats. Median and range are shown.", rich_help_panel=START)
]
Output = Annotated[
    str | None,
    typer.Option(
        metavar="csv|PATH",
        help="csv: print CSV instead of a table. A .csv file: also write CSV there.",
        rich_help_panel=OUTPUT,
    ),
]
Arch = Annotated[
    str, typer.Option(metavar="NAME", help="Architecture, as in `airybench train`.", rich_help_panel=NETWORK)
]
Depth = Annotated[int, typer.Option(help="Number of layers.", rich_help_panel=NETWORK)]
ImageSize = Annotated[int, typer.Option(min=32, help="Side of the images in pixels.", rich_help_panel=INPUT)]
Precision = Annotated[
    str,
    typer.Option(
        metavar="auto|float32|bfloat16|float16",
        help="Number format of the network.",
        autocompletion=choices("auto", "float32", "bfloat16", "float16"),
        rich_help_panel=TRAINING,
    ),
]
Processes = Annotated[
    int | None,
    typer.Option(min=1, help="Number of processes to compare with one.", show_default="one per usable core"),
]
Count = Annotated[int, typer.Option(min=20, help="Number of simulated shots.", rich_help_panel=START)]
StackStorage = Annotated[
    list[str] | None,
    typer.Option(
        help="How stacks are stored: uncompressed, gzip or bitshuffle-lz4; may be repeated. Default: all three."
    ),
]


def require_csv(output: str | None) -> None:
    """Refuse an `--output` that cannot be written, before anything is measured.

    Raises:
        InputError: neither `csv` nor a .csv file in a folder that exists.
    """
    from airybench.errors import InputError

    if output in (None, "csv"):
        return
    path = Path(str(output))
    if path.suffix.lower() != ".csv" or not path.absolute().parent.is_dir():
        raise InputError(f"--output {output}: give the word csv, or a file ending in .csv in a folder that exists")
