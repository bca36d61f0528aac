"""Labels of simulated shots: the classes, how often they occur together, and how they are drawn."""

from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from airybench.errors import ConfigError

HELIUM_CLASSES = (
    "Spherical/Oblate",
    "Round",
    "Elliptical",
    "Prolate",
    "Streak",
    "Bent",
    "Asymmetric",
    "NewtonRings",
    "DoubleRings",
    "Layered",
    "Empty",
)
"""[S] The classes of the hand-labelled helium shots, in the order of the label columns."""

CXIDB_CLASSES = ("PBCV-1", "T4", "Magnetosome", "Nanorice", "Background")
"""[A] The samples of Kassemeyer et al., Opt. Express 20, 4149 (2012), and background; measured files name their own."""

_BALANCE_ROUNDS = 20_000


@lru_cache(maxsize=1)
def helium_label_sets() -> tuple[tuple[frozenset[str], ...], tuple[int, ...]]:
    """[S] The 43 label sets of the 7264 hand-labelled helium shots, and the number of shots with each."""
    lines = files("airybench.physics").joinpath("helium_label_sets.csv").read_text(encoding="utf-8").split()
    rows = [line.split(",") for line in lines[1:]]
    return tuple(frozenset(labels.split("+")) for _, labels in rows), tuple(int(count) for count, _ in rows)


@lru_cache(maxsize=8)
def helium_weights(balance: float = 0.0, hit_rate: float | None = None) -> NDArray[np.float64]:
    """Probability of each label set, shape (43,).

    Args:
        balance: every class gets at least this probability; 0 keeps the frequencies of the experiment.
        hit_rate: share of shots that are not Empty; None keeps that of the experiment.

    Raises:
        ConfigError: no mixture of the label sets gives every class that probability, the hit rate is no probability, or
            both are given.

    >>> weights = helium_weights(balance=0.05)
    >>> bool(weights[["Bent" in labels for labels in helium_label_sets()[0]]].sum() > 0.0499)
    True
    """
    sets, counts = helium_label_sets()
    member = np.array([[name in labels for labels in sets] for name in HELIUM_CLASSES], dtype=np.float64)
    blank = np.array(["Empty" in labels for labels in sets])
    return _hit(_balanced(np.array(counts, dtype=np.float64), member, balance), blank, balance, hit_rate)


@lru_cache(maxsize=8)
def cxidb_weights(balance: float = 0.0, hit_rate: float | None = None) -> NDArray[np.float64]:
    """[A] Probability of each small-angle class, shape (5,): all are equally likely.

    Args:
        balance: every class gets at least this probability.
        hit_rate: share of shots that are not Background; None for four fifths.

    Raises:
        ConfigError: `balance` asks for more than a fifth per class, the hit rate is no probability, or both are given.

    >>> cxidb_weights().round(3)
    array([0.2, 0.2, 0.2, 0.2, 0.2])
    """
    classes = len(CXIDB_CLASSES)
    blank = np.array(CXIDB_CLASSES) == "Background"
    return _hit(_balanced(np.ones(classes), np.eye(classes), balance), blank, balance, hit_rate)


def _hit(
    weights: NDArray[np.float64], blank: NDArray[np.bool_], balance: float, hit_rate: float | None
) -> NDArray[np.float64]:
    """Weights with the share `hit_rate` of shots that are not `blank`, in unchanged proportions."""
    if hit_rate is None:
        return weights
    if not 0 <= hit_rate <= 1:
        raise ConfigError(f"hit rate {hit_rate} found; a number from 0 to 1 is needed.")
    if balance:
        raise ConfigError(f"balance {balance} and hit rate {hit_rate} found; only one of them can hold.")
    hits = np.where(blank, 0, weights)
    misses = np.where(blank, weights, 0)
    return np.asarray(hit_rate * hits / hits.sum() + (1 - hit_rate) * misses / misses.sum())


def _balanced(counts: NDArray[np.float64], member: NDArray[np.float64], balance: float) -> NDArray[np.float64]:
    """Weights nearest to `counts` (in the Kullback-Leibler sense) with `member @ weights >= balance`."""
    weights: NDArray[np.float64] = counts / counts.sum()
    if not balance > 0:
        if balance == 0:
            return weights
        raise ConfigError(f"balance {balance} found; a probability is needed, 0 for none.")
    largest = _largest_balance(member)
    if balance > largest:
        raise ConfigError(
            f"balance {balance} found; no mixture of the label sets gives every class more than {largest:.3f}."
        )
    # Iterative scaling: raise the rarest class to its share until no class is too rare.
    for _ in range(_BALANCE_ROUNDS):
        shares: NDArray[np.float64] = member @ weights
        rarest = int(shares.argmin())
        if shares[rarest] >= balance * (1 - 1e-9):
            break
        inside = member[rarest] > 0
        weights[inside] *= balance / shares[rarest]
        weights[~inside] *= (1 - balance) / (1 - shares[rarest])
    balanced: NDArray[np.float64] = weights / weights.sum()
    return balanced


def _largest_balance(member: NDArray[np.float64]) -> float:
    """The largest probability that all classes can have at the same time, by linear programming."""
    from scipy.optimize import linprog  # slow to load, and only a balanced draw needs it

    classes, sets = member.shape
    answer = linprog(
        c=np.append(np.zeros(sets), -1.0),
        A_ub=np.hstack((-member, np.ones((classes, 1)))),
        b_ub=np.zeros(classes),
        A_eq=np.append(np.ones(sets), 0.0)[None],
        b_eq=[1.0],
    )
    if answer.fun is None:
        raise AssertionError(answer.message)
    return float(-answer.fun)


def draw_helium_labels(rng: np.random.Generator, balance: float = 0.0, hit_rate: float | None = None) -> frozenset[str]:
    """Draw a label set of the helium data; see `helium_weights` for `balance` and `hit_rate`."""
    sets, _ = helium_label_sets()
    return sets[_draw(rng, helium_weights(balance, hit_rate))]


def draw_cxidb_class(rng: np.random.Generator, balance: float = 0.0, hit_rate: float | None = None) -> str:
    """Draw a class of the small-angle data; see `cxidb_weights` for `balance` and `hit_rate`."""
    return CXIDB_CLASSES[_draw(rng, cxidb_weights(balance, hit_rate))]


def _draw(rng: np.random.Generator, weights: NDArray[np.float64]) -> int:
    """An index drawn with the given probabilities."""
    return min(int(np.searchsorted(np.cumsum(weights), rng.random(), side="right")), len(weights) - 1)
