"""Which trials of a study no longer need their weights, and dropping these: one place for every engine and host."""

from collections.abc import Collection, Iterator, Sequence
from statistics import fmean

import numpy as np

from airybench.config import Objective
from airybench.config.keep import KEEP_ALL, KEEP_DEFAULT, KEEP_NONE, cells_kept
from airybench.errors import TrackingError
from airybench.sweep.ranking import ranked, unbeaten
from airybench.sweep.records import FinishedTrial
from airybench.sweep.study import RunningStudy
from airybench.tracking.run import Run
from airybench.tracking.weights import drop_weights, dropped_runs

_RULE = "keep"
"""The attribute of a study that holds its rule."""


def recorded_rule(study: RunningStudy) -> str:
    """The rule of a study, which is recorded: the one that is asked for, else its own, else the default.

    A study from before there were rules keeps everything, unless something else is asked for.

    Args:
        study: before its parent run is recorded, if it is a new one.
    """
    known = study.attribute(_RULE)
    usual = KEEP_ALL if study.attribute("parent_run_id") else KEEP_DEFAULT
    rule = str(study.sweep.study.keep or known or usual)
    if rule != known:
        study.set_attribute(_RULE, rule)
    return rule


def displaced(
    trials: Sequence[FinishedTrial],
    objectives: Sequence[Objective],
    best: float,
    unsettled: Collection[str] = (),
) -> Iterator[FinishedTrial]:
    """The trials of the search whose cells cannot be among the best any more.

    A cell with a trial still to come may rise or fall: it neither loses its weights nor takes those of another. The
    order of all others is final, so that what is displaced once stays so, whichever trials end meanwhile.

    Args:
        trials: finished ones of the search.
        objectives: rank the cells, as in `ranked`; of several, the Pareto front is never displaced.
        best: how many cells keep their weights.
        unsettled: digests of the cells of which a trial is still to come.
    """
    if best == 0:
        yield from trials
        return
    settled = [trial for trial in trials if trial.cell not in unsettled]
    cells = ranked(settled, objectives)
    on_front = np.zeros(len(cells), np.bool_)
    if len(objectives) > 1 and cells:
        means = [[fmean(trial.values[i] for trial in cell) for i in range(len(objectives))] for cell in cells]
        on_front = unbeaten(np.array(means), objectives)
    for place, cell in enumerate(cells):
        if place >= best and not on_front[place]:
            yield from cell


class KeptWeights:
    """Drops the weights of a study's trials that its rule no longer keeps.

    What was displaced by a process that died is found again: every call looks at all finished trials. The calls of
    several hosts need not wait for one another, since each drops what no later trial brings back.

    Args:
        study: whose trials.
        parent: its run.
        rule: `all`, `none` or `best N`.

    Attributes:
        rule, study, parent: as they were given.
        trouble: why weights could not be dropped, in one line; then no more are in this process.
    """

    def __init__(self, study: RunningStudy, parent: Run, rule: str) -> None:
        self.rule, self.trouble = rule, ""
        self.study, self.parent = study, parent
        self._seen: set[str] | None = None  # runs without weights, and those that keep theirs for a model
        self._dropped: set[str] = set()

    def tidy(self) -> None:
        """Drop what is displaced by now; whatever fails, the study goes on."""
        if self.rule == KEEP_ALL or self.trouble:
            return
        try:
            for run_id in self._unneeded():
                if self._seen is None:
                    self._dropped = dropped_runs(self.parent.tracking, self.study.name)
                    self._seen = set(self._dropped)
                if run_id not in self._seen:
                    if drop_weights(Run(self.parent.tracking, run_id), self.reason):
                        self._dropped.add(run_id)
                    self._seen.add(run_id)
        except TrackingError as error:
            self.trouble = str(error).splitlines()[0]

    @property
    def reason(self) -> str:
        """Why weights are dropped, as their runs say it."""
        return "the study keeps none" if self.rule == KEEP_NONE else f"its cell is below the {self.rule}"

    def sentence(self) -> str:
        """What was dropped, in one line; empty where nothing was."""
        if self.trouble:
            return f"{self.study.name}: weights that are no longer needed stay, since {self.trouble}"
        number = len(self._dropped)
        if self.rule == KEEP_NONE and number:
            return f"{self.study.name} keeps no weights (--keep none): no model of it can be loaded; predictions stay"
        whose = self.rule.replace("best", "the best") + f" cell{'s' * (cells_kept(self.rule) != 1)}"
        trials = f"{number} trial{'s' * (number > 1)}"
        return f"{self.study.name}: weights of {trials} are dropped, those of {whose} stay (--keep)" if number else ""

    def _unneeded(self) -> Iterator[str]:
        """Runs of trials whose cells are displaced, and those of their confirmations."""
        study, best = self.study, cells_kept(self.rule)
        finished = study.finished()
        objectives = study.sweep.study.objectives
        if best > 0 and len({trial.cell for trial in finished}) <= best:
            return
        out = list(displaced(finished, objectives, best, study.unsettled() if best else ()))
        cells = {trial.cell for trial in out}
        again = [one for one in study.confirmations() if best == 0 or one.cell in cells]
        yield from (trial.run_id for trial in [*out, *again])
