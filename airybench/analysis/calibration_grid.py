"""The grid of a calibration: every kind of benchmark, and how many are drawn of each."""

import math
from collections.abc import Sequence
from itertools import product

from airybench.analysis.calibration_draw import Setting
from airybench.errors import ConfigError

REFERENCE_SHOTS = 154
"""Test shots of a benchmark that is drawn as often as asked; larger ones are drawn less often."""

FEWEST_CELLS, MOST_CLAIMS = 8, 190
"""Cells of a study, and claims that are judged together: all pairs of 20 cells."""


def settings_grid(
    shots: Sequence[int],
    seed_sd: Sequence[float],
    runs: Sequence[tuple[int, float]],
    effect: float = 0.0,
    claims: int = 1,
) -> list[Setting]:
    """Every combination.

    Args:
        shots: in the test split.
        seed_sd: standard deviation between seeds.
        runs: number of runs, 0 for none, and the correlation inside them.
        effect: how much better the first cell is.
        claims: that are judged together; a study has as many cells as they take, and 8 at least.

    Raises:
        ConfigError: a value out of range.
    """
    if not 1 <= claims <= MOST_CLAIMS:
        raise ConfigError(f"{claims} claims found; expected 1 to {MOST_CLAIMS}")
    if claims > 1 and effect:
        raise ConfigError(f"{claims} claims with an effect of {effect:g} found; several claims are counted without one")
    cells = FEWEST_CELLS
    while cells * (cells - 1) < 2 * claims:
        cells += 1
    grid = [
        Setting(n, sd, number, correlation, effect, cells, claims)
        for n, (number, correlation), sd in product(shots, runs, seed_sd)
    ]
    for one in grid:
        if one.shots < 40:
            raise ConfigError(f"{one.shots} shots found; at least 40 are needed for a class with 5 positive ones")
        if not 0 <= one.seed_sd <= 0.1:
            raise ConfigError(f"a spread between seeds of {one.seed_sd:g} found; expected 0 to 0.1")
        if one.runs and not 2 <= one.runs <= one.shots:
            raise ConfigError(f"{one.runs} runs of {one.shots} shots found; expected 2 runs to one for each shot")
        if not 0 <= one.correlation < 1:
            raise ConfigError(f"correlation {one.correlation:g} found; expected 0 to below 1")
        if not -0.1 <= one.effect <= 0.1:
            raise ConfigError(f"effect {one.effect:g} found; expected -0.1 to 0.1")
    return grid


def benchmarks_of(setting: Setting, wanted: int) -> int:
    """How many benchmarks of a kind are drawn: fewer of many shots, which take longer.

    >>> benchmarks_of(Setting(154, 0.01), 500), benchmarks_of(Setting(5000, 0.01), 500)
    (500, 88)
    """
    return max(1, round(wanted * min(1.0, math.sqrt(REFERENCE_SHOTS / setting.shots))))


def runs_in_words(setting: Setting) -> str:
    """The runs of a setting as a heading.

    >>> runs_in_words(Setting(154, 0.01)), runs_in_words(Setting(154, 0.01, 20, 0.2))
    ('no runs', '20 runs, correlation 0.2')
    """
    return f"{setting.runs} runs, correlation {setting.correlation:g}" if setting.runs else "no runs"
