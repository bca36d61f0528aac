"""Simulated benchmarks whose truth is known: labels as in the helium data, logits of networks of one quality."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from airybench.analysis.intervals import FEWEST_POSITIVES
from airybench.analysis.power import OTHER_CELL, SAME_CELL
from airybench.inference.predictions import Predictions
from airybench.physics.populations import HELIUM_CLASSES, helium_label_sets, helium_weights

MACRO_AP = 0.60
"""Of every cell over all classes, on very many shots."""

_CUTS = 2001
_EXPECTED = 300  # benchmarks that an expected score is estimated from


@dataclass(frozen=True)
class Setting:
    """One kind of benchmark.

    Attributes:
        shots: in the test split, N.
        seed_sd: standard deviation of macro AP between the seeds of a cell on very many shots.
        runs: of equal length that the shots come from; 0 for shots that have nothing in common.
        correlation: of the noise of two shots of a run.
        effect: how much larger the macro AP of the first cell is.
        cells: of the study, over which the spread between seeds is pooled.
        claims: pairs of its cells that are judged together, as in one report.
    """

    shots: int
    seed_sd: float
    runs: int = 0
    correlation: float = 0.0
    effect: float = 0.0
    cells: int = 8
    claims: int = 1

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The cells of each claim.

        >>> Setting(154, 0.01, claims=2).pairs
        [(0, 1), (0, 2)]
        """
        return list(combinations(range(self.cells), 2))[: self.claims]

    @property
    def key(self) -> tuple[int, ...]:
        """Whole numbers that the random numbers of its benchmarks depend on."""
        parts = (self.seed_sd, self.correlation, self.effect)
        return (self.shots, self.runs, self.cells, *(round(1e6 * part) for part in parts))


@dataclass(frozen=True)
class SimulatedBenchmark:
    """The trainings of a study on its test shots.

    Attributes:
        cells: predictions by cell and seed.
        values: macro AP over the classes with enough positive shots for a difference, shape (cells, seeds).
        scores: over all classes that have positive shots, shape (cells, seeds).
        difference: by how much the first cell is better on very many shots, in the mean over seeds.
    """

    cells: tuple[tuple[Predictions, ...], ...]
    values: NDArray[np.float64]
    scores: NDArray[np.float64]
    difference: float


def draw_benchmark(setting: Setting, seeds: int, rng: np.random.Generator, *, kept: int = 2) -> SimulatedBenchmark:
    """Draw labels, networks and logits.

    A logit is the distance of its network for a positive shot, 0 for a negative one, plus normal noise of variance 1:
    half of it is shared by all networks, a quarter by the seeds of a cell, and a quarter is that of the training. Every
    part has the correlation of the setting inside runs.

    Args:
        setting: kind of benchmark.
        seeds: of each cell.
        rng: source of random numbers.
        kept: cells whose predictions are kept; of the others only the values are needed.
    """
    members, shares = label_sets()
    labels = members[rng.choice(len(members), setting.shots, p=shares)]
    runs = (np.arange(setting.shots) * setting.runs // setting.shots).astype(np.int32) if setting.runs else None
    shape = (setting.shots, labels.shape[1])

    def noise(variance: float, *repeats: int) -> NDArray[np.float64]:
        drawn = rng.standard_normal((*repeats, *shape))
        if runs is not None:
            common = rng.standard_normal((*repeats, setting.runs, shape[1]))[..., runs, :]
            drawn = math.sqrt(1 - setting.correlation) * drawn + math.sqrt(setting.correlation) * common
        return math.sqrt(variance) * drawn

    distance, slope = _distance(), _slope()
    quality = distance + setting.seed_sd / slope * rng.standard_normal((setting.cells, seeds))
    better = distance + setting.effect / slope
    quality[0] += better - distance
    shared = noise(OTHER_CELL) + noise(SAME_CELL - OTHER_CELL, setting.cells, 1)
    own = noise(1 - SAME_CELL, setting.cells, seeds)
    logits = (shared + own + quality[..., None, None] * labels).astype(np.float32)
    positives = labels.sum(axis=0, dtype=np.int64)
    scored = (positives > 0) & (positives < setting.shots)
    enough = positives[scored] >= FEWEST_POSITIVES
    ids = np.arange(setting.shots)
    cells = tuple(
        tuple(Predictions(ids, one, labels, HELIUM_CLASSES, "multilabel", runs) for one in logits[cell])
        for cell in range(kept)
    )
    by_class = average_precision(logits[..., scored], labels[:, scored])
    spread, counted = setting.seed_sd / slope, np.flatnonzero(scored)[enough]
    true, other = (_expected(middle, spread, tuple(counted.tolist())) for middle in (better, distance))
    return SimulatedBenchmark(cells, by_class[..., enough].mean(axis=-1), by_class.mean(axis=-1), true - other)


def average_precision(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Average precision of every class.

    Args:
        logits: without ties, shape (..., N, C).
        labels: 0 or 1, each class with a positive shot, shape (N, C).

    Returns:
        Shape (..., C).

    >>> average_precision(np.array([[3.0], [2.0], [1.0]], np.float32), np.array([[1], [0], [1]], np.uint8)).round(3)
    array([0.833])
    """
    order = np.argsort(-logits, axis=-2)
    hits = np.take_along_axis(np.broadcast_to(labels, logits.shape), order, axis=-2).astype(np.float64)
    precision = hits.cumsum(axis=-2) / np.arange(1, logits.shape[-2] + 1)[:, None]
    found: NDArray[np.float64] = (precision * hits).sum(axis=-2) / labels.sum(axis=0)
    return found


def true_ap(distance: float, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average precision of two normal distributions of variance 1, on very many shots.

    Args:
        distance: between their middles.
        shares: of positive shots by class, shape (C,).

    Returns:
        Shape (C,).

    >>> true_ap(0.0, np.array([0.2, 0.5])).round(2)
    array([0.2, 0.5])
    """
    cuts = np.linspace(-8, 8 + distance, _CUTS)
    found, false = stats.norm.sf(cuts - distance), stats.norm.sf(cuts)
    precision = shares[:, None] * found / (shares[:, None] * found + (1 - shares[:, None]) * false)
    return np.asarray(-np.trapezoid(precision, found, axis=1))


@lru_cache(maxsize=64)
def expected_score(setting: Setting, seed: int) -> float:
    """Mean of the macro AP of the first cell over test splits of as many shots, from benchmarks of their own.

    It is larger than on very many shots: average precision of a class with few positive ones is too large on average,
    since each of them counts as found at its own rank.

    Args:
        setting: kind of benchmark.
        seed: of the random numbers.
    """
    equal = replace(setting, effect=0.0)
    drawn = (
        draw_benchmark(equal, 1, np.random.default_rng([seed, *setting.key, _EXPECTED, number]), kept=0)
        for number in range(_EXPECTED)
    )
    return float(np.mean([one.scores.mean() for one in drawn])) + setting.effect


@lru_cache(maxsize=1)
def label_sets() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The 43 label sets of the helium data, 0 or 1, shape (43, 11), and the probability of each, shape (43,)."""
    sets, _ = helium_label_sets()
    return np.array([[name in labels for name in HELIUM_CLASSES] for labels in sets], np.uint8), helium_weights()


@lru_cache(maxsize=1)
def _shares() -> NDArray[np.float64]:
    members, weights = label_sets()
    return np.asarray(weights @ members)


@lru_cache(maxsize=1)
def _distance() -> float:
    """At which macro AP over all classes is MACRO_AP."""
    return float(optimize.brentq(lambda one: true_ap(one, _shares()).mean() - MACRO_AP, 0.5, 4))


@lru_cache(maxsize=1)
def _slope() -> float:
    """Of macro AP over the distance, there."""
    step = 0.01
    return float((true_ap(_distance() + step, _shares()) - true_ap(_distance() - step, _shares())).mean() / (2 * step))


@lru_cache(maxsize=4096)
def _expected(middle: float, spread: float, classes: tuple[int, ...]) -> float:
    """Mean over seeds of the true macro AP of some classes, by Gauss and Hermite's rule."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(7)
    shares = _shares()[list(classes)]
    values = [true_ap(middle + spread * node, shares).mean() for node in nodes]
    return float(np.dot(weights, values) / weights.sum())
