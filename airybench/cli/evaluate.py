"""`airybench evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import DATASET_HELP, FROM_CONFIG, Debug, Device, Json, Model, TrackingUri
from airybench.cli.options.completion import DATASETS, choices

if TYPE_CHECKING:
    from airybench.jobs.evaluate import Evaluated

app = App()


@app.command()
def evaluate(
    model: Model,
    dataset: Annotated[
        str | None,
        typer.Option(
            help=DATASET_HELP,
            metavar="NAME|PATH",
            show_default="what the model was trained on",
            autocompletion=DATASETS,
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            help="Part of the split to evaluate on.",
            metavar="train|val|test|all",
            autocompletion=choices("train", "val", "test", "all"),
        ),
    ] = "test",
    tune_thresholds: Annotated[
        bool,
        typer.Option("--tune-thresholds", help="Tune the threshold of each label for its F1 on the validation split."),
    ] = False,
    output: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Also write plots and tables there.")] = None,
    device: Device = "auto",
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Evaluate a trained model on one part of the split.

    Every metric is given with its 95 % interval, for each class and beside the majority baseline.
    """
    from airybench.cli.show.console import ConsoleReporter, print_json
    from airybench.jobs.evaluate import as_data, evaluate_model
    from airybench.jobs.models import open_model
    from airybench.paths import writable
    from airybench.tracking.store import check
    from airybench.tracking.store import tracking_uri as resolved
    from airybench.training.device import choose_device

    where, uri = choose_device(device), resolved(tracking_uri)
    check(uri)
    if output is not None:
        writable(output, "choose another --output")
    predictor = open_model(model, tracking_uri)
    name = predictor.config.data.dataset if dataset in (None, FROM_CONFIG) else dataset
    found = evaluate_model(
        model, predictor, name, uri, ConsoleReporter(), split=split,
        tune=tune_thresholds, device=where, output=output,
    )  # fmt: skip
    if as_json:
        print_json(as_data(found))
    else:
        _print(found)


def _print(found: "Evaluated") -> None:
    from rich.table import Table

    from airybench.cli.show.output import result_console
    from airybench.cli.show.tables import interval_text, print_caveats, print_whereabouts

    console, result = result_console(), found.result
    heading = f"{found.title} on {found.dataset} {found.split}, {result.shots} shots"
    table = Table(title=heading, title_justify="left")
    for column in ("metric", "value", "95 % interval", "majority"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name, value in result.scores.values.items():
        if name == "classes_scored":
            continue
        low, high = result.intervals.get(name, (float("nan"),) * 2)
        other = result.majority.values.get(name)
        table.add_row(name, f"{value:.3f}", interval_text(low, high), "" if other is None else f"{other:.3f}")
    console.print(table)
    table = Table(box=None, pad_edge=False)
    for column in ("class", "positives", "AP", "95 %", "majority", "F1", "95 %", "precision", "recall", "p >"):
        table.add_column(column, justify="left" if column == "class" else "right", no_wrap=True)
    for one in result.classes:
        if not one.values:
            table.add_row(one.name, str(one.positives), "-")
            continue
        ap, f1 = ("{:.2f} .. {:.2f}".format(*one.intervals[key]) for key in ("ap", "f1"))
        table.add_row(
            one.name, str(one.positives), f"{one.values['ap']:.3f}", ap, f"{one.majority_ap:.3f}",
            f"{one.values['f1']:.3f}", f1, f"{one.values['precision']:.3f}", f"{one.values['recall']:.3f}",
            f"{one.threshold:.2f}",
        )  # fmt: skip
    console.print(table)
    measured = result.reliability
    console.print(f"Calibration error {measured.error:.3f}, Brier score {measured.brier:.4f}.", soft_wrap=True)
    print_caveats(console, result.unscored, found.data_source, found.split)
    console.print(f"Run: {found.run_id}", soft_wrap=True, markup=False)
    print_whereabouts(console, found.tracking_uri)
