"""Optuna's samplers and pruners as studies use them."""

from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from airybench.config import SweepConfig

POPULATION = 50  # Optuna's default for NSGA-II
GENERATIONS = 5  # fewer teach it nothing; a short study gets smaller ones
FIRST_TRIALS = 5  # trials that run to their end, for others to be compared with


def sampler(sweep: SweepConfig, trials: int, seed: int) -> BaseSampler:
    """The sampler that a study asks for.

    Args:
        sweep: its configuration; a grid's cells are enqueued one by one, so that its sampler is never asked.
        trials: total number of trials.
        seed: of the sampler.
    """
    if sweep.study.sampler == "tpe":
        return TPESampler(seed=seed % 2**32)
    if sweep.study.sampler == "nsga2":
        return NSGAIISampler(seed=seed % 2**32, population_size=max(4, min(POPULATION, trials // GENERATIONS)))
    return RandomSampler(seed=seed % 2**32)


def pruner(sweep: SweepConfig) -> BasePruner:
    """The pruner that a study asks for; a tenth of the base's epochs, at least one, is granted to every trial."""
    warmup = max(1, sweep.base.training.epochs // 10)
    if sweep.study.pruner == "median":
        return MedianPruner(n_startup_trials=FIRST_TRIALS, n_warmup_steps=warmup)
    if sweep.study.pruner == "hyperband":
        longest = sweep.base.training.epochs
        return HyperbandPruner(min_resource=warmup, max_resource=max(longest, warmup + 1))
    return NopPruner()
