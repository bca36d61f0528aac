"""Running a study: a parent run, one child a trial, every failure written down, every interruption resumable."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from airybench.config import SweepConfig
from airybench.errors import NothingFinishedError
from airybench.paths import checkpoint_folder
from airybench.sweep.executor import Executor
from airybench.sweep.scheduler import Scheduler, StudyObserver
from airybench.sweep.storage import StudyStorage, as_storage
from airybench.sweep.study import INTERRUPTED, FinishedTrial, Study, archive
from airybench.sweep.workers import InProcess
from airybench.tracking.dataset import log_data
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking
from airybench.training.checkpoint import EVERY
from airybench.trial.prepared import PreparedDataset

__all__ = ["FinishedStudy", "StudyObserver", "run_study"]


@dataclass(frozen=True)
class FinishedStudy:
    """A study whose trials are done, with its parent run still open."""

    study: Study
    parent: Run
    source: PreparedDataset
    records: list[FinishedTrial]
    failures: list[tuple[int, str, str]]
    complete: bool = True
    """Whether nothing is left to run; False where the time limit came first."""


@contextmanager
def run_study(
    sweep: SweepConfig,
    name: str,
    source: PreparedDataset,
    tracking: Tracking,
    where: Path | StudyStorage,
    watch: StudyObserver,
    *,
    engine: Callable[[PreparedDataset], Executor] = InProcess,
    join: str | None = None,
    fresh: bool = False,
    checkpoint_every: float = EVERY,
) -> Iterator[FinishedStudy]:
    """Run what is missing of a study; the parent run is open inside the block and closed behind it.

    Args:
        sweep: base, space and sampler.
        name: `NAME@D`; the same name resumes.
        source: the data.
        tracking: where runs go.
        where: a folder of journals, or another place for studies.
        watch: who looks on.
        engine: makes what trials run in; by default this process.
        join: a run to use as parent of a new study, the one that `mlflow run` made.
        fresh: set an old study of this name aside first, without its checkpoints; not before nobody else runs it.
        checkpoint_every: seconds between two checkpoints of a trial at least.

    Raises:
        StudyError: the name stands for another content, or another process runs it.
    """
    storage = as_storage(where)
    with storage.session(name):
        if fresh:
            archive(storage, name)
            shutil.rmtree(checkpoint_folder(name), ignore_errors=True)
        study = Study(storage, name, sweep, source.provenance())
        with storage.lock(name):
            parent = _parent(study, tracking, join)
        try:
            _describe(parent, study, source)
            _close_orphans(study, parent)
            executor = engine(source)
            try:
                complete = Scheduler(study, parent, study.provenance.tags(), executor, watch, checkpoint_every).run()
            finally:
                executor.close()
            records = study.finished()
            if not complete and not records:
                raise NothingFinishedError(
                    f"the time limit came before any trial of {name} was finished; the same command goes on from there"
                )
            with storage.lock(f"{name}/conclusion"):  # of several processes one at a time
                yield FinishedStudy(study, parent, source, records, study.failures(), complete)
        except BaseException as error:
            if _alone(study):  # else the study goes on without this process
                parent.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        if complete or not study.others():
            failed = {"airybench.failed_trials": str(len(study.failures()))}
            parent.end("finished" if complete else "interrupted", failed)


def _alone(study: Study) -> bool:
    try:
        return not (study.storage.shared and study.others())
    except Exception:
        return True  # the storage is what failed: a resume puts the parent right


def _parent(study: Study, tracking: Tracking, join: str | None) -> Run:
    """The study's own run: the recorded one, the one that `mlflow run` made, or a new one, recorded at once."""
    known = study.attribute("parent_run_id")
    tags = {"airybench.study": study.name, **study.provenance.tags()}
    if known:
        return Run.join(tracking, known, study.name, "sweep", tags)
    if join:
        parent = Run.join(tracking, join, study.name, "sweep", tags)
    else:
        parent = Run.create(tracking, study.name, "sweep", tags)
    study.remember("parent_run_id", parent.run_id)
    study.remember("tracking_uri", tracking.uri)
    study.remember("experiment_id", tracking.experiment_id)
    study.remember("data_source", study.provenance.source)
    return parent


def _describe(parent: Run, study: Study, source: PreparedDataset) -> None:
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
            "pruner": sweep.study.pruner,
            "objective": ",".join(f"{metric}:{way}" for metric, way in sweep.study.objectives),
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
    busy = study.running() if study.storage.shared else set()
    for run_id in parent.open_runs(study.name):
        run = Run(parent.tracking, run_id)
        if busy and run.client.get_run(run_id).data.tags.get("airybench.trial") in busy:
            continue
        run.end("finished" if run_id in finished else INTERRUPTED)
