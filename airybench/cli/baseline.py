"""`airybench baseline`."""

from typing import Annotated, Any

import typer

from airybench.cli.options import FROM_CONFIG, Debug, Device, Json, Settings, TrackingUri, given, single, takes_config
from airybench.config import validated
from airybench.config.baseline import BaselineConfig
from airybench.config.experiments import load_experiment

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

HELP = {name: field.description or "" for name, field in BaselineConfig.model_fields.items()}


@app.command()
@takes_config(sections=("data",))
def baseline(
    dataset: Annotated[str, typer.Option(help="helium, cxidb, a store (.h5) or a deposit (.cxi).")] = FROM_CONFIG,
    config: Annotated[str, typer.Option(help="Experiment whose data to take: a name or a .yaml file.")] = "quick",
    components: Annotated[str | None, typer.Option(help=HELP["components"], metavar="N")] = None,
    c: Annotated[str | None, typer.Option("--c", help=HELP["c"], metavar="X,X,...")] = None,
    gamma: Annotated[str | None, typer.Option(help=HELP["gamma"], metavar="X,X,...")] = None,
    cv: Annotated[str | None, typer.Option(help=HELP["cv"], metavar="N")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Choose from four pairs of C and gamma, not sixteen.")] = False,
    settings: Settings = None,
    device: Device = "auto",
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
    **options: Any,
) -> None:
    """Score the majority answer and a support vector machine on physics features, tracked beside the networks.

    Same shots, split, noise and fraction as a network of the same options sees; C and gamma are chosen by
    cross-validation on the training shots.
    """
    from airybench.cli.show.baselines import baselines_json, print_baselines
    from airybench.cli.show.console import ConsoleReporter, print_json
    from airybench.jobs.baseline import run_baselines
    from airybench.training.device import choose_device

    trial = load_experiment(config).base.replace(single(given(options, settings)))
    name = trial.data.dataset if dataset == FROM_CONFIG else dataset
    asked = {"components": components, "c": c, "gamma": gamma, "cv": cv}
    start = BaselineConfig.quick() if quick else BaselineConfig()
    changes = {key: value for key, value in asked.items() if value not in (None, FROM_CONFIG)}
    rule = validated(BaselineConfig, {**start.model_dump(), **changes})
    found = run_baselines(trial, rule, name, ConsoleReporter(), device=choose_device(device), uri=tracking_uri)
    if as_json:
        print_json(baselines_json(found))
    else:
        print_baselines(found, name)
