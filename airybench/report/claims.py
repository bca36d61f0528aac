"""What a study can say yes or no to, read off the parameters that its cells differ in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airybench.config import TrialConfig

CONTEXT = ("input", "noise", "fraction", "input_scaling")
"""Held the same on both sides of a claim, unless the claim is about it."""

NETWORK = ("arch", "depth", "log_activation", "alpha", "leakiness")
"""Likewise, of the network."""

PAPER_ALPHA = 0.2

INPUTS = {"image": "images", "ccf": "correlation maps"}


@dataclass(frozen=True)
class Claim:
    """One statement of the form "the first are better than the second".

    Attributes:
        statement: in words, as a noun phrase of the difference.
        first: cells on the side that is claimed to be better, by their place in the study.
        second: cells on the other side.
    """

    statement: str
    first: tuple[int, ...]
    second: tuple[int, ...]


def claims(cells: Sequence[TrialConfig]) -> list[Claim]:
    """The claims that the cells of a study can test; each side has at least one cell.

    Args:
        cells: the cells of a study, their seeds aside.
    """
    found: list[Claim] = []
    for where, members in _contexts(cells, without=()):
        found += _about(cells, members, where)
    for where, members in _contexts(cells, without=("input",)):
        maps = [i for i in members if cells[i].data.input == "ccf"]
        images = [i for i in members if cells[i].data.input == "image"]
        found += _claim(f"correlation maps against images{where}", maps, images)
    for where, members in _contexts(cells, without=("fraction",)):
        least = min(cells[i].data.fraction for i in members)
        whole = [i for i in members if cells[i].data.fraction == 1 > least]
        part = [i for i in members if cells[i].data.fraction == least < 1]
        found += _claim(f"all training shots against {least:.0%} of them{where}", whole, part)
    return found


def _about(cells: Sequence[TrialConfig], members: list[int], where: str) -> list[Claim]:
    """Claims about the network itself, in one context."""

    def side(rule: Callable[[TrialConfig], bool]) -> list[int]:
        return [i for i in members if rule(cells[i])]

    def match(statement: str, first: list[int], second: list[int], without: str) -> list[Claim]:
        return _matched(
            cells, f"{statement}{where}", first, second, tuple(n for n in NETWORK if n not in without.split())
        )

    logarithmic, plain = side(lambda c: c.network.log_activation), side(lambda c: not c.network.log_activation)
    found = match("the logarithmic activation against none", logarithmic, plain, "log_activation alpha")
    alphas = {cells[i].network.alpha for i in logarithmic}
    if len(alphas) > 1 and PAPER_ALPHA in alphas:
        other, papers = (
            side(lambda c: c.network.alpha not in (0, PAPER_ALPHA)),
            side(lambda c: c.network.alpha == PAPER_ALPHA),
        )
        found += match(f"another alpha than the paper's {PAPER_ALPHA:g}", other, papers, "alpha")
    leaky, relu = side(lambda c: c.network.leakiness > 0), side(lambda c: c.network.leakiness == 0)
    found += match("a leaky ReLU against a plain one", leaky, relu, "leakiness")
    resnets, vggs = side(lambda c: c.network.arch == "resnet"), side(lambda c: c.network.arch == "vgg")
    found += match("ResNet against VGG", resnets, vggs, "arch depth")
    for name, family in (("ResNet", resnets), ("VGG", vggs)):
        least = min((cells[i].network.depth for i in family), default=0)
        deeper = [i for i in family if cells[i].network.depth > least]
        found += match(f"a deeper {name} against {least} layers", deeper, sorted(set(family) - set(deeper)), "depth")
    return found


def _claim(statement: str, first: list[int], second: list[int]) -> list[Claim]:
    return [Claim(statement, tuple(first), tuple(second))] if first and second else []


def _matched(
    cells: Sequence[TrialConfig], statement: str, first: list[int], second: list[int], names: tuple[str, ...]
) -> list[Claim]:
    """The claim over the cells that have a counterpart on the other side, equal in all else; else over all."""

    def key(index: int) -> tuple[object, ...]:
        return tuple(getattr(cells[index].network, name) for name in names)

    shared = {key(i) for i in first} & {key(i) for i in second}
    if not shared:
        return _claim(f"{statement} (which differ in more than that)", first, second)
    return _claim(statement, [i for i in first if key(i) in shared], [i for i in second if key(i) in shared])


def _contexts(cells: Sequence[TrialConfig], without: tuple[str, ...]) -> list[tuple[str, list[int]]]:
    """Cells that agree in the context, with words for what they agree in where the study varies it."""
    names = [name for name in CONTEXT if name not in without and len({_value(cell, name) for cell in cells}) > 1]
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, cell in enumerate(cells):
        groups.setdefault(tuple(_value(cell, name) for name in names), []).append(index)
    return [
        ("".join(f", {_words(name, value)}" for name, value in zip(names, key, strict=True)), members)
        for key, members in groups.items()
    ]


def _value(cell: TrialConfig, name: str) -> object:
    # What was asked for, not what came of it: `paper` gives the two sides other scales, as the paper did.
    return getattr(cell.data, name)


def _words(name: str, value: object) -> str:
    if name == "noise":
        return "without noise" if value == "none" else f"with noise up to the {str(value).replace('-', ' + ')}"
    if name == "fraction":
        return f"with {float(str(value)):.0%} of the training shots"
    return f"on {INPUTS[str(value)]}" if name == "input" else f"at input scaling {value}"
