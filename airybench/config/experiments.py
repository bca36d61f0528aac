"""Experiments on disk: one YAML file per question, found by its name or path."""

from functools import cache
from pathlib import Path

from airybench.config import SweepConfig, validated
from airybench.errors import ConfigError, unknown
from airybench.parsing import read_yaml


def experiments() -> dict[str, Path]:
    """The shipped experiments by name, from the wheel or from the checkout.

    >>> "quick" in experiments()
    True
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "experiments", package.parent / "experiments"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


SIZES = ("quick", "small", "medium", "full")
"""Sizes of an experiment, smallest first; those that a question comes in are those of its files."""


def questions() -> dict[str, tuple[str, ...]]:
    """The questions of the shipped experiments, and the sizes that each comes in.

    >>> questions()["headline"]
    ('quick', 'small', 'medium', 'full')
    """
    known = experiments()
    return {
        name: tuple(size for size in SIZES if size == "full" or f"{name}-{size}" in known)
        for name in known
        if f"{name}-quick" in known
    }


def experiment_of(question: str, size: str) -> str:
    """Name of the experiment that answers a question in a size.

    Raises:
        ConfigError: no such question, or it does not come in that size.

    >>> experiment_of("headline", "medium"), experiment_of("headline", "full")
    ('headline-medium', 'headline')
    """
    known = questions()
    if question not in known:
        raise unknown("question", question, known)
    if size not in known[question]:
        raise unknown(f"size of {question}", size, known[question])
    return question if size == "full" else f"{question}-{size}"


def load_experiment(name: str) -> SweepConfig:
    """Read an experiment.

    Args:
        name: of a shipped experiment, or the path of a YAML file.

    Raises:
        ConfigError: no such experiment or file, not YAML, or an invalid parameter.

    >>> load_experiment("quick").study.sampler
    'grid'
    """
    path = experiments().get(name)
    if path is None:
        path = Path(name)
        if path.suffix not in (".yaml", ".yml"):
            raise unknown("config", name, [*experiments(), "or a path to a .yaml file"])
    try:
        content = read_yaml(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise ConfigError(f"config {path} cannot be read: {reason}") from None
    except ValueError as error:
        raise ConfigError(f"config {path} is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"config {path} contains no keys; expected question, base, space, study")
    try:
        return validated(SweepConfig, content)
    except ConfigError as error:
        raise ConfigError(f"config {path.name}: {error}") from None


def shipped_experiments() -> dict[str, SweepConfig]:
    """The content of every shipped experiment, by name.

    >>> shipped_experiments()["quick"] == load_experiment("quick")
    True
    """
    return dict(_read(tuple(experiments().items())))


@cache
def _read(files: tuple[tuple[str, Path], ...]) -> dict[str, SweepConfig]:
    """Read once by a process, since all of them take seconds."""
    return {name: load_experiment(name) for name, _ in files}
