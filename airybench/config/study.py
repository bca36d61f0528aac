"""The study: how the cells are chosen, what ranks them, and when the study ends."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from airybench.config.keep import Keep
from airybench.config.objective import COSTS, METRICS, Direction, Objective
from airybench.config.values import Frozen, Switch
from airybench.errors import unknown


def _joined(value: object) -> object:
    # A list in YAML and a repeated option become the comma-separated list that `mlflow run -P` writes.
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


MOST_SEEDS = 1000
"""Per cell. Those of a confirmation are this much larger, so that they stay fresh however many the search gets."""

SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: object) -> object:
    """Seconds from `90`, `90s`, `30m`, `8h` or `2d`; what is no text is returned unchanged.

    Raises:
        ValueError: another text.

    >>> parse_duration("1.5h"), parse_duration(90)
    (5400.0, 90)
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*([smhd]?)\s*", value)
    if not match or not float(match[1]):
        raise ValueError(f"found {value!r}; expected a time above 0, such as 90, 30m or 8h")
    return float(match[1]) * SECONDS[match[2]]


Duration = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(parse_duration)]
"""A time in seconds, also given with a unit such as 30m or 8h."""


class StudyConfig(Frozen):
    """How the space is searched, and what ranks its cells."""

    sampler: Literal["grid", "random", "tpe", "nsga2"] = Field(
        "grid",
        description="How cells are chosen. grid: all; random; tpe: Optuna's TPE; nsga2: for several objectives.",
    )
    pruner: Literal["none", "median", "hyperband"] = Field(
        "none", description="End trials early whose objective falls behind that of others."
    )
    trials: int | None = Field(None, ge=1, le=1_000_000, description="Number of trials of the whole study.")
    seeds: int = Field(1, ge=1, le=MOST_SEEDS, description="Number of seeds per cell. Each makes one trial.")
    confirm: int = Field(
        0,
        ge=0,
        le=MOST_SEEDS,
        description="Number of fresh seeds with which the chosen cells are trained again after the last trial, so that "
        "lucky seeds do not decide a comparison.",
    )
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

    stress: Switch = Field(
        False, description="Also score every trial under changes of the detector, such as hot pixels."
    )
    keep: Keep | None = Field(
        None,
        description="Whose weights stay on the disk. best N: those of the N best cells, and of any cell that can still "
        "become one; all; none. Predictions always stay.",
    )

    @model_validator(mode="after")
    def _valid_objectives(self) -> Self:
        parts = [part.strip() for part in self.objective.split(",")]
        for index, part in enumerate(parts):
            metric, _, direction = part.partition(":")
            valid = METRICS if index == 0 else {**METRICS, **COSTS}
            if index == 0 and metric in COSTS:
                raise ValueError(f"objective {metric} is first; name a metric of the val split before it, as macro_ap")
            if metric.removeprefix("val/") not in valid:
                raise ValueError(str(unknown("objective", metric, valid)))
            if direction not in ("", "max", "min"):
                raise ValueError(f"objective direction is {direction!r}, expected max or min")
        names = [metric for metric, _ in self.objectives]
        if len(set(names)) < len(names):
            raise ValueError(f"objective {self.objective!r} names a metric twice; expected each once")
        if len(names) > 1 and self.pruner != "none":
            raise ValueError(
                f"pruner is {self.pruner!r} with {len(names)} objectives, but pruners compare trials by a single one; "
                "use --pruner none, or one --objective"
            )
        return self

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All objectives; the first one ranks the cells and determines the best epoch.

        >>> [str(objective) for objective in StudyConfig(objective="macro_ap,parameters").objectives]
        ['macro_ap:max', 'parameters:min']
        """
        objectives = []
        for part in self.objective.split(","):
            name, _, direction = part.strip().partition(":")
            default = Objective.of(name.removeprefix("val/"))
            objectives.append(
                Objective(default.metric, "max" if direction == "max" else "min") if direction else default
            )
        return tuple(objectives)

    @property
    def metric(self) -> str:
        """Metric of the first objective."""
        return self.objectives[0].metric

    @property
    def direction(self) -> Direction:
        """Better direction of the first objective."""
        return self.objectives[0].direction
