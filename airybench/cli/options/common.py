"""Options that several commands take, each written once."""

import re
from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.options.completion import DATASETS, DEVICES, experiment_names, metric_names, model_names, study_names
from airybench.cli.options.panels import DATA, OUTPUT, PLACE, START
from airybench.cores import use_threads
from airybench.errors import ConfigError, unknown
from airybench.provenance import SIMULATOR_VERSIONS

FROM_CONFIG = "config"
"""As a value it stands for the option left out: parameters of an MLproject need a default word."""

DATASET_HELP = "Data set: helium, cxidb, a store, or any file or folder that `data import` reads."


def device_name(value: str) -> str:
    """The value of --device, refused before torch is loaded where no machine has such a device.

    Raises:
        ConfigError: another word.

    >>> device_name("cuda:1")
    'cuda:1'
    """
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,4})?", value):
        raise unknown("device", value, ["auto", "cpu", "cuda", "cuda:N"])
    return value


def unless_config(value: str | None) -> str | None:
    """The value of an option; None where it is the word `config`.

    >>> unless_config("config"), unless_config("studies")
    (None, 'studies')
    """
    return None if value == FROM_CONFIG else value


def margin_or_config(value: str) -> float | None:
    """The number that --delta is given; None where it is the word `config`.

    Raises:
        ConfigError: it is not a number.

    >>> margin_or_config("config"), margin_or_config("0.02")
    (None, 0.02)
    """
    try:
        return None if value == FROM_CONFIG else float(value)
    except ValueError:
        raise ConfigError(f"delta is {value!r}; give a number above 0 and below 1, such as 0.02") from None


Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=OUTPUT)]
Csv = Annotated[bool, typer.Option("--csv", help="Also write a CSV file beside the HDF5 file.", rich_help_panel=OUTPUT)]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.", rich_help_panel=OUTPUT)]
TrackingUri = Annotated[
    str | None,
    typer.Option(
        help="MLflow tracking URI.",
        metavar="URI",
        show_default="MLFLOW_TRACKING_URI, else sqlite:///mlflow.db in this folder",
        rich_help_panel=OUTPUT,
    ),
]
Register = Annotated[
    str | None,
    typer.Option(
        "--register",
        metavar="NAME",
        help="Register the model as NAME. Its alias champion moves only to a better model.",
        rich_help_panel=OUTPUT,
    ),
]
Storage = Annotated[
    str | None,
    typer.Option(
        help="Where studies are kept: a folder, or postgresql://... for several hosts.",
        metavar="PATH|URL",
        show_default="the data folder",
        callback=unless_config,
        rich_help_panel=PLACE,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        help="Device to compute on: auto, cpu, cuda or cuda:N.",
        metavar="DEVICE",
        callback=device_name,
        autocompletion=DEVICES,
        rich_help_panel=PLACE,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        max=1024,
        metavar="NUMBER",
        help="Threads that compute on a CPU, shared out among workers.",
        show_default="the cores that this process may use",
        callback=use_threads,
        is_eager=True,
        rich_help_panel=PLACE,
    ),
]
CheckpointEvery = Annotated[
    float,
    typer.Option(
        min=0, metavar="SECONDS", help="Shortest time between two checkpoints of a training.", rich_help_panel=PLACE
    ),
]
Dataset = Annotated[
    str,
    typer.Option(
        help=DATASET_HELP,
        metavar="NAME|PATH",
        show_default="the experiment's",
        autocompletion=DATASETS,
        rich_help_panel=START,
    ),
]
Config = Annotated[
    str,
    typer.Option(
        help="Experiment: a shipped one by name, such as quick or paper, or a .yaml file.",
        metavar="NAME|PATH",
        autocompletion=experiment_names,
        rich_help_panel=START,
    ),
]
StudyNames = Annotated[
    list[str] | None,
    typer.Option(
        "--study",
        help="Study: NAME for all of its data sets, or NAME@DATASET. Repeatable.",
        metavar="NAME,...",
        show_default="every study",
        autocompletion=study_names,
    ),
]
StudyArguments = Annotated[
    list[str] | None,
    typer.Argument(
        help="Studies by name, such as quick or quick@helium.",
        metavar="STUDY",
        show_default="all",
        autocompletion=study_names,
    ),
]
TestMetric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        help="Metric on the test split.",
        metavar="METRIC",
        show_default="the objective",
        autocompletion=metric_names,
    ),
]
Latex = Annotated[bool, typer.Option("--latex", help="Print LaTeX for the package booktabs.", rich_help_panel=OUTPUT)]
Delta = Annotated[
    float | None,
    typer.Option(
        parser=margin_or_config,
        help="Largest difference that does not matter: claims within it, whole interval included, say so.",
        metavar="X",
        show_default="0.02",
    ),
]
WideFolds = Annotated[
    bool,
    typer.Option(
        "--nadeau-bengio",
        help="Over K folds, add 1 / (K - 1) in place of 0.1 to 1 / K: the wider intervals of Nadeau and Bengio.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Any parameter of a trial, such as log_activation=off. Repeatable.",
        metavar="NAME=VALUE",
    ),
]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Trained model: a weights folder, a run id, models:/..., or winner:STUDY.",
        autocompletion=model_names,
    ),
]
Simulator = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="|".join(map(str, SIMULATOR_VERSIONS)),
        help="Version of the simulator. 2: runs, artefacts of detectors, and labels as a person writes them.",
        rich_help_panel=DATA,
    ),
]
StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="Store: an .h5 file.")]


def split_names(words: list[str] | None) -> list[str]:
    """Names out of a repeated option whose values may be comma lists; the word `config` and empty names are none.

    >>> split_names(["a,b", "config"])
    ['a', 'b']
    """
    names = [word.strip() for value in words or () for word in value.split(",")]
    return [name for name in names if name not in ("", FROM_CONFIG)]
