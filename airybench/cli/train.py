"""`airybench train`."""

from typing import Annotated, Any

import typer

from airybench.cli.options import (
    FROM_CONFIG,
    Debug,
    Device,
    Json,
    Register,
    Settings,
    TrackingUri,
    given,
    single,
    takes_config,
)
from airybench.config.experiments import load_experiment

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
@takes_config()
def train(
    dataset: Annotated[str, typer.Option(help="helium, cxidb, a store (.h5) or a deposit (.cxi).")] = FROM_CONFIG,
    config: Annotated[str, typer.Option(help="Experiment whose base to train: a name or a .yaml file.")] = "quick",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew even where an interrupted training could go on.")
    ] = False,
    checkpoint_every: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Least time between two checkpoints.")
    ] = 60.0,
    sync_bn: Annotated[
        bool, typer.Option("--sync-bn", help="Batch-norm statistics over all processes of torchrun, on GPUs.")
    ] = False,
    settings: Settings = None,
    device: Device = "auto",
    tracking_uri: TrackingUri = None,
    register: Register = None,
    as_json: Json = False,
    debug: Debug = False,
    **options: Any,
) -> None:
    """Train one network, track it in MLflow and score it on test beside the majority baseline.

    Interrupted or killed, the same command goes on from the last checkpoint. Several GPUs of one machine share a
    training: torchrun --nproc-per-node=N -m airybench train ...
    """
    from airybench.cli.show.console import ConsoleReporter, print_json, progress_bar
    from airybench.cli.show.results import print_training, training_json
    from airybench.jobs.train import train_one
    from airybench.training.device import choose_device

    trial = load_experiment(config).base.replace(single(given(options, settings)))
    name = trial.data.dataset if dataset == FROM_CONFIG else dataset
    with progress_bar(f"training {trial.label}") as progress:
        found = train_one(
            trial, name, ConsoleReporter(), device=choose_device(device), uri=tracking_uri, fresh=fresh,
            every=checkpoint_every, sync_bn=sync_bn, register_as=register,
            on_epoch=lambda epoch: progress(epoch.number, trial.training.epochs),
        )  # fmt: skip
    if found is None:
        return  # a process that only took part
    if as_json:
        print_json(training_json(found))
    else:
        print_training(found)
