"""One experiment: the base, the space around it and how it is searched."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic.functional_validators import field_validator

from airybench.config.network import NetworkConfig, without_effect
from airybench.config.trial import SECTIONS, TrialConfig, section_of
from airybench.config.values import MAX_SEED, Frozen, Number, Value, validated
from airybench.errors import ConfigError, refused, unknown

METRICS: dict[str, Literal["max", "min"]] = {
    "macro_ap": "max",
    "macro_f1": "max",
    "micro_f1": "max",
    "accuracy": "max",
    "exact_match": "max",
    "mcc": "max",
    "roc_auc": "max",
    "precision": "max",
    "recall": "max",
    "loss": "min",
}
"""Metrics a study may be ranked by, with their better direction."""


class StudyConfig(Frozen):
    """How the space is searched."""

    sampler: Literal["grid", "tpe"] = Field("grid", description="grid: every cell; tpe: Optuna's TPE.")
    trials: int | None = Field(None, ge=1, le=1_000_000, description="Trials in all (grid: every cell and seed).")
    seeds: int = Field(1, ge=1, le=1000, description="Seeds a cell, one trial each.")
    objective: str = Field("macro_ap", description="METRIC[:max|min] on the val split.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        metric, _, way = self.objective.partition(":")
        if metric.removeprefix("val/") not in METRICS:
            raise ValueError(str(unknown("objective", metric, METRICS)))
        if way not in ("", "max", "min"):
            raise ValueError(f"objective direction is {way!r}, expected max or min")
        return self

    @property
    def metric(self) -> str:
        """The objective's metric without prefix, such as `macro_ap`."""
        return self.objective.partition(":")[0].removeprefix("val/")

    @property
    def direction(self) -> Literal["max", "min"]:
        """Which way is better."""
        way = self.objective.partition(":")[2]
        return METRICS[self.metric] if not way else ("max" if way == "max" else "min")


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


def _checked(name: str, axis: tuple[Value, ...] | Range) -> tuple[Value, ...] | Range:
    numeric = SECTIONS[section_of(name)].model_fields[name].annotation in (int, float)
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
        self, changes: Mapping[str, tuple[Value, ...]], axes: tuple[str, ...], study: Mapping[str, Value]
    ) -> "SweepConfig":
        """A copy with what the command line gave.

        Where any of `axes` is given, the space becomes the product of those given, over the base. Another parameter
        with several values becomes an axis of whatever the space is; with a single value it goes into the base.

        Raises:
            ConfigError: a value that cannot be.
        """
        spanned: Grid = {name: values for name, values in changes.items() if name in axes}
        listed: Grid = {name: values for name, values in changes.items() if name not in axes and len(values) > 1}
        fixed = {name: values[0] for name, values in changes.items() if name not in spanned and name not in listed}
        base = self.base.replace(fixed)
        # What has no effect on the base, such as the head of a VGG beside a ResNet, waits in the space for its cells.
        waiting: Grid = {name: (value,) for name, value in fixed.items() if getattr(base.network, name, value) != value}
        kept = (spanned,) if spanned else [{k: v for k, v in grid.items() if k not in fixed} for grid in self.space]
        space = tuple({**grid, **listed, **waiting} for grid in kept)
        rule = validated(StudyConfig, {**self.study.model_dump(), **study})
        content = {"question": self.question, "base": base.model_dump(), "space": space, "study": rule.model_dump()}
        return validated(SweepConfig, content)


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
