"""The claims that a study can test, derived from the parameters that its cells differ in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from airybench.config import NetworkConfig, TrialConfig
from airybench.config.question import ARCHITECTURES, DATA, NETWORK, words

PAPER_ALPHA = 0.2

SCALINGS = (
    ("the logarithmic activation on counts against none on [0, 1]", (True, "counts"), (False, "unit")),
    ("the logarithmic activation on counts against none on ln(1 + counts)", (True, "counts"), (False, "log1p")),
    ("ln(1 + counts) against counts, both without the logarithmic activation", (False, "log1p"), (False, "counts")),
)
"""Claims about the scale of the input: whether each side has the activation, and what it sees. The first is the paper's
comparison, the others tell the activation from a logarithm of the input."""


@dataclass(frozen=True)
class Claim:
    """One statement of the form "the first are better than the second".

    Attributes:
        statement: what is compared with what.
        pairs: cells on the side that is claimed to be better and on the other, as indices into the study's cells; each
            pair is equal in everything that the claim is not about.
        sides: the cells that were tried on either side. Those of pairs are all compared; in one of two chosen cells
            the first ones are the best, and the pair is of these.
        chosen: whether it is about the best cell of either side, and no other.
        alike: whether such pairs exist. Where they do not, the one pair is of the first cell of each side, several
            things differ between the two, and there is nothing to judge.
    """

    statement: str
    pairs: tuple[tuple[int, int], ...]
    sides: tuple[tuple[int, ...], tuple[int, ...]]
    alike: bool = True
    chosen: bool = False

    @property
    def tried(self) -> tuple[int, int]:
        """How many cells either side tried."""
        return len(self.sides[0]), len(self.sides[1])


@dataclass(frozen=True)
class _NetworkClaim:
    """A claim about networks.

    Attributes:
        statement: what is compared with what.
        first: whether a network is on the first side.
        second: whether it is on the second side.
        about: parameters in which the sides differ by nature; they are alike in all others where that is possible.
    """

    statement: str
    first: Callable[[NetworkConfig], bool]
    second: Callable[[NetworkConfig], bool]
    about: tuple[str, ...]


def claims(cells: Sequence[TrialConfig]) -> list[Claim]:
    """The claims that the cells of a study can test; each has at least one pair of cells.

    Args:
        cells: one configuration per cell, best first.

    >>> logarithmic = TrialConfig()
    >>> [claim.statement for claim in claims([logarithmic, logarithmic.replace({"log_activation": False})])]
    ['the logarithmic activation against none']
    """
    testable: list[Claim] = []
    for context, members in _contexts(cells, DATA):
        for claim in _network_claims([cells[i].network for i in members]):
            testable += _matched(cells, members, claim, context)
    for context, members in _contexts(cells, tuple(name for name in DATA if name != "input")):
        maps = [i for i in members if cells[i].data.input == "ccf"]
        images = [i for i in members if cells[i].data.input == "image"]
        testable += _claim(f"correlation maps against images{context}", cells, maps, images, NETWORK)
    for context, members in _contexts(cells, tuple(name for name in DATA if name != "input_scaling")):
        for statement, *sides in SCALINGS:
            one, other = ([i for i in members if _is_scaled(cells[i], *side)] for side in sides)
            alike = [name for name in NETWORK if name not in ("log_activation", "alpha")]
            testable += [claim for claim in _claim(f"{statement}{context}", cells, one, other, alike) if claim.alike]
    for context, members in _contexts(cells, tuple(name for name in DATA if name != "fraction")):
        least = min(cells[i].data.fraction for i in members)
        whole = [i for i in members if cells[i].data.fraction == 1 > least]
        part = [i for i in members if cells[i].data.fraction == least < 1]
        testable += _claim(f"all training shots against {least:.0%} of them{context}", cells, whole, part, NETWORK)
    return testable


def _is_scaled(cell: TrialConfig, log_activation: bool, input_scaling: str) -> bool:
    return (cell.network.log_activation, cell.data.input_scaling) == (log_activation, input_scaling)


def best_of_each(cells: Sequence[TrialConfig]) -> list[Claim]:
    """Claims about chosen cells: the best of the winner's architecture against the best of each other, and so for log.

    They are about these very cells, in which several things may differ, and need trainings that had no part in the
    choice. Two cells are compared once.

    Args:
        cells: one configuration per cell, best first.

    >>> found = best_of_each([TrialConfig(), TrialConfig().replace({"arch": "vgg"})])
    >>> [(claim.statement, claim.tried) for claim in found]
    [('the best ResNet against the best VGG', (1, 1))]
    """
    found = _best_of_each(cells)
    pairs = [set(claim.pairs[0]) for claim in found]
    return [claim for place, claim in enumerate(found) if pairs.index(pairs[place]) == place]


def candidates(cells: Sequence[TrialConfig]) -> set[tuple[int, ...]]:
    """The cells among which each side of the claims about chosen cells is chosen.

    Args:
        cells: one configuration per cell.
    """
    return {side for claim in _best_of_each(cells) for side in claim.sides}


def _best_of_each(cells: Sequence[TrialConfig]) -> list[Claim]:
    by_arch: dict[str, list[int]] = {}
    by_log: dict[bool, list[int]] = {}
    for index, cell in enumerate(cells):
        by_arch.setdefault(cell.network.arch, []).append(index)
        by_log.setdefault(cell.network.log_activation, []).append(index)
    name, *others = by_arch
    named = ARCHITECTURES.get(name, name)
    found = [
        _of_the_best(
            f"the best {named} against the best {ARCHITECTURES.get(other, other)}", by_arch[name], by_arch[other]
        )
        for other in others
    ]
    if len(by_log) == 2:
        statement = "the best network with the logarithmic activation against the best without it"
        found.append(_of_the_best(statement, by_log[True], by_log[False]))
    return found


def _of_the_best(statement: str, first: Sequence[int], second: Sequence[int], *, alike: bool = True) -> Claim:
    sides = (tuple(sorted(first)), tuple(sorted(second)))
    return Claim(statement, ((sides[0][0], sides[1][0]),), sides, alike, chosen=True)


def _network_claims(networks: Sequence[NetworkConfig]) -> list[_NetworkClaim]:
    """Every claim about networks, whether or not these networks can test it."""
    found = [
        _NetworkClaim(
            "the logarithmic activation against none",
            lambda network: network.log_activation,
            lambda network: not network.log_activation,
            ("log_activation", "alpha"),
        ),
        _NetworkClaim(
            f"another alpha than the paper's {PAPER_ALPHA:g}",
            lambda network: network.log_activation and network.alpha != PAPER_ALPHA,
            lambda network: network.log_activation and network.alpha == PAPER_ALPHA,
            ("alpha",),
        ),
        _NetworkClaim(
            "a leaky ReLU against a plain one",
            lambda network: network.leakiness > 0,
            lambda network: network.leakiness == 0,
            ("leakiness",),
        ),
        _NetworkClaim(
            "ResNet against VGG",
            lambda network: network.arch == "resnet",
            lambda network: network.arch == "vgg",
            ("arch", "depth"),
        ),
    ]
    return [*found, *(_deeper(networks, arch, name) for arch, name in ARCHITECTURES.items())]


def _deeper(networks: Sequence[NetworkConfig], arch: str, name: str) -> _NetworkClaim:
    least = min((network.depth for network in networks if network.arch == arch), default=0)
    return _NetworkClaim(
        f"a deeper {name} against {least} layers",
        lambda network: network.arch == arch and network.depth > least,
        lambda network: network.arch == arch and network.depth == least,
        ("depth",),
    )


def _matched(cells: Sequence[TrialConfig], members: list[int], claim: _NetworkClaim, context: str) -> list[Claim]:
    """The claim over all pairs of cells that are equal in all else."""
    first = [i for i in members if claim.first(cells[i].network)]
    second = [i for i in members if claim.second(cells[i].network)]
    alike = [name for name in NETWORK if name not in claim.about]
    return _claim(f"{claim.statement}{context}", cells, first, second, alike)


def _claim(
    statement: str, cells: Sequence[TrialConfig], first: list[int], second: list[int], alike: Sequence[str]
) -> list[Claim]:
    """The claim that the first are better than the second, between cells with some parameters of the network alike."""
    if not first or not second:
        return []

    def key(index: int) -> tuple[object, ...]:
        return tuple(getattr(cells[index].network, name) for name in alike)

    pairs = tuple((i, j) for i in first for j in second if key(i) == key(j))
    if pairs:
        return [Claim(statement, pairs, (_distinct(i for i, _ in pairs), _distinct(j for _, j in pairs)))]
    return [_of_the_best(f"{statement} (several things differ)", first, second, alike=False)]


def _distinct(cells: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(cells)))


def _contexts(cells: Sequence[TrialConfig], names: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Groups of cells that agree in some parameters of the data, with words for those that the study varies."""
    # The configured value decides, not the one in force: `paper` scales the inputs of the two sides differently.
    varied = [name for name in names if len({getattr(cell.data, name) for cell in cells}) > 1]
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, cell in enumerate(cells):
        groups.setdefault(tuple(getattr(cell.data, name) for name in varied), []).append(index)
    return [
        ("".join(f", {words(name, value)}" for name, value in zip(varied, key, strict=True)), members)
        for key, members in groups.items()
    ]
