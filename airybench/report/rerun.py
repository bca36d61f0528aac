"""How a study is run again: the command, and the experiment as a file where no shipped experiment is the same."""

import shlex
from typing import Any

import yaml

from airybench.config.experiments import shipped_experiments
from airybench.data.datasets.catalog import CATALOG
from airybench.sweep.saved_studies import SavedStudy
from airybench.sweep.start_cells import recorded_start

DATA_FILE = "data_file"
"""Attribute of a study on a file or folder of the user's own: its name, without the folders above it."""

SECTIONS = ("base", "space", "study")
SITE = ("dataset", "count", "simulator")
"""Parameters of the data that the command line gives, whatever the experiment says."""


def command_and_config(study: SavedStudy, name: str, question: str) -> tuple[str, str]:
    """The command that runs a study again, and the YAML file that it needs.

    Args:
        study: a study with finished trials.
        name: NAME of `NAME@D`, which the new study would have.
        question: that it answers, for the file.

    Returns:
        The command; the content of `NAME.yaml`, empty where a shipped experiment is the same.
    """
    sweep = study.sweep
    seeds = len({trial.config.training.seed for trial in study.finished})
    content: dict[str, Any] = sweep.model_dump(mode="json")
    fresh = len({trial.config.training.seed for trial in study.confirmations})
    content["study"] |= {"seeds": seeds, "confirm": fresh}
    if sweep.study.sampler != "grid":
        content["study"] |= {"trials": len(study.finished)}
    wanted = f"--seeds {seeds}" + (f" --confirm {fresh}" if fresh else "")
    start = recorded_start(study.attributes)
    if start and sweep.study.sampler != "grid":  # a grid has the same trials in any order
        wanted += f" --start-from {','.join(start.studies)}"
    ending = f"--dataset {_data(study)} {wanted}"
    known = shipped_experiments()
    if name in known:
        shipped = known[name].model_dump(mode="json")
        data = content["base"]["data"]
        given = [key for key in SITE[1:] if study.provenance.simulated and shipped["base"]["data"][key] != data[key]]
        ending = " ".join([f"--dataset {_data(study)}", *(f"--{key} {data[key]}" for key in given), wanted])
        shipped["base"]["data"] |= {key: data[key] for key in SITE}
        if (shipped["base"], shipped["space"]) == (content["base"], content["space"]):
            return f"airybench sweep --config {name} {ending}", ""
    config = yaml.safe_dump({"question": question} | {key: content[key] for key in SECTIONS}, sort_keys=False)
    return f"airybench sweep --config {name}.yaml --study {name} {ending}", config


def _data(study: SavedStudy) -> str:
    """The data set as the command line takes it."""
    if study.dataset in CATALOG:
        return study.dataset
    return shlex.quote(str(study.attributes.get(DATA_FILE) or "PATH"))  # older studies do not know it
