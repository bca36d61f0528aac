"""Finished studies with the scores that a test wants."""

from pathlib import Path

from airybench.config import SweepConfig
from airybench.provenance import SIMULATOR_VERSION, Provenance
from airybench.sweep.study import RunningStudy
from airybench.trial.outcome import Outcome

DATA = Provenance("helium", "simulated", "a" * 64, "b" * 64, simulator=SIMULATOR_VERSION)
SPACE = {"log_activation": [True, False], "alpha": [0.1, 0.2]}


def sweep(seeds: int = 3, **data: object) -> SweepConfig:
    return SweepConfig.model_validate({"base": {"data": data}, "space": SPACE, "study": {"seeds": seeds}})


def pilot(folder: Path, name: str, values: dict[float, list[float]], wanted: SweepConfig) -> None:
    """A finished study with these val scores by alpha."""
    study = RunningStudy(folder, name, wanted, DATA)
    study.plan()
    study.set_attribute("data_source", "simulated")
    study.set_attribute("experiment_id", "0")
    left = {alpha: iter(scores) for alpha, scores in values.items()}
    while (trial := study.ask()) is not None:
        trial.set_attributes(run_id=f"run{trial.number}")
        network = trial.config.network
        score = next(left[network.alpha if network.log_activation else 0.0])
        study.complete(trial, Outcome(score, {"macro_ap": score}, {"seconds": 1.0}))
