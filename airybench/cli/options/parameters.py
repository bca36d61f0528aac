"""One option for every field of the configuration, and how the words given for them are read."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from airybench.cli.options.common import FROM_CONFIG
from airybench.cli.options.completion import choices
from airybench.cli.options.panels import DATA, INPUT, NETWORK, OBVIOUS, START, STUDY, TRAINING
from airybench.cli.options.signature import with_options
from airybench.config import COSTS, DEPTHS, METRICS, SECTIONS, TIMM, Range, StudyConfig, Value, parse_value_or_range
from airybench.errors import ConfigError
from airybench.provenance import SIMULATOR_VERSIONS, SPLIT_VERSIONS

AXES = ("arch", "depth", "alpha", "leakiness", "log_activation")
"""Parameters that a sweep takes more than once."""

PANELS = {"network": NETWORK, "data": DATA, "training": TRAINING}
SEEN_BY_NETWORK = {"image_size", "antialias", "input_scaling", "input", "ccf_kind", "ccf_delta", "ccf_zero",
                   "ccf_centre", "noise", "noise_seed", "background", "input_mask",
                   "find_bad_pixels"}  # fmt: skip
"""Fields of the data section that say what becomes of an image; the others say which images there are."""

METAVARS = {
    "arch": "NAME",
    "ccf_centre": "frame|found|ROW,COL",
    "folds": "NUMBER|all",
    "simulator": "|".join(map(str, SIMULATOR_VERSIONS)),
    "split_version": "|".join(map(str, SPLIT_VERSIONS)),
    "objective": "METRIC[:max|min],...",
    "time_limit": "TIME",
    "trial_time_limit": "TIME",
    "keep": "all|'best N'|none",
}
UNSET = {"trials": "every cell with every seed", "time_limit": "no limit", "trial_time_limit": "no limit",
         "lit_count": "the best on them", "keep": "best 3; a study that goes on: as before"}  # fmt: skip
"""What None means as a default."""

COMPLETED = {
    "arch": (*DEPTHS, TIMM),
    "depth": [str(depth) for depths in DEPTHS.values() for depth in depths],
    "keep": ("all", "best3", "none"),
    "objective": (*METRICS, *COSTS),
    "simulator": [str(version) for version in SIMULATOR_VERSIONS],
    "split_version": [str(version) for version in SPLIT_VERSIONS],
}
LIMIT_SHOWN = 10_000
"""An upper limit beyond this only stops mistyped numbers; help leaves it out."""


def takes_config(
    *,
    repeated: Iterable[str] = (),
    first: Iterable[str] = (),
    study: bool = False,
    sections: Iterable[str] = SECTIONS,
) -> Callable[[Callable[..., Any]], Any]:
    """Give a command one option for every field of the configuration, passed to it as keywords.

    Args:
        repeated: fields that may be given more than once.
        first: fields that help shows under its first heading, in this order.
        study: also the fields of StudyConfig.
        sections: whose fields, of `network`, `data` and `training`.
    """
    models: list[tuple[str, type[BaseModel]]] = [(PANELS[name], SECTIONS[name]) for name in sections]
    if study:
        models.append((STUDY, StudyConfig))
    fields = {
        name: (INPUT if name in SEEN_BY_NETWORK else panel, field)
        for panel, model in models
        for name, field in model.model_fields.items()
        if name not in ("dataset", "every_fold")
    }
    first, repeated = list(first), set(repeated)
    fields = {name: (START, fields[name][1]) for name in first} | {n: f for n, f in fields.items() if n not in first}
    parameters = [_option(name, field, panel, many=name in repeated) for name, (panel, field) in fields.items()]

    def decorate(function: Callable[..., Any]) -> Any:
        return with_options(function, parameters, after="config")  # the experiment, then what changes it

    return decorate


def given_parameters(
    options: Mapping[str, Any], settings: Iterable[str] | None
) -> dict[str, tuple[Value | Range, ...]]:
    """The parameters that the user gave, each a tuple of checked values; comma lists are split.

    `LOW:HIGH` and `LOW:HIGH:log` are a range of a number.

    Raises:
        ConfigError: an unknown name, or a value outside its limits.
    """
    texts: dict[str, list[Any]] = {
        name: list(value) if isinstance(value, list | tuple) else [value]
        for name, value in options.items()
        if value not in (None, [], ())
    }
    for setting in settings or ():
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting!r} has no '='; expected NAME=VALUE")
        texts.setdefault(name.strip().replace("-", "_"), []).append(text)
    checked = {}
    for name, values in texts.items():
        words = [part for value in values for part in _words(name, value)]
        if name == "objective" and words:
            words = [",".join(words)]
        if words:
            checked[name] = tuple(parse_value_or_range(name, part) for part in words)
    return checked


def single_values(values: Mapping[str, tuple[Value | Range, ...]]) -> dict[str, Value]:
    """Parameters that take exactly one value.

    Raises:
        ConfigError: several values were given, or a range.
    """
    chosen: dict[str, Value] = {}
    for name, several in values.items():
        if len(several) > 1:
            raise ConfigError(f"{name} was given {len(several)} values; this command takes one")
        if isinstance(several[0], Range):
            raise ConfigError(f"{name} was given a range; this command takes one value")
        chosen[name] = several[0]
    return chosen


def _words(name: str, value: Any) -> list[Any]:
    if not isinstance(value, str):
        return [value]
    parts = [value] if name in ("milestones", "objective") else value.split(",")
    if name == "ccf_centre":
        parts = re.findall(r"[^,]*\d[^,]*,[^,]*\d[^,]*|[^,]+", value)  # ROW,COL is one value
    return [part.strip() for part in parts if part.strip() and part.strip() != FROM_CONFIG]


def _option(name: str, field: FieldInfo, panel: str, *, many: bool) -> inspect.Parameter:
    flag = "--" + name.replace("_", "-")
    shared: dict[str, Any] = {"help": help_text(name, field), "rich_help_panel": panel, "show_default": False}
    if _plain(field.annotation) is bool:
        info: Any = typer.Option(f"{flag}/--no-{flag[2:]}", **shared)
        kind: Any = list[bool] | None if many else bool | None
    else:
        # Text on the way in: `config` is a value of every option, and pydantic reads numbers better.
        values = COMPLETED.get(name) or _choices(field.annotation)
        info = typer.Option(
            flag, metavar=_metavar(name, field.annotation, many=many), autocompletion=choices(*values), **shared
        )
        kind = list[str] | None if many else str | None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, info])


def help_text(name: str, field: FieldInfo, *, origin: str = "experiment, else ") -> str:
    """What a field is, where its value comes from when the option is left out, and its limits."""
    notes = [f"{origin}{_shown(name, field.default)}", *_limits(field)]
    return f"{field.description} [{'; '.join(notes)}]"


def _shown(name: str, default: Any) -> str:
    if default is None:
        return UNSET[name]
    if isinstance(default, bool):
        return "on" if default else "off"
    if isinstance(default, tuple):
        return ",".join(_shown(name, one) for one in default)
    return f"{default:g}" if isinstance(default, float) else str(default)


def _limits(field: FieldInfo) -> Iterator[str]:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    for limit in field.metadata:
        for name, text in words.items():
            value = getattr(limit, name, None)
            if value is not None and value < LIMIT_SHOWN and not (name == "ge" and value in OBVIOUS):
                yield f"{text} {value:g}"


def _plain(annotation: Any) -> Any:
    """The type inside `Annotated`."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _choices(annotation: Any) -> tuple[str, ...]:
    inner = _plain(annotation)
    return tuple(map(str, get_args(inner))) if get_origin(inner) is Literal else ()


def _metavar(name: str, annotation: Any, *, many: bool) -> str:
    inner = _plain(annotation)
    if get_origin(inner) is tuple:
        return "NUMBER,..."
    number = {int, float} & {inner, *get_args(inner)}
    text = METAVARS.get(name) or "|".join(_choices(annotation)) or ("NUMBER" if number else "TEXT")
    return f"{text},..." if many and not text.endswith("...") else text
