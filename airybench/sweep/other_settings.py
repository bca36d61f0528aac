"""A study whose name is asked for with other settings: which settings differ, in words, and the ways to go on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from airybench.config import SECTIONS, Range, SweepConfig, validated
from airybench.config.typed import Axis, option, typed
from airybench.errors import ConfigError
from airybench.study_name import StudyName

MOST_NAMED = 6
"""Settings that one message names."""

AXES = ("arch", "depth", "alpha", "leakiness", "log_activation")
"""Parameters that, given as options, replace the whole space."""


@dataclass(frozen=True)
class OtherSetting:
    """A setting that differs.

    Attributes:
        name: of a parameter, of a setting of the search, or of the data set.
        there: its values in the study.
        now: its values as they are asked for.
        axis: whether it spans the space, on one of the two sides at least.
    """

    name: str
    there: Axis
    now: Axis
    axis: bool = False

    def __str__(self) -> str:
        """As a message says it.

        >>> str(OtherSetting("image_size", (32,), (40, 64), axis=True))
        'image size 32 there, 40, 64 now'
        """
        return f"{self.name.replace('_', ' ')} {_words(self.there)} there, {_words(self.now)} now"


def message(name: str, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What differs between two definitions, and the three ways on.

    Args:
        name: of the study.
        known: the stored definition, complete.
        wanted: what is asked for.
    """
    there, now = _sweep(known), _sweep(wanted)
    settings = differences(there, now)
    named = [str(one) for one in settings[:MOST_NAMED]]
    if len(settings) > MOST_NAMED:
        named.append(f"{len(settings) - MOST_NAMED} more")
    if not settings and there.space != now.space:
        named.append("other combinations of the same values")
    other_data = known.get("data_sha256") != wanted.get("data_sha256")
    measured = now.base.data.simulator == 0
    if other_data and (measured or not any(one.name in SECTIONS["data"].model_fields for one in settings)):
        named.append("other data")
    ways = ["another --study NAME", "--fresh, which archives it and starts again"]
    if not other_data or (settings and not measured):
        ways.append(f"its own settings: {_way_back(name, there, now, settings)}")
    return f"study {name} has other settings ({'; '.join(named)}); go on with {_either(ways)}"


def differences(there: SweepConfig, now: SweepConfig) -> list[OtherSetting]:
    """The settings in which two sweeps differ: parameters that span a space, those of the base, those of the search."""
    axes = {name: None for sweep in (there, now) for grid in sweep.space for name in grid}
    found = [OtherSetting(name, _values(there, name), _values(now, name), axis=True) for name in axes]
    for section in SECTIONS:
        old, new = (getattr(sweep.base, section) for sweep in (there, now))
        found += [
            OtherSetting(name, (_value(old, name),), (_value(new, name),))
            for name in type(old).model_fields
            if name not in axes and name != "every_fold"
        ]
    found += [
        OtherSetting(name, (getattr(there.study, name),), (getattr(now.study, name),))
        for name in ("sampler", "pruner", "objective", "trial_time_limit", "stress")
    ]
    return [one for one in found if _as_set(one.there) != _as_set(one.now)]


def _sweep(content: Mapping[str, Any]) -> SweepConfig:
    return validated(SweepConfig, {key: content[key] for key in ("base", "space", "study") if content.get(key)})


def _values(sweep: SweepConfig, name: str) -> Axis:
    """All values that a parameter takes in a space; grids without it have the value of the base."""
    values: list[Any] = []
    for grid in sweep.space:
        axis = grid.get(name, (sweep.base.params()[name],))
        if isinstance(axis, Range):
            return axis
        values += axis
    return tuple(dict.fromkeys(values))


def _value(section: BaseModel, name: str) -> Any:
    """A parameter as users know it: a study that runs every fold has no fold of its own."""
    every = name == "fold" and getattr(section, "every_fold", False)
    return "all" if every else getattr(section, name)


def _as_set(axis: Axis) -> object:
    return axis if isinstance(axis, Range) else frozenset(axis)


def _way_back(name: str, there: SweepConfig, now: SweepConfig, settings: list[OtherSetting]) -> str:
    """The options that make of what is asked for what the study has, or the file that holds its settings."""
    options = dict(_options(there, settings))
    try:
        changes = {key: axis if isinstance(axis, tuple) else (axis,) for key, axis in options.items()}
        search = {key: changes.pop(key)[0] for key in list(changes) if key in type(there.study).model_fields}
        back = now.customised({key: value for key, value in changes.items() if key != "dataset"}, AXES, search)  # type: ignore[arg-type]
        same = options and not differences(there, back) and back.space == there.space
        same = same and not any(
            isinstance(axis, tuple) and None in axis for axis in options.values()
        )  # which cannot be typed
    except ConfigError:
        same = False
    if same and "dataset" not in options:
        return " ".join(option(key, axis) for key, axis in options.items())
    return (
        f"--study {StudyName.parse(name).name} and --config with the file that `airybench studies show {name} --yaml` "
        "prints"
    )


def _options(there: SweepConfig, settings: list[OtherSetting]) -> Iterator[tuple[str, Axis]]:
    """The settings of a study as options; where one of the axes differs that replace the space, all of them."""
    if any(one.axis and one.name in AXES for one in settings) and len(there.space) == 1:
        yield from ((name, axis) for name, axis in there.space[0].items() if name in AXES)
    for one in settings:
        if not (one.axis and one.name in AXES):
            yield one.name, one.there


def _words(axis: Axis) -> str:
    return typed(axis).replace(",", ", ")


def _either(ways: list[str]) -> str:
    return f"{', '.join(ways[:-1])}{',' * (len(ways) > 2)} or {ways[-1]}"
