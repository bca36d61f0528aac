"""`airybench train`."""

from typing import Annotated, Any

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import (
    FROM_CONFIG,
    CheckpointEvery,
    Config,
    Dataset,
    Debug,
    Device,
    Json,
    Register,
    Settings,
    Threads,
    TrackingUri,
)
from airybench.cli.options.early import loading, require_datasets
from airybench.cli.options.panels import PLACE, TRAINING
from airybench.cli.options.parameters import given_parameters, single_values, takes_config
from airybench.config.experiments import load_experiment

app = App()


@app.command()
@takes_config(first=("arch", "depth", "log_activation", "alpha", "leakiness", "epochs", "batch_size", "seed"))
def train(
    dataset: Dataset = FROM_CONFIG,
    config: Config = "quick",
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Start from the beginning instead of the last checkpoint.", rich_help_panel=TRAINING
        ),
    ] = False,
    checkpoint_every: CheckpointEvery = 60.0,
    sync_bn: Annotated[
        bool,
        typer.Option(
            "--sync-bn",
            help="Compute batch-norm statistics over all processes of torchrun. GPUs only.",
            rich_help_panel=PLACE,
        ),
    ] = False,
    settings: Settings = None,
    device: Device = "auto",
    threads: Threads = None,
    tracking_uri: TrackingUri = None,
    register: Register = None,
    as_json: Json = False,
    debug: Debug = False,
    **options: Any,
) -> None:
    """Train one network.

    The base of the experiment is trained with the parameters given, tracked in MLflow and scored on the test split
    beside the majority baseline. After an interruption the same command resumes from the last checkpoint.

    To share a training between the GPUs of one machine: torchrun --nproc-per-node=N -m airybench train ...
    """
    from airybench.tracking.model_name import check_name

    trial = load_experiment(config).base.replace(single_values(given_parameters(options, settings)))
    name = trial.data.dataset if dataset == FROM_CONFIG else dataset
    require_datasets([name])
    if register is not None:
        check_name(register)
    with loading():
        from airybench.cli.show.console import ConsoleReporter
        from airybench.cli.show.output import print_result
        from airybench.cli.show.results import print_training, training_json
        from airybench.jobs.options import RunOptions
        from airybench.jobs.train import run_training
        from airybench.training.device import choose_device

    training = run_training(
        trial,
        name,
        device=choose_device(device),
        sync_batch_norm=sync_bn,
        options=RunOptions(tracking_uri, fresh, checkpoint_every, register),
        reporter=ConsoleReporter(),
    )
    if training is not None:  # None in all but the first process of a training on several GPUs
        print_result(training, as_json=as_json, data=training_json, text=print_training)
