"""One experiment: the base, the space around it and how it is searched."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic.functional_validators import field_validator

from airybench.config.network import NetworkConfig, without_effect
from airybench.config.objective import COSTS, METRICS, Direction, Objective
from airybench.config.trial import SECTIONS, TrialConfig, section_of
from airybench.config.values import MAX_SEED, Frozen, Number, Value, validated
from airybench.errors import ConfigError, refused, unknown


def _joined(value: object) -> object:
    # A list in YAML and a repeated option are the comma list that `mlflow run -P` writes.
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


def _seconds(value: object) -> object:
    """Seconds out of `90`, `90s`, `30m`, `8h` or `2d`; anything else as it is."""
    found = re.fullmatch(r"\s*([0-9.]+)\s*([smhd]?)\s*", value) if isinstance(value, str) else None
    return float(found[1]) * UNITS[found[2]] if found and found[1].count(".") < 2 and found[1] != "." else value


UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
Duration = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_seconds)]


class StudyConfig(Frozen):
    """How the space is searched."""

    sampler: Literal["grid", "random", "tpe", "nsga2"] = Field(
        "grid",
        description="How cells are chosen. grid: all; random; tpe: Optuna's TPE; nsga2: for several objectives.",
    )
    pruner: Literal["none", "median", "hyperband"] = Field(
        "none", description="End trials early whose objective falls behind that of others."
    )
    trials: int | None = Field(None, ge=1, le=1_000_000, description="Number of trials of the whole study.")
    seeds: int = Field(1, ge=1, le=1000, description="Number of seeds per cell. Each makes one trial.")
    objective: Annotated[str, BeforeValidator(_joined)] = Field(
        "macro_ap",
        description="Metric on the validation split that ranks the cells. Several make a Pareto front; those after the "
        f"first may also be {', '.join(COSTS)}.",
    )
    time_limit: Duration | None = Field(
        None, description="End the study after this time, such as 8h. It can be resumed."
    )
    trial_time_limit: Duration | None = Field(
        None,
        description="End a trial with the epoch in which it exceeds this time, such as 30m. It counts as finished.",
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        parts = [part.strip() for part in self.objective.split(",")]
        for index, part in enumerate(parts):
            metric, _, way = part.partition(":")
            valid = METRICS if index == 0 else {**METRICS, **COSTS}
            if index == 0 and metric in COSTS:
                raise ValueError(f"objective {metric} is first; name a metric of the val split before it, as macro_ap")
            if metric.removeprefix("val/") not in valid:
                raise ValueError(str(unknown("objective", metric, valid)))
            if way not in ("", "max", "min"):
                raise ValueError(f"objective direction is {way!r}, expected max or min")
        names = [metric for metric, _ in self.objectives]
        if len(set(names)) < len(names):
            raise ValueError(f"objective {self.objective!r} names a metric twice; expected each once")
        if len(names) > 1 and self.pruner != "none":
            raise ValueError(
                f"pruner is {self.pruner!r} beside {len(names)} objectives, of which none can say alone that a trial "
                "falls behind; use --pruner none, or one --objective"
            )
        return self

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Every objective; the first one ranks the cells and names the best epoch."""
        found = []
        for part in self.objective.split(","):
            name, _, way = part.strip().partition(":")
            objective = Objective.of(name.removeprefix("val/"))
            found.append(Objective(objective.metric, "max" if way == "max" else "min") if way else objective)
        return tuple(found)

    @property
    def metric(self) -> str:
        """Metric of the first objective."""
        return self.objectives[0].metric

    @property
    def direction(self) -> Direction:
        """Better direction of the first objective."""
        return self.objectives[0].direction


class Range(Frozen):
    """A continuous axis, for samplers other than the grid."""

    low: Number
    high: Number
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"range {self.low:g}..{self.high:g} is empty, or logarithmic and not above 0")
        return self


def _axis(value: object) -> object:
    if isinstance(value, Mapping):
        return validated(Range, value)  # not left to the union, which would only say that it is no list
    return (value,) if isinstance(value, str | int | float) else value


Axis = Annotated[tuple[Value, ...] | Range, BeforeValidator(_axis)]
Grid = dict[str, Axis]


def _kind(name: str) -> Any:
    return SECTIONS[section_of(name)].model_fields[name].annotation


def _checked(name: str, axis: tuple[Value, ...] | Range) -> tuple[Value, ...] | Range:
    numeric = _kind(name) in (int, float)
    if name in ("seed", "dataset"):
        raise ConfigError(f"{name} is no axis of a space; use --{name if name == 'dataset' else 'seeds'}")
    if name in ("count", "data_seed", "split_seed", "split_by", "folds", "fold"):
        raise ConfigError(f"{name} is no axis of a space: a study has one split; run a study for each value")
    if isinstance(axis, Range) and not numeric:
        raise ConfigError(f"axis {name} is a range, but {name} is no number; give a list of values")
    if isinstance(axis, tuple) and not axis:
        raise ConfigError(f"axis {name} of the space is empty")
    if isinstance(axis, Range) or name == "milestones":
        return axis
    return tuple(parameter(name, value) for value in axis)  # "on" is True beside an alpha, and "18" a depth


def _without_effect(base: Any) -> dict[str, Any]:
    """What a base says of networks other than its own, such as the head of a VGG beside a ResNet, for the space."""
    network = base.get("network") if isinstance(base, Mapping) else None
    if not isinstance(network, Mapping):
        return {}
    try:
        made = NetworkConfig.model_validate(network)
    except ValidationError:
        return {}  # refused in its own place, with its own words
    idle = without_effect(made.model_dump())
    return {name: [network[name]] for name in NetworkConfig.model_fields if name in idle and network.get(name)}


class SweepConfig(Frozen):
    """One experiment: a question, a base, the space around it and how it is searched."""

    question: str = ""
    base: TrialConfig = TrialConfig()
    space: tuple[Grid, ...] = ({},)
    study: StudyConfig = StudyConfig()

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        values = dict(values)
        if isinstance(values.get("space"), Mapping):
            values["space"] = [values["space"]]
        waiting = _without_effect(values.get("base"))
        if waiting and isinstance(values.get("space", [{}]), list | tuple):
            values["space"] = [
                {**waiting, **grid} if isinstance(grid, Mapping) else grid for grid in values.get("space", [{}])
            ]
        return values

    @model_validator(mode="after")
    def _last_seed(self) -> Self:
        first, last = self.base.training.seed, self.base.training.seed + self.study.seeds - 1
        if last > MAX_SEED:
            raise ValueError(f"seed {first} with {self.study.seeds} seeds ends at {last}, expected at most {MAX_SEED}")
        return self

    @field_validator("space")
    @classmethod
    def _axes(cls, space: tuple[Grid, ...]) -> tuple[Grid, ...]:
        if not space:
            raise ValueError("the space is empty; leave it out to train the base alone")
        return tuple({name: _checked(name, axis) for name, axis in grid.items()} for grid in space)

    def customised(
        self, changes: Mapping[str, tuple[Value | Range, ...]], axes: tuple[str, ...], study: Mapping[str, Value]
    ) -> "SweepConfig":
        """A copy with what the command line gave.

        Where any of `axes` is given, the space becomes the product of those given, over the base. Another parameter
        with several values or a range becomes an axis of whatever the space is; with a single value it goes into the
        base.

        Raises:
            ConfigError: a value that cannot be.
        """
        given = {name: _one_range(name, values) for name, values in changes.items()}
        spanned: Grid = {name: axis for name, axis in given.items() if name in axes}
        listed: Grid = {
            name: axis
            for name, axis in given.items()
            if name not in axes and (isinstance(axis, Range) or len(axis) > 1)
        }
        fixed: dict[str, Value] = {
            name: axis[0]
            for name, axis in given.items()
            if name not in spanned and name not in listed and isinstance(axis, tuple)
        }
        base = self.base.replace(fixed)
        # What has no effect on the base, such as the head of a VGG beside a ResNet, waits in the space for its cells.
        waiting: Grid = {name: (value,) for name, value in fixed.items() if getattr(base.network, name, value) != value}
        kept = (spanned,) if spanned else [{k: v for k, v in grid.items() if k not in fixed} for grid in self.space]
        space = tuple({**grid, **listed, **waiting} for grid in kept)
        rule = validated(StudyConfig, {**self.study.model_dump(), **study})
        content = {"question": self.question, "base": base.model_dump(), "space": space, "study": rule.model_dump()}
        return validated(SweepConfig, content)


def _one_range(name: str, values: tuple[Value | Range, ...]) -> tuple[Value, ...] | Range:
    if not any(isinstance(value, Range) for value in values):
        return tuple(value for value in values if not isinstance(value, Range))
    if len(values) > 1 or not isinstance(values[0], Range):
        raise ConfigError(f"{name} was given a range beside {len(values) - 1} more; give one range, or values alone")
    return values[0]


def word(name: str, text: object) -> Value | Range:
    """A value of a flat parameter as `parameter` reads it, or a range: `LOW:HIGH`, `LOW:HIGH:log`.

    Raises:
        ConfigError: an unknown name, a value outside the parameter's range, or a range that cannot be.
    """
    if not isinstance(text, str) or ":" not in text or name in StudyConfig.model_fields:
        return parameter(name, text)
    if _kind(name) not in (int, float):
        return parameter(name, text)
    low, high, *rest = text.split(":")
    if rest not in ([], ["log"]):
        raise ConfigError(f"{name}: found {text!r}; expected LOW:HIGH or LOW:HIGH:log")
    return validated(Range, {"low": parameter(name, low), "high": parameter(name, high), "log": bool(rest)})


def parameter(name: str, value: object) -> Value:
    """One value of a flat parameter, checked by itself and turned into its type; text is read as on a command line.

    Raises:
        ConfigError: an unknown name, or a value outside the parameter's range.
    """
    model: type[Frozen] = StudyConfig if name in StudyConfig.model_fields else SECTIONS[section_of(name)]
    field = model.model_fields[name]
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    adapter: TypeAdapter[Value] = TypeAdapter(kind)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise refused({**error.errors(include_url=False)[0], "input": value}, (), name=name) from None
