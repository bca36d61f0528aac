"""The question that a report says a study answers."""

import tempfile
from pathlib import Path

from airybench.config import SweepConfig
from airybench.config.experiments import shipped_experiments
from airybench.errors import TrackingError
from airybench.parsing import read_yaml
from airybench.tracking.run import Run


def question_of(parent: Run, name: str, sweep: SweepConfig) -> str:
    """The question of a study: as its run keeps it, else that of the shipped experiment of its name, else one made.

    Studies were once given the question of an experiment whose axes the command line had replaced. So the question of a
    shipped experiment is taken for a study of the same axes only.

    Args:
        parent: run of the study.
        name: NAME of `NAME@D`.
        sweep: what the study is.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
            content = read_yaml(parent.fetch("config.yaml", Path(folder)))
        kept = sweep.model_copy(update={"question": str(content["question"])}).asked
    except (TrackingError, OSError, KeyError, TypeError, ValueError):
        kept = ""
    shipped = shipped_experiments()
    if kept:
        same = [one for one in shipped.values() if one.asked == kept]
        if not same or any(one.asks_as(sweep) for one in same):
            return kept
    named = shipped.get(name, sweep)
    return named.asked if named.asks_as(sweep) else sweep.asked
