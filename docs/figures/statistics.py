"""Random numbers against their laws: photons, label sets and radii."""

from collections import Counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, new_figure
from airybench.physics.helium import label_rules
from airybench.physics.optics import detector_stages as stages
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.populations import draw_helium_labels, helium_label_sets

SEED = 1612


def poisson() -> Figure:
    """Variance over mean of the Poisson stage."""
    rng = np.random.default_rng(0)
    expected = np.exp(rng.uniform(np.log(0.2), np.log(2000), (64, 64))).astype(np.float32)
    shots = np.array([stages.detect_photons(expected, rng) for _ in range(2000)])
    ratio = (shots.var(axis=0, ddof=1) / shots.mean(axis=0)).ravel()
    figure = new_figure(7.4, 2.7)
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    left.semilogx(expected.ravel(), ratio, ".", color=BLUE, ms=1.5, alpha=0.4, rasterized=True)
    edges = np.geomspace(0.2, 2000, 9)
    bins = np.digitize(expected.ravel(), edges) - 1
    means = np.array([ratio[bins == b].mean() for b in range(8)])
    left.plot(np.sqrt(edges[1:] * edges[:-1]), means, "o", color=ORANGE, ms=5, label="mean of an eighth")
    for limit in (0.97, 1.03):
        left.axhline(limit, color=GREY, lw=0.8, ls="--")
    left.set_xlabel("photons expected in a pixel")
    left.set_ylabel("variance / mean over 2000 shots")
    left.legend(loc="upper right")
    left.set_title("Poisson stage, 64 x 64 pixels")
    # (n - 1) var / mean is chi-square distributed with n - 1 degrees of freedom where counts are large.
    grid = np.linspace(0.88, 1.12, 200)
    right.hist(ratio, bins=40, range=(0.88, 1.12), density=True, color=BLUE, alpha=0.6)
    right.plot(grid, stats.chi2.pdf(grid * 1999, 1999) * 1999, color=ORANGE, lw=1.5, label="chi-square law")
    right.set_xlabel("variance / mean")
    right.set_yticks([])
    right.legend(loc="upper right", fontsize=7)
    right.set_title("Expected spread")
    print(f"poisson: variance/mean {ratio.mean():.4f} on average, {means.min():.4f} to {means.max():.4f} by eighth")
    return figure


def radius_fit(radii: NDArray[np.float64], law: str) -> tuple[NDArray[np.float64], Any, float]:
    """Radii within the limits of a law, its truncated normal distribution of ln(radius), and the KS p-value."""
    median, sigma = label_rules.RADIUS_LAWS[law]
    low, high = label_rules.RADIUS_RANGE
    inside = radii[(radii > low) & (radii < high)]
    edges = (np.log(edge / median) / sigma for edge in label_rules.RADIUS_RANGE)
    truncated = stats.truncnorm(*edges, loc=np.log(median), scale=sigma)
    return inside, truncated, float(stats.kstest(np.log(inside), truncated.cdf).pvalue)


def label_set_test(drawn: NDArray[np.float64], expected: NDArray[np.float64]) -> str:
    """Chi-square of the label sets with at least five expected shots, and of the rest together."""
    large = expected >= 5
    chi = stats.chisquare([*drawn[large], drawn[~large].sum()], [*expected[large], expected[~large].sum()])
    return f"chi-square {chi.statistic:.1f} over {large.sum()} sets and the rest, p = {chi.pvalue:.3f}"


def population() -> Figure:
    """Drawn label sets against the published table, and radii against their laws."""
    sets, counts = helium_label_sets()
    draws = 20_000
    counted = Counter(draw_helium_labels(shot_generator(SEED, i, Stream.LABELS)) for i in range(draws))
    expected = np.array(counts) * draws / sum(counts)
    drawn = np.array([counted[labels] for labels in sets], dtype=float)
    figure = new_figure(7.4, 3.2)
    left, *rest = figure.subplots(1, 4, width_ratios=(2.3, 1, 1, 1))
    line = np.geomspace(1, 2e4, 100)
    left.fill_between(
        line, np.maximum(line - 2 * np.sqrt(line), 0.5), line + 2 * np.sqrt(line), color=BLUE, alpha=0.15, lw=0,
        label="± 2 standard deviations",
    )  # fmt: skip
    left.loglog(line, line, color=GREY, lw=0.8)
    left.loglog(expected, np.maximum(drawn, 0.6), "o", color=BLUE, ms=4, label="the 43 label sets")
    left.set_xlabel("expected in 20 000 draws")
    left.set_ylabel("drawn")
    left.legend(loc="upper left", fontsize=7)
    test = label_set_test(drawn, expected)
    left.set_title(f"Label sets: χ² p = {float(test.rsplit(' ', 1)[1]):.2f}")
    print(f"population: {test}")
    for axes, law, color, number in zip(rest, label_rules.RADIUS_LAWS, (PURPLE, ORANGE, GREEN), (7, 8, 9), strict=True):
        radii = np.array(
            [label_rules.draw_radius(shot_generator(number, i, Stream.PARAMETERS), law) for i in range(5000)]
        )
        inside, truncated, p = radius_fit(radii, law)
        grid = np.linspace(50, 1000, 300)
        axes.hist(inside, bins=38, range=(50, 1000), density=True, color=color, alpha=0.55)
        axes.plot(grid, truncated.pdf(np.log(grid)) / grid, color="black", lw=1)
        axes.set_yticks([])
        axes.set_xlim(50, 1000)
        axes.set_xticks([200, 600, 1000])
        axes.set_xlabel("radius (nm)")
        axes.set_title(f"{law}\nKS p = {p:.2f}", fontsize=8.5)
        print(f"population: radii of {law}: KS p = {p:.3f}, clipped {1 - len(inside) / len(radii):.2%}")
    return figure
