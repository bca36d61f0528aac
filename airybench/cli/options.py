"""Options derived from the configuration models, and those that commands share."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel

from airybench.config import SECTIONS, Range, StudyConfig, Switch, Value, word
from airybench.errors import ConfigError

FROM_CONFIG = "config"
"""As a value it means "from the config": MLproject parameters need a default word."""

AXES = ("arch", "depth", "alpha", "leakiness", "log_activation")
"""Parameters that a sweep takes more than once."""

Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
TrackingUri = Annotated[
    str | None,
    typer.Option(help="MLflow tracking URI; else MLFLOW_TRACKING_URI, else sqlite:///mlflow.db here.", metavar="URI"),
]
Storage = Annotated[
    str | None,
    typer.Option(help="Where studies are kept: a folder, or postgresql://... [the data folder]", metavar="URL"),
]
Register = Annotated[
    str | None,
    typer.Option(
        "--register", metavar="NAME", help="Register the model as NAME; its alias champion moves to a better one alone."
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.", metavar="DEVICE")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any parameter as NAME=VALUE, such as log_activation=off.", metavar="NAME=VALUE"),
]


def takes_config(
    *, repeated: Iterable[str] = (), study: bool = False, sections: Iterable[str] = SECTIONS
) -> Callable[[Callable[..., Any]], Any]:
    """Give a command one option for every field of the configuration, handed over as keywords.

    Args:
        repeated: fields that may be given more than once.
        study: also the fields of StudyConfig.
        sections: whose fields, of `network`, `data` and `training`.
    """
    models: list[type[BaseModel]] = [*(SECTIONS[name] for name in sections), *([StudyConfig] if study else [])]
    repeated = set(repeated)
    parameters = [
        _option(name, field.annotation, field.description or "", many=name in repeated)
        for model in models
        for name, field in model.model_fields.items()
        if name != "dataset"
    ]

    def decorate(function: Callable[..., Any]) -> Any:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        everything = [*own, *parameters]
        function.__signature__ = signature.replace(parameters=everything)  # type: ignore[attr-defined]
        function.__annotations__ = {p.name: p.annotation for p in everything}
        return function

    return decorate


def given(options: Mapping[str, Any], settings: Iterable[str] | None) -> dict[str, tuple[Value | Range, ...]]:
    """The parameters that the user did give, each a tuple of checked values; comma lists are taken apart.

    `LOW:HIGH` and `LOW:HIGH:log` of a number are a range.

    Raises:
        ConfigError: an unknown name or a value that cannot be.
    """
    found: dict[str, list[Any]] = {
        name: list(value) if isinstance(value, list | tuple) else [value]
        for name, value in options.items()
        if value not in (None, [], ())
    }
    for setting in settings or ():
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting!r} has no '='; expected NAME=VALUE")
        found.setdefault(name.strip().replace("-", "_"), []).append(text)
    checked = {}
    for name, values in found.items():
        words = [part for value in values for part in _words(name, value)]
        if name == "objective" and words:
            words = [",".join(words)]
        if words:
            checked[name] = tuple(word(name, part) for part in words)
    return checked


def single(values: Mapping[str, tuple[Value | Range, ...]]) -> dict[str, Value]:
    """Parameters of which just one value makes sense.

    Raises:
        ConfigError: several were given, or a range.
    """
    chosen: dict[str, Value] = {}
    for name, found in values.items():
        if len(found) > 1:
            raise ConfigError(f"{name} was given {len(found)} values; this command takes one")
        if isinstance(found[0], Range):
            raise ConfigError(f"{name} was given a range; this command takes one value")
        chosen[name] = found[0]
    return chosen


def _words(name: str, value: Any) -> list[Any]:
    if not isinstance(value, str):
        return [value]
    parts = [value] if name in ("milestones", "objective") else value.split(",")
    return [part.strip() for part in parts if part.strip() and part.strip() != FROM_CONFIG]


def _option(name: str, annotation: Any, text: str, *, many: bool) -> inspect.Parameter:
    flag = "--" + name.replace("_", "-")
    if annotation in (bool, Switch) or (get_origin(annotation) is Annotated and get_args(annotation)[0] is bool):
        info: Any = typer.Option(f"{flag}/--no-{flag[2:]}", help=text)
        kind: Any = list[bool] | None if many else bool | None
    else:
        # Text on the way in: `config` is a value of every option, and pydantic reads numbers better.
        info = typer.Option(flag, help=text, metavar=_metavar(annotation))
        kind = list[str] | None if many else str | None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, info])


def _metavar(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is tuple:
        return "N,N,..."
    if int in (annotation, *get_args(annotation)):
        return "N"
    return "X" if annotation is float else "TEXT"
