"""`airybench baseline`."""

from typing import Annotated, Any

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import (
    FROM_CONFIG,
    Config,
    Dataset,
    Debug,
    Device,
    Json,
    Settings,
    Storage,
    Threads,
    TrackingUri,
    unless_config,
)
from airybench.cli.options.completion import study_names
from airybench.cli.options.early import loading, require_datasets
from airybench.cli.options.panels import START
from airybench.cli.options.parameters import given_parameters, help_text, single_values, takes_config
from airybench.config import validated
from airybench.config.baseline import BaselineConfig
from airybench.config.experiments import load_experiment
from airybench.errors import ConfigError

app = App()

QUICK = "quick"


def _field(name: str, metavar: str) -> Any:
    """The option of a field of BaselineConfig."""
    field = BaselineConfig.model_fields[name]
    return typer.Option(
        f"--{name.replace('_', '-')}",
        help=help_text(name, field, origin="default: "),
        metavar=metavar,
        rich_help_panel=START,
    )


@app.command()
@takes_config(sections=("data",))
def baseline(
    dataset: Dataset = FROM_CONFIG,
    config: Config = QUICK,
    components: Annotated[str | None, _field("components", "NUMBER")] = None,
    c: Annotated[str | None, _field("c", "NUMBER,...")] = None,
    gamma: Annotated[str | None, _field("gamma", "NUMBER,...")] = None,
    cv: Annotated[str | None, _field("cv", "NUMBER")] = None,
    lit_count: Annotated[str | None, _field("lit_count", "NUMBER")] = None,
    study: Annotated[
        str | None,
        typer.Option(
            help="Study, as NAME@DATASET: take its shots, split and preprocessing, and log where it logs.",
            metavar="NAME",
            autocompletion=study_names,
            callback=unless_config,
            rich_help_panel=START,
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Choose from four pairs of C and gamma instead of sixteen.", rich_help_panel=START
        ),
    ] = False,
    settings: Settings = None,
    storage: Storage = None,
    device: Device = "auto",
    threads: Threads = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
    **options: Any,
) -> None:
    """Score baselines that need no network.

    These are the majority answer, support vectors on the brightness of a shot alone, support vectors on principal
    components of physics features, and for hit or miss the lit-pixel rule (a hit has more lit pixels than the median of
    its run + 4 IQR / 1.349). All see the same shots, split, noise and fraction as a network with the same
    options, and are tracked beside it. C and gamma are chosen by cross-validation on the training shots.
    """
    from airybench.sweep.look_up import find_study

    changes = single_values(given_parameters(options, settings))
    saved = find_study(study, storage) if study else None
    if saved and config != QUICK:
        raise ConfigError(f"--study {saved.name} says how its shots are preprocessed; leave out --config {config}")
    trial = saved.on_its_shots(changes) if saved else load_experiment(config).base.replace(changes)
    name = trial.data.dataset if dataset == FROM_CONFIG else dataset
    require_datasets([name])
    asked = {"components": components, "c": c, "gamma": gamma, "cv": cv, "lit_count": lit_count}
    start = BaselineConfig.quick() if quick else BaselineConfig()
    searched = {key: value for key, value in asked.items() if value not in (None, FROM_CONFIG)}
    search = validated(BaselineConfig, {**start.model_dump(), **searched})
    if saved and tracking_uri is None:
        tracking_uri = saved.attributes.get("tracking_uri")
    with loading():
        from airybench.cli.show.baselines import baselines_json, print_baselines
        from airybench.cli.show.console import ConsoleReporter
        from airybench.cli.show.output import print_result
        from airybench.jobs.baseline import run_baselines
        from airybench.training.device import choose_device

    baselines = run_baselines(
        trial,
        search,
        name,
        device=choose_device(device),
        study=saved,
        tracking_uri=tracking_uri,
        reporter=ConsoleReporter(),
    )
    print_result(baselines, as_json=as_json, data=baselines_json, text=lambda both: print_baselines(both, name))
