"""`airybench train`."""

from typing import Annotated, Any

import typer

from airybench.cli.options import FROM_CONFIG, Debug, Device, Json, Settings, TrackingUri, given, single, takes_config
from airybench.experiment import load_sweep

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
@takes_config()
def train(
    dataset: Annotated[str, typer.Option(help="helium, cxidb, a store (.h5) or a deposit (.cxi).")] = FROM_CONFIG,
    config: Annotated[str, typer.Option(help="Experiment whose base to train: a name or a .yaml file.")] = "quick",
    settings: Settings = None,
    device: Device = "auto",
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
    **options: Any,
) -> None:
    """Train one network, track it in MLflow and score it on test beside the majority baseline."""
    from airybench.analysis.single import train_one
    from airybench.analysis.source import News
    from airybench.cli.console import notice, print_json, progress_bar
    from airybench.cli.results import print_training, training_json
    from airybench.training.loop import choose_device

    trial = load_sweep(config).base.replace(single(given(options, settings)))
    name = trial.data.dataset if dataset == FROM_CONFIG else dataset
    with progress_bar(f"training {trial.label}") as progress:
        found = train_one(
            trial, name, News(notice, progress_bar), device=choose_device(device), uri=tracking_uri,
            on_epoch=lambda epoch: progress(epoch.number, trial.training.epochs),
        )  # fmt: skip
    if as_json:
        print_json(training_json(found))
    else:
        print_training(found)
