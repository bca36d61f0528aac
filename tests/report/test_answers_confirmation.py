"""The best of many networks of one quality: how often it is called better by lucky seeds, and by fresh ones."""

import math

import numpy as np
import pytest

from airybench.analysis.intervals import difference
from airybench.analysis.verdicts import judged
from airybench.config import TrialConfig
from airybench.inference.predictions import Predictions
from airybench.report.answers import _answers
from airybench.report.scored import ScoredCell

ALPHAS = tuple(0.1 * number for number in range(1, 16))
SEEDS, SHOTS, CLASSES = 5, 60, ("a", "b")
LUCK = 0.4
"""Standard deviation over seeds of what a training knows."""

STATEMENT = "the best network with the logarithmic activation against the best without it"


class _Benchmark:
    """A study of fifteen alphas and a plain network, all of one quality, on one test split."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.labels = (rng.random((SHOTS, len(CLASSES))) < 0.4).astype(np.uint8)
        self.noise = rng.standard_normal(self.labels.shape)  # most errors are those of the shots, alike for all

    def cell(self, config: TrialConfig) -> ScoredCell:
        """Trainings whose luck shows on val, too; those with fresh seeds have luck of their own."""
        knows = 1.2 + LUCK * self.rng.standard_normal(2 * SEEDS)
        found = tuple(self._predictions(one) for one in knows)
        val = knows[:SEEDS].mean() + 0.05 * self.rng.standard_normal()
        return ScoredCell(config, (), float(val), found[:SEEDS], {}, found[SEEDS:])

    def _predictions(self, knows: float) -> Predictions:
        own = 0.3 * self.rng.standard_normal(self.labels.shape)
        logits = (knows * self.labels + self.noise + own).astype(np.float32)
        return Predictions(np.arange(SHOTS), logits, self.labels, CLASSES, "multilabel")


@pytest.mark.slow
def test_fresh_seeds_find_no_difference_where_lucky_ones_do() -> None:
    plain = TrialConfig().replace({"log_activation": False})
    count = 150
    false = dict.fromkeys(("lucky", "every pair counts", "fresh"), 0)
    for number in range(count):
        benchmark = _Benchmark(np.random.default_rng([1612, number]))
        cells = [benchmark.cell(plain), *(benchmark.cell(TrialConfig().replace({"alpha": a})) for a in ALPHAS)]
        cells.sort(key=lambda cell: -cell.val)
        first = next(cell for cell in cells if cell.config.network.log_activation)
        second = next(cell for cell in cells if not cell.config.network.log_activation)
        lucky = difference(first.predictions, second.predictions, "macro_ap")
        (answer,) = (one for one in _answers(cells, "macro_ap") if one.statement == STATEMENT)
        assert (answer.fresh, answer.tried, answer.difference.seeds) == (True, (len(ALPHAS), 1), (SEEDS, SEEDS))
        verdicts = [judged([lucky]), judged([lucky], chosen_among=[len(ALPHAS)]), judged([answer.difference])]
        for name, (judgement,) in zip(false, verdicts, strict=True):
            false[name] += judgement.verdict in ("better", "worse")
    shares = {name: found / count for name, found in false.items()}
    error = math.sqrt(0.05 * 0.95 / count)
    assert shares["lucky"] > 0.05 + 3 * error, shares
    assert shares["fresh"] <= 0.05 + error, shares
    assert shares["every pair counts"] <= 0.05 + error, shares
