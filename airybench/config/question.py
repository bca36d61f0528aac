"""The question of a study whose axes were given by hand: a sentence made of them."""

from collections.abc import Mapping, Sequence

from airybench.config.data import DataConfig
from airybench.config.network import DEPTHS
from airybench.config.space import Grid, Range
from airybench.config.trial import TrialConfig
from airybench.config.values import Value

NETWORK = ("arch", "depth", "log_activation", "alpha", "leakiness")
"""Parameters of the network that questions and claims are about."""

DATA = ("input", "noise", "fraction", "input_scaling")
"""Parameters of the data that they are about."""

ARCHITECTURES = {"resnet": "ResNet", "vgg": "VGG"}
INPUTS = {"image": "images", "ccf": "correlation maps"}

TITLES = {
    "arch": "architecture",
    "base_lr": "learning rate",
    "bn_momentum": "momentum of batch norm",
    "fraction": "share of the training shots",
}
"""What the axes are called whose parameters have other names than a sentence would use."""

MOST = 6
"""Values of an axis that a sentence lists; of more it says how many."""

Values = tuple[Value, ...] | Range


def axes(base: TrialConfig, space: Sequence[Grid]) -> dict[str, tuple[Values, ...]]:
    """Every axis that a question may be about, with its values grid by grid.

    Those are the parameters of NETWORK and DATA, and whatever else takes several values. A network without the
    activation has no alpha.

    Args:
        base: the configuration that every cell starts from.
        space: grids around it.
    """
    params = {**base.params(), **{name: getattr(base.data, name) for name in DATA}}  # as configured: `paper` is kept
    several = [name for grid in space for name, axis in grid.items() if isinstance(axis, Range) or len(axis) > 1]
    found: dict[str, tuple[Values, ...]] = {}
    for name in dict.fromkeys([*NETWORK, *DATA, *several]):
        grids = [grid for grid in space if name != "alpha" or True in _of(grid, "log_activation", params)]
        found[name] = tuple(grid.get(name, (params[name],)) for grid in grids)
    return found


def _of(grid: Grid, name: str, params: Mapping[str, Value]) -> Sequence[Value]:
    axis = grid.get(name, (params[name],))
    return () if isinstance(axis, Range) else axis


def sentence(base: TrialConfig, space: Sequence[Grid]) -> str:
    """The question that a space puts.

    >>> sentence(TrialConfig(), [{"alpha": (0.1, 0.5)}])
    'Which alpha (0.1, 0.5) lets a ResNet-18 with the logarithmic activation sort these patterns best?'
    >>> sentence(TrialConfig(), [{"log_activation": (True, False), "alpha": (0.2,)}])
    'Does the logarithmic activation help a ResNet-18 to sort these patterns?'
    """
    values = {name: _union(grids) for name, grids in axes(base, space).items()}
    varied = [name for name, found in values.items() if len(found) > 1 or any(isinstance(one, Range) for one in found)]
    network = _network(values)
    seen = "".join(f", {words(name, values[name][0])}" for name in DATA if _set(name, values[name]))
    of_activation = "log_activation" in varied
    asked = _listed([f"{TITLES.get(name, name.replace('_', ' '))} ({_values(name, values[name])})"
                     for name in varied if name != "log_activation"])  # fmt: skip
    if of_activation:
        with_which = f", and with which {asked}" if asked else ""
        return f"Does the logarithmic activation help {network} to sort these patterns{seen}{with_which}?"
    network += f" {'with' if True in values['log_activation'] else 'without'} the logarithmic activation"
    if not asked:
        return f"How well does {network} sort these patterns{seen}?"
    return f"Which {asked} lets {network} sort these patterns best{seen}?"


def _union(grids: Sequence[Values]) -> tuple[Value | Range, ...]:
    """Distinct values of one parameter; numbers rise."""
    found = dict.fromkeys(one for axis in grids for one in ((axis,) if isinstance(axis, Range) else axis))
    numbers = [one for one in found if isinstance(one, int | float)]
    return tuple(sorted(numbers)) if len(numbers) == len(found) else tuple(found)


def _set(name: str, values: Sequence[Value | Range]) -> bool:
    """Whether a parameter of the data has one value, and another than its default."""
    return len(values) == 1 and values[0] != DataConfig.model_fields[name].default


def _network(values: Mapping[str, tuple[Value | Range, ...]]) -> str:
    """The networks of a study, as far as they are the same."""
    archs, depths = values["arch"], values["depth"]
    if len(archs) > 1:
        return "a network"
    name = _value("arch", archs[0])
    return f"a {name}-{depths[0]}" if len(depths) == 1 and archs[0] in DEPTHS else f"a {name}"


def _values(name: str, values: Sequence[Value | Range]) -> str:
    texts = [_value(name, one) for one in values]
    return ", ".join(texts) if len(texts) <= MOST else f"{len(texts)} values, {texts[0]} to {texts[-1]}"


def _value(name: str, value: Value | Range) -> str:
    if isinstance(value, Range):
        return f"{value.low:g} to {value.high:g}"
    if isinstance(value, bool):
        return "on" if value else "off"
    if name == "fraction":
        return f"{float(value):.0%}"
    known = {"arch": ARCHITECTURES, "input": INPUTS}.get(name, {})
    return known.get(str(value), f"{value:g}" if isinstance(value, int | float) else str(value))


def _listed(parts: Sequence[str]) -> str:
    """Words with commas, and `and` before the last."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def words(name: str, value: object) -> str:
    """What a claim or a question says of the data that all networks in it share.

    >>> words("fraction", 0.05), words("noise", "max")
    ('with 5% of the training shots', 'with noise up to the max')
    """
    if name == "noise":
        return "without noise" if value == "none" else f"with noise up to the {str(value).replace('-', ' + ')}"
    if name == "fraction":
        return f"with {float(str(value)):.0%} of the training shots"
    return f"on {INPUTS[str(value)]}" if name == "input" else f"at input scaling {value}"
