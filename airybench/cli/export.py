"""`airybench export`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.evaluate import Model
from airybench.cli.options import Debug, Json, TrackingUri

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def export(
    model: Model,
    format: Annotated[
        str,
        typer.Option(metavar="onnx|pt2|weights", help="ONNX, torch.export, or the folder that airybench itself reads."),
    ],
    output: Annotated[Path, typer.Option(metavar="FILE", help="File to make; a folder for weights.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a model for others: raw counts (uint16) go in, probabilities and logits come out, checked on the way."""
    from airybench.cli.show.console import notice, print_json
    from airybench.inference.export import export as run
    from airybench.jobs.models import open_model

    found = run(open_model(model, tracking_uri), output, format=format, force=force)
    if as_json:
        print_json(vars(found))
        return
    print(found.path)
    if format != "weights":
        notice(
            f"counts of {found.image_shape[0]} x {found.image_shape[1]} px go in; against the network: probabilities "
            f"within {found.probability_error:.1e}, logits within {found.logit_error:.1e}"
        )
