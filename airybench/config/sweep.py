"""One experiment: a question, a base configuration, the space around it, and how that is searched."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic.functional_validators import field_validator

from airybench.config.network import NetworkConfig, neutral_values
from airybench.config.question import axes as asked_about
from airybench.config.question import sentence
from airybench.config.space import Grid, Range, as_axis, checked_axis
from airybench.config.study import MOST_SEEDS, StudyConfig
from airybench.config.trial import TrialConfig
from airybench.config.values import MAX_SEED, Frozen, Value, validated


def _for_other_networks(base: Any) -> dict[str, Any]:
    """Values that have no effect on the network of the base, such as the head width of a ResNet, as axes."""
    network = base.get("network") if isinstance(base, Mapping) else None
    if not isinstance(network, Mapping):
        return {}
    try:
        config = NetworkConfig.model_validate(network)
    except ValidationError:
        return {}  # the validation of the base reports this error
    idle = neutral_values(config.model_dump())
    return {name: [network[name]] for name in NetworkConfig.model_fields if name in idle and network.get(name)}


def _every_fold(base: Any) -> Any:
    """A base with folds and without a fold of its own stands for all of them."""
    data = base.get("data") if isinstance(base, Mapping) else None
    if isinstance(data, Mapping) and data.get("folds") and not {"fold", "every_fold"} & data.keys():
        return {**base, "data": {**data, "every_fold": True}}
    return base


class SweepConfig(Frozen):
    """One experiment.

    Attributes:
        question: what the experiment is to answer; see `asked` where it is empty.
        base: the configuration that every cell starts from.
        space: one or several grids; the cells of the experiment are the combinations of the axes of each grid.
        study: how the space is searched.

    >>> SweepConfig(space=({"alpha": (0.1, 0.2)},)).space[0]["alpha"]
    (0.1, 0.2)
    """

    question: str = ""
    base: TrialConfig = TrialConfig()
    space: tuple[Grid, ...] = ({},)
    study: StudyConfig = StudyConfig()

    @property
    def asked(self) -> str:
        r"""The question in one line; made of the axes where the experiment has none of its own.

        >>> SweepConfig(question="Which\nalpha?").asked, SweepConfig().asked
        ('Which alpha?', 'How well does a ResNet-18 with the logarithmic activation sort these patterns?')
        """
        return " ".join(self.question.split()) or sentence(self.base, self.space)

    def asks_as(self, other: "SweepConfig") -> bool:
        """Whether both are about the same axes with the same values, so that one question suits both."""
        return asked_about(self.base, self.space) == asked_about(other.base, other.space)

    @model_validator(mode="before")
    @classmethod
    def _as_grids(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        values = {**values, **({"base": _every_fold(values["base"])} if "base" in values else {})}
        if isinstance(values.get("space"), Mapping):
            values["space"] = [values["space"]]
        others = _for_other_networks(values.get("base"))
        if others and isinstance(values.get("space", [{}]), list | tuple):
            values["space"] = [
                {**others, **grid} if isinstance(grid, Mapping) else grid for grid in values.get("space", [{}])
            ]
        return values

    @model_validator(mode="after")
    def _last_seed(self) -> Self:
        first, last = self.base.training.seed, self.base.training.seed + self.study.seeds - 1
        fresh = ""
        if self.study.confirm:
            fresh, last = f" and {self.study.confirm} fresh ones", first + MOST_SEEDS + self.study.confirm - 1
        if last > MAX_SEED:
            seeds = f"{self.study.seeds} seeds{fresh}"
            raise ValueError(f"seed {first} with {seeds} ends at {last}, expected at most {MAX_SEED}")
        return self

    @model_validator(mode="after")
    def _one_split_for_stress(self) -> Self:
        if self.study.stress and self.base.data.every_fold:
            raise ValueError("stress is on, which scores one test split; name a --fold, or leave out --folds")
        return self

    @field_validator("space")
    @classmethod
    def _checked_axes(cls, space: tuple[Grid, ...]) -> tuple[Grid, ...]:
        if not space:
            raise ValueError("the space is empty; leave it out to train the base alone")
        return tuple({name: checked_axis(name, axis) for name, axis in grid.items()} for grid in space)

    def customised(
        self, changes: Mapping[str, tuple[Value | Range, ...]], axes: tuple[str, ...], study: Mapping[str, Value]
    ) -> "SweepConfig":
        """A copy with the options of the command line.

        If any of `axes` is given, the given ones replace the space. Any other parameter with several values, or with a
        range, becomes a further axis of the space; with a single value it changes the base. The question goes where the
        axes are no longer those that it is about.

        Args:
            changes: values by parameter name.
            axes: parameters that span the space.
            study: changes of the study's own parameters.

        Raises:
            ConfigError: an invalid value.
        """
        given = {name: as_axis(name, values) for name, values in changes.items()}
        spanning: Grid = {name: axis for name, axis in given.items() if name in axes}
        several: Grid = {
            name: axis
            for name, axis in given.items()
            if name not in axes and (isinstance(axis, Range) or len(axis) > 1)
        }
        single: dict[str, Value] = {
            name: axis[0]
            for name, axis in given.items()
            if name not in spanning and name not in several and isinstance(axis, tuple)
        }
        if "every_fold" not in single and {"folds", "fold"} & single.keys():
            every = "fold" not in single  # without folds it has no effect
            single |= {"every_fold": every} | ({"fold": 0} if every else {})
        base = self.base.replace(single)
        # A value without effect on the base, such as the head width of a ResNet, becomes an axis for the other cells.
        others: Grid = {name: (value,) for name, value in single.items() if getattr(base.network, name, value) != value}
        grids = (spanning,) if spanning else self._without_axes(single)
        content = {
            "question": self.question,
            "base": base.model_dump(),
            "space": tuple({**grid, **several, **others} for grid in grids),
            "study": validated(StudyConfig, {**self.study.model_dump(), **study}).model_dump(),
        }
        changed = validated(SweepConfig, content)
        return changed if changed.asks_as(self) else changed.model_copy(update={"question": ""})

    def _without_axes(self, names: Mapping[str, Value]) -> tuple[Grid, ...]:
        """The grids of the space without the axes of the given parameters."""
        return tuple({name: axis for name, axis in grid.items() if name not in names} for grid in self.space)
