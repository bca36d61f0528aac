"""Copies of runs in another tracking store, each once, however often they are copied.

A copy has an id of its own; a tag names the original. A second tag, which is written last, holds a digest of what was
copied: a copy without it was cut off and is filled again, and one whose digest still fits is left alone.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import Param, RunTag
from mlflow.entities import Run as MlflowRun
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from airybench.reporter import Reporter
from airybench.tracking.copied_ids import CopiedIds
from airybench.tracking.copied_models import copy_models
from airybench.tracking.filters import of_study, tag_like
from airybench.tracking.recording import BATCH
from airybench.tracking.search import found_runs
from airybench.tracking.store import client_of, experiment_named
from airybench.tracking.tags import Tag

_MOST = 100  # parameters or tags that MLflow accepts at once
_OWN = (Tag.ORIGIN, Tag.COPIED)
_T = TypeVar("_T")


@dataclass
class Copied:
    """What a transfer did.

    Attributes:
        new: runs that were not there.
        renewed: runs that had changed, or were cut off.
        unchanged: runs that were there already.
        models: logged models that were copied.
    """

    new: int = 0
    renewed: int = 0
    unchanged: int = 0
    models: int = 0


def runs_to_copy(uri: str, studies: Sequence[str]) -> list[MlflowRun]:
    """The runs of some studies with those above and below them, or all runs of this program; earliest first.

    Args:
        uri: of the store.
        studies: full names; all runs where it is empty.
    """
    client = client_of(uri)
    wanted = [of_study(name) for name in studies] or [tag_like(Tag.KIND, "%")]
    experiments = [one.experiment_id for one in client.search_experiments()]
    found = {run.info.run_id: run for text in wanted for run in found_runs(client, experiments, text)}
    return sorted(found.values(), key=lambda run: (run.info.start_time, run.info.run_id))


def copy_runs(
    source_uri: str, target_uri: str, runs: Sequence[MlflowRun], reporter: Reporter
) -> tuple[Copied, CopiedIds]:
    """Copy runs to another store, with parameters, curves, tags, files, data sets, models, and who is whose parent.

    Args:
        source_uri: of the store that they are in.
        target_uri: of the other one; experiments of the same names are made where they are missing.
        runs: to be copied.
        reporter: receives progress.
    """
    transfer = _Transfer(client_of(source_uri), client_of(target_uri))
    transfer.match(runs)
    with reporter.progress("copying runs") as progress:
        # The latest first: a study names the models of its trials, and is whole once all of them are.
        for number, run in enumerate(reversed(runs), 1):
            transfer.copy(run)
            progress(number, len(runs))
    return transfer.done, transfer.ids


class _Transfer:
    def __init__(self, source: MlflowClient, target: MlflowClient) -> None:
        self.source, self.target = source, target
        self.ids, self.done = CopiedIds(), Copied()
        self._new: set[str] = set()

    def match(self, runs: Sequence[MlflowRun]) -> None:
        """Find the copies that are there, and create the others, so that every run can name every other one."""
        for experiment_id in dict.fromkeys(run.info.experiment_id for run in runs):
            experiment = self.source.get_experiment(experiment_id)
            self.ids.experiments[experiment_id] = experiment_named(str(self.target.tracking_uri), experiment.name)
            for key, text in experiment.tags.items():
                if key.startswith(Tag.VIEW):
                    self.target.set_experiment_tag(self.ids.experiments[experiment_id], key, text)
        there = list(set(self.ids.experiments.values()))
        for copy in found_runs(self.target, there, tag_like(Tag.ORIGIN, "%")):
            if self.ids.runs.setdefault(copy.data.tags[Tag.ORIGIN], copy.info.run_id) != copy.info.run_id:
                self.target.delete_run(copy.info.run_id)  # a request that was sent twice
        for run in runs:
            # A copy of a copy is the original: what was pushed comes back as itself.
            origin = run.data.tags.get(Tag.ORIGIN)
            if run.info.run_id not in self.ids.runs and not (origin and self._is_there(run, origin)):
                made = self.target.create_run(
                    self.ids.experiments[run.info.experiment_id], start_time=run.info.start_time,
                    run_name=run.info.run_name, tags={Tag.ORIGIN: run.info.run_id},
                )  # fmt: skip
                self.ids.runs[run.info.run_id] = made.info.run_id
                self._new.add(run.info.run_id)

    def _is_there(self, run: MlflowRun, origin: str) -> bool:
        try:
            self.target.get_run(origin)
        except Exception:  # whatever this store says about a run that it lacks
            return False
        self.ids.runs[run.info.run_id] = origin
        return True

    def copy(self, run: MlflowRun) -> None:
        """Bring the copy of a run up to date."""
        there = self.target.get_run(self.ids.runs[run.info.run_id])
        original = there.info.run_id == run.data.tags.get(Tag.ORIGIN)  # which is never written
        digest = _digest(run)
        if original or there.data.tags.get(Tag.COPIED) == digest:
            self._note_models(run, there)
            self.done.unchanged += 1
            return
        self._fill(run, there)
        self.target.log_batch(there.info.run_id, tags=[RunTag(Tag.COPIED, digest)])
        if run.info.run_id in self._new:
            self.done.new += 1
        else:
            self.done.renewed += 1

    def _note_models(self, run: MlflowRun, there: MlflowRun) -> None:
        """The models of a copy that is whole: later runs may name them."""
        if Tag.MODEL_URI in run.data.tags and Tag.MODEL_URI in there.data.tags:
            names = [one.data.tags[Tag.MODEL_URI].removeprefix("models:/") for one in (run, there)]
            self.ids.models[names[0]] = names[1]

    def _fill(self, run: MlflowRun, there: MlflowRun) -> None:
        copy, run_id = there.info.run_id, run.info.run_id
        new = [Param(key, value) for key, value in run.data.params.items() if key not in there.data.params]
        for params in _batches(new, _MOST):
            self.target.log_batch(copy, params=list(params))
        points = [point for key in run.data.metrics for point in self.source.get_metric_history(run_id, key)]
        for some in _batches(points, BATCH):  # one that is there already is not stored again
            self.target.log_batch(copy, metrics=list(some))
        if run.inputs and run.inputs.dataset_inputs and not (there.inputs and there.inputs.dataset_inputs):
            self.target.log_inputs(copy, datasets=list(run.inputs.dataset_inputs))
        self.done.models += copy_models(run, self.source, self.target, self.ids)
        self._copy_files(run, copy)
        tags = {key: self.ids.in_text(value) for key, value in run.data.tags.items() if key not in _OWN}
        for key in there.data.tags.keys() - tags.keys() - set(_OWN):
            self.target.delete_tag(copy, key)
        for some_tags in _batches(list(tags.items()), _MOST):
            self.target.log_batch(copy, tags=[RunTag(key, value) for key, value in some_tags])
        self.target.update_run(copy, name=run.info.run_name)
        if run.info.end_time:
            self.target.set_terminated(copy, run.info.status, run.info.end_time)

    def _copy_files(self, run: MlflowRun, copy: str) -> None:
        files = get_artifact_repository(run.info.artifact_uri, self.source.tracking_uri)
        if not files.list_artifacts():
            return
        with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
            files.download_artifacts("", folder)
            self.ids.in_files(Path(folder))
            self.target.log_artifacts(copy, folder)


def _digest(run: MlflowRun) -> str:
    """Of all that a run says; its files change together with its tags."""
    content = [
        run.info.status, run.info.end_time, run.info.run_name, sorted(run.data.params.items()),
        sorted((key, repr(value)) for key, value in run.data.metrics.items()),
        sorted((key, value) for key, value in run.data.tags.items() if key not in _OWN),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
