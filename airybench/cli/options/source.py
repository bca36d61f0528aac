"""Options that say what is where in a source of shots, and how its values become counts."""

from typing import Annotated

import typer

from airybench.cli.options.completion import choices
from airybench.cli.options.panels import COUNTS, SOURCE

Images = Annotated[
    str | None, typer.Option(metavar="KEY", help="HDF5 key of the images, (N, H, W).", rich_help_panel=SOURCE)
]
Ids = Annotated[
    str | None, typer.Option(metavar="KEY", help="HDF5 key of the shots' identifiers, (N,).", rich_help_panel=SOURCE)
]
Mask = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="HDF5 key of the mask, (H, W) or (N, H, W).", rich_help_panel=SOURCE),
]
MaskConvention = Annotated[
    str | None,
    typer.Option(
        metavar="cxi|euxfel|good-is-one",
        help="What the values of the mask mean.",
        autocompletion=choices("cxi", "euxfel", "good-is-one"),
        rich_help_panel=SOURCE,
    ),
]
CountsPerPhoton = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        help="Detector units per photon: values are divided by it and rounded. For floating-point sources.",
        rich_help_panel=COUNTS,
    ),
]
Clip = Annotated[bool, typer.Option("--clip", help="Clip values below 0 and above 65535.", rich_help_panel=COUNTS)]
Nan = Annotated[
    str | None,
    typer.Option(
        metavar="mask",
        help="mask: pixels that are NaN or infinite are masked.",
        show_default="they are refused",
        autocompletion=choices("mask"),
        rich_help_panel=COUNTS,
    ),
]
Bin = Annotated[
    int | None,
    typer.Option(
        "--bin",
        min=1,
        metavar="NUMBER",
        help="Average blocks of this many pixels a side.",
        show_default="what brings the image to at most 259 px",
        rich_help_panel=COUNTS,
    ),
]
