"""The space of a sweep: its axes, and which combinations of their values are cells."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import optuna

from airybench.config import DEPTHS, SECTIONS, Grid, Range, SweepConfig, TrialConfig, Value, neutral_values, section_of
from airybench.errors import ConfigError

ORDER = ("arch", "depth", "batch_norm", "log_activation", "alpha", "beta", "input", "ccf_kind")
"""Axes that others depend on come first; the rest follow as written."""

ONLY_WITH: dict[str, tuple[str, Value]] = {
    "ccf_kind": ("input", "ccf"),
    "ccf_zero": ("input", "ccf"),
    "ccf_centre": ("input", "ccf"),
    "ccf_delta": ("ccf_kind", "radial"),
    "flips": ("input", "image"),
}
"""Axes of the data that have an effect only with one value of another axis; those of networks are in `config`."""


@dataclass(frozen=True)
class Cell:
    """One point of the space.

    Attributes:
        config: what is trained, with the base's seed.
        point: the parameters of Optuna that lead to it.
    """

    config: TrialConfig
    point: dict[str, Value]

    @cached_property
    def digest(self) -> str:
        """`config.cell()`, computed once: each request for the next trial compares the digests of all cells."""
        return self.config.cell()


def cells(sweep: SweepConfig) -> list[Cell]:
    """Every valid cell of a finite space, each once.

    A depth that an architecture does not have makes no cell, and cells that differ only in a parameter without effect
    are one cell.

    Raises:
        ConfigError: an axis is a range, a value is invalid, or no cell is left.
    """
    found: dict[str, Cell] = {}
    for index, grid in enumerate(sweep.space):
        _check_depths(grid, sweep.base)
        for chosen, point in _expand(_ordered(grid), grid, sweep.base, {}, _start(sweep, index)):
            cell = Cell(sweep.base.replace(chosen), point)
            found.setdefault(cell.config.cell(), cell)
    if not found:
        raise ConfigError("the space holds no cell: no architecture in it comes in a depth asked for")
    return list(found.values())


def finite(sweep: SweepConfig) -> bool:
    """Whether the space is a list of cells, without a continuous axis."""
    return not any(isinstance(axis, Range) for grid in sweep.space for axis in grid.values())


def suggest(trial: optuna.Trial | optuna.trial.FixedTrial, sweep: SweepConfig) -> TrialConfig:
    """Let the sampler choose the cell of a trial; an enqueued trial has its point already."""
    index = 0
    if len(sweep.space) > 1:
        index = int(trial.suggest_categorical("grid", list(range(len(sweep.space)))))

    def ask(name: str, label: str, axis: tuple[Value, ...] | Range) -> Value:
        if not isinstance(axis, Range):
            choices: list[Any] = list(axis)
            chosen: Value = trial.suggest_categorical(label, choices)
            return chosen
        if SECTIONS[section_of(name)].model_fields[name].annotation is int:
            return trial.suggest_int(label, int(axis.low), int(axis.high), log=axis.log)
        return trial.suggest_float(label, axis.low, axis.high, log=axis.log)

    return sweep.base.replace(_chosen(sweep, index, ask))


class OutsideError(ConfigError):
    """A value lies outside a space.

    Attributes:
        name: of the parameter.
        value: that it has.
    """

    def __init__(self, name: str, value: Value) -> None:
        super().__init__(f"{name} {f'{value:g}' if isinstance(value, float) else value} is not in the space")
        self.name, self.value = name, value


def place(values: Mapping[str, Value], sweep: SweepConfig) -> Cell:
    """The cell of a space that has given values on its axes; the base says everything else.

    Args:
        values: of every parameter, by name.
        sweep: base and space.

    Raises:
        OutsideError: no grid of the space has such a cell; the error is that of the grid which has most of the values.

    >>> place({"alpha": 0.2}, SweepConfig(space=({"alpha": (0.1, 0.2)},))).point
    {'alpha': 0.2}
    """
    outside: dict[int, OutsideError] = {}
    for index in range(len(sweep.space)):
        point = _start(sweep, index)

        def take(name: str, label: str, axis: tuple[Value, ...] | Range, point: dict[str, Value] = point) -> Value:
            value = values[name]
            if not _holds(axis, value):
                raise OutsideError(name, value)
            point[label] = value
            return value

        try:
            return Cell(sweep.base.replace(_chosen(sweep, index, take)), point)
        except OutsideError as error:
            outside.setdefault(len(point), error)
    raise outside[max(outside)]


def _holds(axis: tuple[Value, ...] | Range, value: Value) -> bool:
    if isinstance(axis, Range):
        return isinstance(value, int | float) and axis.low <= value <= axis.high
    return value in axis


def _chosen(
    sweep: SweepConfig, index: int, choose: Callable[[str, str, tuple[Value, ...] | Range], Value]
) -> dict[str, Value]:
    """Values of the axes of a grid, each chosen by name, by what Optuna calls it, and from those that it may have."""
    chosen: dict[str, Value] = {}
    for name in _ordered(sweep.space[index]):
        label, axis = _options(name, sweep.space[index], sweep.base, chosen)
        if axis:
            chosen[name] = choose(name, _label(sweep, index, label), axis)
    return chosen


def check(sweep: SweepConfig) -> None:
    """Make sure that every value of the space is valid, before anything starts.

    Raises:
        ConfigError: a value is invalid, or a grid sampler has a range.
    """
    if finite(sweep):
        found = {(cell.config.network.arch, cell.config.data.image_size): cell.config for cell in cells(sweep)}
        from airybench.networks.timm_models import require_buildable  # cells that are wrong are refused without torch

        for config in found.values():
            require_buildable(config.network, config.data.image_size, config.data.channels)
        return
    if sweep.study.sampler == "grid":
        raise ConfigError("the space has a range, which a grid cannot cover; give a list of values or --sampler tpe")
    if sweep.study.trials is None:
        raise ConfigError("the space has a range, so the study needs an end; give --trials N")
    for grid in sweep.space:
        _check_depths(grid, sweep.base)  # as given: the ends of a range may be depths, but not what lies between
    cells(ends(sweep))


def ends(sweep: SweepConfig) -> SweepConfig:
    """The same sweep with its two ends in place of each range, for counting cells."""
    space = tuple(
        {name: (axis.low, axis.high) if isinstance(axis, Range) else axis for name, axis in grid.items()}
        for grid in sweep.space
    )
    return sweep.model_copy(update={"space": space})


def _start(sweep: SweepConfig, index: int) -> dict[str, Value]:
    return {"grid": index} if len(sweep.space) > 1 else {}


def _label(sweep: SweepConfig, index: int, label: str) -> str:
    # Optuna fixes the choices of a parameter by its name: each grid needs names of its own.
    return f"{label}@{index}" if len(sweep.space) > 1 else label


def _ordered(grid: Grid) -> list[str]:
    return [*(name for name in ORDER if name in grid), *(name for name in grid if name not in ORDER)]


def _options(
    name: str, grid: Grid, base: TrialConfig, chosen: Mapping[str, Any]
) -> tuple[str, tuple[Value, ...] | Range]:
    """Label and values of an axis, given what was chosen before it; no values where it has no effect."""
    axis = grid[name]
    if name == "depth" and isinstance(axis, tuple):
        arch = str(chosen.get("arch", base.network.arch))
        return f"{arch}_depth", tuple(depth for depth in axis if depth in DEPTHS.get(arch, ()))
    if name == "arch" and isinstance(axis, tuple) and "depth" in grid:
        return name, _architectures(axis, grid["depth"])
    return name, axis if _has_effect(name, base, chosen) else ()


def _architectures(axis: tuple[Value, ...], depths: tuple[Value, ...] | Range) -> tuple[Value, ...]:
    """Those that come in one of the depths, or in no depth at all."""
    assert isinstance(depths, tuple)
    return tuple(arch for arch in axis if set(depths) & set(DEPTHS.get(str(arch), depths)))


def _has_effect(name: str, base: TrialConfig, chosen: Mapping[str, Any]) -> bool:
    """Whether an axis changes anything beside the values chosen before it."""
    if name != "depth" and name in neutral_values({**base.network.model_dump(), **chosen}):
        return False
    if name not in ONLY_WITH:
        return True
    other, value = ONLY_WITH[name]
    return bool(chosen.get(other, getattr(getattr(base, section_of(other)), other)) == value)


def _expand(
    names: list[str], grid: Grid, base: TrialConfig, chosen: dict[str, Any], point: dict[str, Value]
) -> Iterator[tuple[dict[str, Any], dict[str, Value]]]:
    if not names:
        yield chosen, point
        return
    label, options = _options(names[0], grid, base, chosen)
    if isinstance(options, Range):
        raise ConfigError(
            f"axis {names[0]} is a range, which a grid cannot cover; give a list of values or --sampler tpe"
        )
    if not options:
        if names[0] not in ("arch", "depth") or (
            names[0] == "depth" and chosen.get("arch", base.network.arch) not in DEPTHS
        ):
            yield from _expand(names[1:], grid, base, chosen, point)
        return
    if "grid" in point:
        label = f"{label}@{point['grid']}"
    for value in options:
        yield from _expand(names[1:], grid, base, {**chosen, names[0]: value}, {**point, label: value})


def _check_depths(grid: Grid, base: TrialConfig) -> None:
    depths = grid.get("depth", ())
    archs = grid.get("arch", (base.network.arch,))
    if isinstance(depths, Range) or isinstance(archs, Range):
        raise ConfigError("arch and depth are lists of names and numbers, not ranges")
    for arch in archs:
        if arch not in DEPTHS:
            base.replace({"arch": arch})  # raises, naming the valid ones
    for depth in depths:
        if not any(depth in DEPTHS.get(str(arch), ()) for arch in archs):
            valid = "; ".join(f"{arch}: {', '.join(map(str, DEPTHS.get(str(arch), ('no depth',))))}" for arch in archs)
            raise ConfigError(f"{' or '.join(map(str, archs))} has no depth {depth}; valid: {valid}")
