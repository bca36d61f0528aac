"""Running a study: a parent run, one child a trial, every failure written down, every interruption resumable."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

from airybench.config import SweepConfig, TrialConfig
from airybench.errors import explained
from airybench.sweep.journal import sole_owner
from airybench.sweep.study import INTERRUPTED, Record, Study, Ticket, archive
from airybench.sweep.trial import Source, execute
from airybench.tracking.dataset import log_data
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking
from airybench.training.epoch import Epoch


class Watch(Protocol):
    """Who looks on while a study runs."""

    def study(self, name: str, total: int, finished: list[Record]) -> None:
        """The study begins, or goes on behind what is finished."""

    def trial(self, number: int, config: TrialConfig) -> None:
        """A trial begins."""

    def epoch(self, epoch: Epoch) -> None:
        """The trial at hand has ended an epoch."""

    def ended(self, record: Record | None, failure: str = "") -> None:
        """The trial at hand is finished, or failed with a reason."""


@dataclass(frozen=True)
class Ran:
    """A study whose trials are done, with its parent run still open."""

    study: Study
    parent: Run
    source: Source
    records: list[Record]
    failures: list[tuple[int, str, str]]


@contextmanager
def run_study(
    sweep: SweepConfig,
    name: str,
    source: Source,
    tracking: Tracking,
    folder: Path,
    watch: Watch,
    *,
    join: str | None = None,
    fresh: bool = False,
) -> Iterator[Ran]:
    """Run what is missing of a study; the parent run is open inside the block and closed behind it.

    Args:
        sweep: base, space and sampler.
        name: `NAME@D`; the same name resumes.
        source: the data.
        tracking: where runs go.
        folder: where journals are.
        watch: who looks on.
        join: a run to use as parent of a new study, the one that `mlflow run` made.
        fresh: set an old study of this name aside first; not before nobody else runs it.

    Raises:
        StudyError: the name stands for another content, or another process runs it.
    """
    with sole_owner(folder / f"{name}.journal", name):
        if fresh:
            archive(folder, name)
        study = Study(folder, name, sweep, source.identity())
        parent = _parent(study, source, tracking, join)
        try:
            _describe(parent, study, source)
            _close_orphans(study, parent)
            _trials(study, parent, source, watch)
            yield Ran(study, parent, source, study.finished(), study.failures())
        except KeyboardInterrupt:
            parent.end("interrupted")
            raise
        except BaseException:
            parent.end("failed")
            raise
        parent.end("finished", {"airybench.failed_trials": str(len(study.failures()))})


def _parent(study: Study, source: Source, tracking: Tracking, join: str | None) -> Run:
    """The study's own run: the recorded one, the one that `mlflow run` made, or a new one, recorded at once."""
    known = study.attribute("parent_run_id")
    tags = {"airybench.study": study.name, **source.tags()}
    if known:
        return Run.join(tracking, known, study.name, "sweep", tags)
    if join:
        parent = Run.join(tracking, join, study.name, "sweep", tags)
    else:
        parent = Run.create(tracking, study.name, "sweep", tags)
    study.remember("parent_run_id", parent.run_id)
    study.remember("tracking_uri", tracking.uri)
    study.remember("experiment_id", tracking.experiment_id)
    study.remember("data_source", source.store.source)
    return parent


def _describe(parent: Run, study: Study, source: Source) -> None:
    """Question, parameters, configuration and split on the parent; what may grow are tags, since params cannot."""
    sweep = study.sweep
    parent.tag(
        {
            "mlflow.note.content": sweep.question,
            "airybench.trials": str(study.total()),
            "airybench.seeds": str(sweep.study.seeds),
        }
    )
    parent.params(
        {
            "dataset": sweep.base.data.dataset,
            "sampler": sweep.study.sampler,
            "objective": f"{sweep.study.metric}:{sweep.study.direction}",
        }
    )
    log_data(parent, source.data_input())
    with parent.artifacts() as folder:
        (folder / "config.yaml").write_text(
            yaml.safe_dump(sweep.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
        )
        (folder / "split.json").write_text(source.split.to_json(source.store.ids()), encoding="utf-8")


def _close_orphans(study: Study, parent: Run) -> None:
    """Close the runs that a killed process left open, each as its trial ended."""
    study.reclaim()
    finished = {record.run_id for record in study.finished()}
    for run_id in parent.open_runs(study.name):
        Run(parent.tracking, run_id).end("finished" if run_id in finished else INTERRUPTED)


def _trials(study: Study, parent: Run, source: Source, watch: Watch) -> None:
    missing = study.plan()
    watch.study(study.name, study.total(), study.finished())
    for _ in range(missing):
        ticket = study.ask()
        if ticket is None:
            return
        watch.trial(ticket.number, ticket.config)
        _trial(study, ticket, parent, source, watch)


def _trial(study: Study, ticket: Ticket, parent: Run, source: Source, watch: Watch) -> None:
    tags = {"airybench.study": study.name, "airybench.trial": str(ticket.number), **source.tags()}
    run = Run.create(parent.tracking, ticket.config.title, "trial", tags, parent=parent.run_id)
    ticket.note(run_id=run.run_id)
    rule = study.sweep.study
    try:
        outcome = execute(
            ticket.config, source, run, metric=rule.metric, direction=rule.direction, on_epoch=watch.epoch
        )
    except KeyboardInterrupt:
        study.fail(ticket, INTERRUPTED, "interrupted by the user")
        run.end(INTERRUPTED)
        raise
    except Exception as error:
        # Whatever one network does must not cost the others: it is written down and the sweep goes on.
        kind, reason = explained(error)
        study.fail(ticket, kind, reason)
        with run.artifacts() as folder:
            (folder / "traceback.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        run.end("failed", {"airybench.failure": kind, "airybench.reason": reason[:500]})
        watch.ended(None, reason)
        return
    record = study.complete(ticket, outcome.value, outcome.scores, outcome.facts)
    run.end("finished")
    watch.ended(record)
