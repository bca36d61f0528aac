"""Running a study: one parent run, one child run per trial; every failure is recorded, every interruption resumable."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from airybench.config import SweepConfig
from airybench.errors import NothingFinishedError
from airybench.paths import checkpoint_folder
from airybench.sweep.executor import Executor
from airybench.sweep.kept_weights import KeptWeights, recorded_rule
from airybench.sweep.observer import UNOBSERVED, StudyObserver
from airybench.sweep.records import INTERRUPTED, FailedTrial, FinishedTrial
from airybench.sweep.scheduler import Scheduler
from airybench.sweep.start_cells import StudyStart
from airybench.sweep.storage import StudyStorage, as_storage
from airybench.sweep.study import RunningStudy
from airybench.sweep.workers import InProcess
from airybench.tracking.dataset import log_data
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, tried_once
from airybench.tracking.tags import State, Tag
from airybench.training.checkpoint import EVERY
from airybench.trial.prepared import PreparedDataset


@dataclass(frozen=True)
class FinishedStudy:
    """A study whose trials have ended, with its parent run still open.

    Attributes:
        study: the study.
        parent: its run.
        dataset: its data.
        trials: finished trials of the search, by number.
        confirmations: finished trials that train chosen cells again with fresh seeds, by number.
        failures: cells and seeds that failed.
        complete: whether nothing is left to run; False where the time limit came first.
        weights: whose weights were dropped, in one line; empty where all are kept.
    """

    study: RunningStudy
    parent: Run
    dataset: PreparedDataset
    trials: list[FinishedTrial]
    failures: list[FailedTrial]
    complete: bool = True
    confirmations: tuple[FinishedTrial, ...] = ()
    weights: str = ""


@dataclass(frozen=True)
class StudyOptions:
    """How a study starts and saves.

    Attributes:
        parent_run: the run to use as parent of a new study, which `mlflow run` made; None creates one.
        fresh: archive the existing study of that name, and drop its checkpoints, before a new one starts.
        checkpoint_every: least time between two checkpoints of a trial, seconds.
        start: the cells of other studies that a new study begins with.
    """

    parent_run: str | None = None
    fresh: bool = False
    checkpoint_every: float = EVERY
    start: StudyStart | None = None


DEFAULTS = StudyOptions()


@contextmanager
def run_study(
    sweep: SweepConfig,
    name: str,
    dataset: PreparedDataset,
    tracking: Tracking,
    storage: Path | StudyStorage,
    *,
    make_executor: Callable[[PreparedDataset], Executor] = InProcess,
    observer: StudyObserver = UNOBSERVED,
    options: StudyOptions = DEFAULTS,
) -> Iterator[FinishedStudy]:
    """Run what is missing of a study; the parent run is open inside the block and closed at its end.

    Args:
        sweep: base, space and sampler.
        name: `NAME@D`; a study of the same name resumes.
        dataset: the data.
        tracking: where runs go.
        storage: a folder of journals, or another storage of studies.
        make_executor: makes the executor of the trials; by default they run in this process.
        observer: follows the trials.
        options: how the study starts and saves.

    Raises:
        StudyError: a study of that name exists with another content, or another process runs it.
        NothingFinishedError: the time limit came before any trial was finished.
    """
    storage = as_storage(storage)
    with storage.session(name):
        if options.fresh:  # not before the session has made sure that nobody else runs it
            storage.archive(name)
            shutil.rmtree(checkpoint_folder(name), ignore_errors=True)
        study = RunningStudy(storage, name, sweep, dataset.provenance(), options.start)
        with storage.lock(name):
            rule = recorded_rule(study)
            parent = _parent(study, tracking, options.parent_run)
        kept = KeptWeights(study, parent, rule)
        before = study.counts()
        try:
            _describe(parent, study, dataset)
            _close_orphans(study, parent)
            complete = _run_trials(kept, make_executor(dataset), observer, options)
            finished = study.finished()
            if not complete and not finished:
                raise NothingFinishedError(
                    f"the time limit came before any trial of {name} was finished; the same command resumes it"
                )
            with storage.lock(f"{name}/conclusion"):  # one process at a time
                confirmed = tuple(study.confirmations())
                failures, weights = study.failures(), kept.sentence()
                yield FinishedStudy(study, parent, dataset, finished, failures, complete, confirmed, weights)
        except BaseException as error:
            if _runs_alone(study):  # else the study goes on without this process
                state: State = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
                with suppress(Exception), tried_once():  # the store may be what failed; a resume mends the run
                    parent.end(state, at=_end(parent, study, before))
            raise
        if complete or not study.running_elsewhere():
            failed = {Tag.FAILED_TRIALS: str(len(study.failures()))}
            parent.end("finished" if complete else "interrupted", failed, _end(parent, study, before))


def _end(parent: Run, study: RunningStudy, before: Mapping[str, int]) -> int | None:
    """When the parent ended: now, or where no trial has run since it was opened again, when it did before."""
    try:
        return parent.ended if study.counts() == before else None
    except Exception:
        return None  # the storage is what failed


def _run_trials(kept: KeptWeights, executor: Executor, observer: StudyObserver, options: StudyOptions) -> bool:
    """Run what is missing; returns whether that is all of it."""
    try:
        return Scheduler(kept.study, kept.parent, executor, observer, options.checkpoint_every, kept.tidy).run()
    finally:
        executor.close()


def _runs_alone(study: RunningStudy) -> bool:
    try:
        return not (study.storage.shared and study.running_elsewhere())
    except Exception:
        return True  # the storage is what failed; a resume mends the parent run


def _parent(study: RunningStudy, tracking: Tracking, joined: str | None) -> Run:
    """The study's own run: the recorded one, the one that `mlflow run` made, or a new one, recorded at once."""
    known = study.attribute("parent_run_id")
    tags = {Tag.STUDY: study.name, **study.provenance.tags()}
    if known:
        if study.attribute("tracking_uri") != tracking.uri:  # the store was moved
            study.set_attribute("tracking_uri", tracking.uri)
        return Run.join(tracking, known, study.name, "sweep", tags)
    parent = Run.own(tracking, study.name, "sweep", tags, joined)
    study.set_attribute("parent_run_id", parent.run_id)
    study.set_attribute("tracking_uri", tracking.uri)
    study.set_attribute("experiment_id", tracking.experiment_id)
    study.set_attribute("data_source", study.provenance.source)
    return parent


def _describe(parent: Run, study: RunningStudy, dataset: PreparedDataset) -> None:
    """Log question, parameters, configuration and split; what may grow is a tag, since MLflow's params are fixed."""
    sweep, start = study.sweep, study.start
    began = f" {start.sentence}." if start else ""
    parent.tag(
        {
            Tag.NOTE: f"{sweep.asked}\n\nNot finished yet, or cut off: `airybench studies show {study.name}` says how "
            f"far it is, and the same command goes on with it.{began} Data: {dataset.summary()}.",
            Tag.TRIALS: str(study.total()),
            Tag.SEEDS: str(sweep.study.seeds),
            **({Tag.STARTED_FROM: ",".join(start.studies)} if start else {}),
            **({Tag.CONFIRM: str(sweep.study.confirm)} if sweep.study.confirm else {}),
            **({Tag.FOLDS: str(len(dataset.splits))} if sweep.base.data.every_fold else {}),
        }
    )
    parent.params(
        {
            "dataset": sweep.base.data.dataset,
            "sampler": sweep.study.sampler,
            "pruner": sweep.study.pruner,
            "objective": ",".join(map(str, sweep.study.objectives)),
        }
    )
    log_data(parent, dataset.data_input())
    with parent.artifacts() as folder:
        text = yaml.safe_dump({**sweep.model_dump(mode="json"), "question": sweep.asked}, sort_keys=False)
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        ids = dataset.store.ids()
        for fold, split in enumerate(dataset.splits):
            name = "split.json" if len(dataset.splits) == 1 else f"split-fold{fold}.json"
            (folder / name).write_text(split.to_json(ids), encoding="utf-8")


def _close_orphans(study: RunningStudy, parent: Run) -> None:
    """Close the runs that a killed process left open, in the state in which their trials ended."""
    study.reclaim()
    finished = {trial.run_id for trial in [*study.finished(), *study.confirmations()]}
    busy = study.running() if study.storage.shared else set()
    for run_id in parent.open_runs(study.name):
        run = Run(parent.tracking, run_id)
        if busy and run.client.get_run(run_id).data.tags.get(Tag.TRIAL) in busy:
            continue
        run.end("finished" if run_id in finished else INTERRUPTED)
