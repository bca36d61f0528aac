"""Options that say what is where in a source and how its values become counts."""

from typing import Annotated

import typer

Images = Annotated[str | None, typer.Option(metavar="KEY", help="Stack of images, (N, H, W).")]
Ids = Annotated[str | None, typer.Option(metavar="KEY", help="Identifier of each shot, (N,).")]
Mask = Annotated[str | None, typer.Option(metavar="KEY", help="Mask, (H, W) or (N, H, W).")]
MaskConvention = Annotated[
    str | None, typer.Option(metavar="cxi|euxfel|good-is-one", help="What the values of the mask mean.")
]
CountsPerPhoton = Annotated[float | None, typer.Option(metavar="X", help="Divide by X and round: for float sources.")]
Clip = Annotated[bool, typer.Option("--clip", help="Cut values off at 0 and 65535.")]
Nan = Annotated[str | None, typer.Option(metavar="mask", help="mask: NaN and infinity are masked.")]
Bin = Annotated[
    int | None, typer.Option("--bin", min=1, help="Average blocks of N x N pixels (default: to at most 259 px).")
]
