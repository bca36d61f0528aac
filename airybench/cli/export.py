"""`airybench export`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, Force, Json, Model, TrackingUri
from airybench.cli.options.completion import choices
from airybench.cli.options.early import loading, require_model

app = App()


@app.command()
def export(
    model: Model,
    format: Annotated[
        str,
        typer.Option(
            metavar="onnx|pt2|weights",
            help="onnx: ONNX; pt2: torch.export; weights: the folder that airybench itself reads.",
            autocompletion=choices("onnx", "pt2", "weights"),
        ),
    ],
    output: Annotated[Path, typer.Option(metavar="PATH", help="File to write, or the folder for weights.")],
    force: Force = False,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Export a trained model for use without airybench.

    The exported model takes raw counts (uint16) and returns probabilities and logits. It is checked against the network
    before it is written.
    """
    require_model(model, tracking_uri)
    with loading():
        from airybench.cli.show.console import ConsoleReporter, notice
        from airybench.cli.show.output import print_result
        from airybench.inference.export import export as run
        from airybench.jobs.models import open_model

    predictor = open_model(model, tracking_uri, ConsoleReporter())
    found = run(predictor, output, format=format, force=force)
    print_result(found, as_json=as_json, data=vars, text=lambda made: print(made.path))
    if format != "weights" and not as_json:
        notice(
            f"the model takes counts of {found.image_shape[0]} x {found.image_shape[1]} px; it agrees with the network "
            f"within {found.probability_error:.1e} in probabilities and {found.logit_error:.1e} in logits"
        )
