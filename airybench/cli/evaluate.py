"""`airybench evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import (
    DATASET_HELP,
    FROM_CONFIG,
    Debug,
    Device,
    Json,
    Model,
    Threads,
    TrackingUri,
    unless_config,
)
from airybench.cli.options.completion import DATASETS, choices
from airybench.cli.options.early import loading, require_datasets, require_model
from airybench.provenance import SIMULATOR_VERSIONS

ALL = "all"
"""What stands for every change with its own strengths, where a word is needed."""

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
    simulator: Annotated[
        str | None,
        typer.Option(
            help="Version of the simulator, if the data set is simulated.",
            metavar="|".join(map(str, SIMULATOR_VERSIONS)),
            show_default="what the model was trained on",
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
    stress: Annotated[
        bool, typer.Option("--stress", help="Also score the model under changes of the detector, such as hot pixels.")
    ] = False,
    strength: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANGE=NUMBER,...",
            help="A change to try and its strengths, or all. Repeatable; implies --stress.",
            show_default="all changes",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Also write plots and tables there.")] = None,
    device: Device = "auto",
    threads: Threads = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Evaluate a trained model on one part of the split.

    Every metric is given with its 95 % interval, for each class and beside the majority baseline.
    """
    require_model(model, tracking_uri)
    if dataset is not None and dataset != FROM_CONFIG:
        require_datasets([dataset])
    with loading():
        from airybench.analysis.evaluation_files import write_evaluation, write_robustness
        from airybench.cli.show.console import ConsoleReporter
        from airybench.cli.show.evaluation import evaluation_json, print_evaluation
        from airybench.cli.show.output import print_result
        from airybench.config import parse_value
        from airybench.inference.stress import stress_plan
        from airybench.jobs.evaluate import EvaluationOptions, evaluate_model, trained_on
        from airybench.jobs.models import open_model
        from airybench.paths import writable
        from airybench.training.device import choose_device

    asked_for = [text for text in strength or [] if text != FROM_CONFIG]
    changes = None
    if stress or asked_for:
        own = _strengths([text for text in asked_for if text != ALL])
        changes = (stress_plan() if ALL in asked_for else {}) | (
            stress_plan(own) if own or ALL not in asked_for else {}
        )
    version = unless_config(simulator)
    asked = None if version is None else int(parse_value("simulator", version))
    where = choose_device(device)
    if output is not None:
        writable(output, "choose another --output")
    reporter = ConsoleReporter()
    predictor = open_model(model, tracking_uri, reporter)
    name = trained_on(predictor) if dataset is None or dataset == FROM_CONFIG else dataset
    evaluated = evaluate_model(
        model, predictor, name, device=where, split=split, options=EvaluationOptions(tune_thresholds, changes, asked),
        tracking_uri=tracking_uri, reporter=reporter,
    )  # fmt: skip
    if output is not None:
        write_evaluation(
            output, evaluated.result, evaluated.predictions, split, evaluated.heading, evaluated.thresholds
        )
        if evaluated.stress is not None:
            write_robustness(output, evaluated.stress, evaluated.result.majority, evaluated.heading)
    print_result(evaluated, as_json=as_json, data=evaluation_json, text=print_evaluation)


def _strengths(texts: list[str]) -> dict[str, tuple[float, ...]]:
    """The strengths of `CHANGE=NUMBER,...`."""
    from airybench.errors import ConfigError

    found: dict[str, tuple[float, ...]] = {}
    for text in texts:
        name, _, numbers = text.partition("=")
        try:
            found[name] = found.get(name, ()) + tuple(float(number) for number in numbers.split(","))
        except ValueError as error:
            raise ConfigError(f"--strength {text}: expected CHANGE=NUMBER,..., such as hot-pixels=10,40") from error
    return found
