"""One MLflow run, written through the client alone, without the global active run that two studies would share."""

import getpass
import math
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from airybench.errors import TrackingError, explained
from airybench.passwords import hidden
from airybench.provenance import DIGESTS, digests_text, installed
from airybench.tracking.filters import every, of_study, status_is, tag_like
from airybench.tracking.relocation import FOLDER, local_path
from airybench.tracking.search import found_runs
from airybench.tracking.store import RUN_VARIABLE, Tracking, client_of, driver_uri, tried_once
from airybench.tracking.tags import State, Tag

STATUS: dict[State, str] = {
    "finished": "FINISHED",
    "failed": "FAILED",
    "pruned": "FINISHED",
    "interrupted": "KILLED",
}
CREATED_BY = ("mlflow.user", "mlflow.source.name", "mlflow.source.type")
MAX_REASON = 500  # characters of a reason that a tag holds
RETRIED_SECONDS = 1.5  # a request that took longer may have been sent twice; the second one follows after 2 s


class Run:
    """A run that can be written to.

    Args:
        tracking: the store.
        run_id: of an existing run.
    """

    def __init__(self, tracking: Tracking, run_id: str) -> None:
        self.tracking = tracking
        self.run_id = run_id
        self.ended: int | None = None  # when it had ended before `join` opened it again, ms since 1970
        self.client = client_of(tracking.uri)

    @classmethod
    def create(
        cls,
        tracking: Tracking,
        name: str,
        kind: str,
        tags: Mapping[str, str],
        parent: str | None = None,
        at: int | None = None,
    ) -> "Run":
        """Create a RUNNING run, below `parent` where given, that began at `at` (ms since 1970), else now."""
        # Of this creation, to find the run of a request that was repeated; later tags of a trial replace it.
        token = digests_text(created=uuid.uuid4().hex)
        everything = {Tag.KIND: kind, Tag.STATE: "running", **_environment(), **tags}
        everything[DIGESTS] = f"{everything.get(DIGESTS, '')} {token}".strip()
        if parent:
            everything[Tag.PARENT] = parent
        everything = {key: hidden(value) for key, value in everything.items()}
        client = client_of(tracking.uri)
        began = time.monotonic()
        try:
            made = client.create_run(tracking.experiment_id, tags=everything, run_name=name, start_time=at)
        except MlflowException as error:
            raise TrackingError(f"no run can be created in {tracking.uri}: {str(error).splitlines()[0]}") from error
        run = cls(tracking, made.info.run_id)
        if time.monotonic() - began > RETRIED_SECONDS:
            run._close_twins(token)
        return run

    @classmethod
    def join(cls, tracking: Tracking, run_id: str, name: str, kind: str, tags: Mapping[str, str]) -> "Run":
        """Continue an existing run: the one that `mlflow run` made, or the parent of a study that resumes.

        Raises:
            TrackingError: there is no such run, or it was deleted.
        """
        run = cls(tracking, run_id)
        try:
            run.ended = run.client.get_run(run_id).info.end_time
            run.client.update_run(run_id, status="RUNNING", name=name)
        except MlflowException:
            raise TrackingError(
                f"run {run_id} is not in {tracking.uri}, or was deleted there; restore it, or start again with --fresh"
            ) from None
        # User and source stay: `mlflow run` knows them better, such as a git URL.
        now = {key: value for key, value in _environment().items() if key not in CREATED_BY}
        run.tag({Tag.KIND: kind, Tag.STATE: "running", **now, **tags})
        return run

    @classmethod
    def own(cls, tracking: Tracking, name: str, kind: str, tags: Mapping[str, str], joined: str | None) -> "Run":
        """The run of a command: `joined`, which `mlflow run` made for it, or a new one."""
        return cls.join(tracking, joined, name, kind, tags) if joined else cls.create(tracking, name, kind, tags)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Close the run at the end of the block: finished, interrupted, or failed with kind and reason."""
        try:
            yield
        except KeyboardInterrupt:
            with suppress(Exception), tried_once():  # the store may be what is waited for
                self.end("interrupted")
            raise
        except BaseException as error:
            with suppress(Exception):  # the store may be what failed
                self.fail(*explained(error))
            raise
        self.end("finished")

    def tags(self) -> dict[str, str]:
        """The tags that the run has.

        Raises:
            TrackingError: there is no such run.
        """
        try:
            return dict(self.client.get_run(self.run_id).data.tags)
        except MlflowException:
            raise TrackingError(f"run {self.run_id} is not in {self.tracking.uri}") from None

    def tag(self, tags: Mapping[str, str]) -> None:
        """Set tags."""
        self.client.log_batch(self.run_id, tags=[RunTag(key, hidden(str(value))) for key, value in tags.items()])

    def untag(self, keys: Iterable[str]) -> None:
        """Remove tags that the run has."""
        for key in keys:
            self.client.delete_tag(self.run_id, key)

    def last_metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        return dict(self.client.get_run(self.run_id).data.metrics)

    def params(self, params: Mapping[str, object]) -> None:
        """Log the parameters that the run does not have yet; MLflow refuses to change a parameter."""
        known = self.client.get_run(self.run_id).data.params
        new = [Param(key, hidden(str(value))) for key, value in params.items() if key not in known]
        if new:
            self.client.log_batch(self.run_id, params=new)

    def metrics(self, metrics: Mapping[str, float]) -> None:
        """Log the metrics that the run does not have yet with these values; MLflow would show each one twice."""
        known, now = self.last_metrics(), int(time.time() * 1000)
        new = [Metric(key, value, now, 0) for key, value in metrics.items() if not _same(value, known.get(key))]
        if new:
            self.client.log_batch(self.run_id, metrics=new)

    def steps(self, metric: str) -> set[int]:
        """Steps at which a metric was logged."""
        return {point.step for point in self.client.get_metric_history(self.run_id, metric)}

    @contextmanager
    def artifacts(self, folder: str | None = None) -> Iterator[Path]:
        """A temporary folder whose files become artifacts at the end of the block, unless it fails."""
        with tempfile.TemporaryDirectory(prefix="airybench-") as path:
            yield Path(path)
            self.client.log_artifacts(self.run_id, path, artifact_path=folder)

    def keep(self, *files: Path) -> None:
        """Log existing files as artifacts."""
        for file in files:
            self.client.log_artifact(self.run_id, str(file))

    def fetch(self, artifact: str, into: Path) -> Path:
        """Download one artifact, a file or folder, into a folder; returns its path.

        Raises:
            TrackingError: the run has no such artifact.
        """
        import mlflow

        uri = f"runs:/{self.run_id}/{artifact}"
        try:
            found = mlflow.artifacts.download_artifacts(
                artifact_uri=uri, dst_path=str(into), tracking_uri=driver_uri(self.tracking.uri)
            )
        except (MlflowException, OSError) as error:
            raise TrackingError(
                f"run {self.run_id} has no artifact {artifact}: {str(error).splitlines()[0]}{self._where_lost()}"
            ) from None
        return Path(found)

    def _where_lost(self) -> str:
        """What to say where the artifacts of a finished run are not where its store has them."""
        with suppress(MlflowException):
            found = self.client.get_run(self.run_id).info
            place = local_path(found.artifact_uri)
            if found.status == "FINISHED" and place is not None and not place.exists():
                return f"; its artifacts are not in {place}: put their folder {FOLDER} beside the database of the store"
        return ""

    def open_runs(self, study: str) -> list[str]:
        """Ids of the other runs of a study that are marked RUNNING."""
        wanted = every(of_study(study), status_is("RUNNING"))
        found = found_runs(self.client, [self.tracking.experiment_id], wanted)
        return [run.info.run_id for run in found if run.info.run_id != self.run_id]

    def _close_twins(self, token: str) -> None:
        """Close the other runs of one request: a server that failed to answer may have created a run all the same."""
        wanted = tag_like(DIGESTS, f"%{token}")
        for twin in self.client.search_runs([self.tracking.experiment_id], filter_string=wanted):
            if twin.info.run_id != self.run_id:
                Run(self.tracking, twin.info.run_id).end("interrupted")

    def fail(self, kind: str, reason: str) -> None:
        """Close the run as failed.

        Args:
            kind: of failure, such as `diverged`.
            reason: in one line.
        """
        self.end("failed", {Tag.FAILURE: kind, Tag.REASON: reason[:MAX_REASON]})

    def interrupt(self, reason: str = "") -> None:
        """Close the run as interrupted.

        Args:
            reason: in one line, where there is one.
        """
        self.end("interrupted", {Tag.REASON: reason[:MAX_REASON]} if reason else None)

    def end(self, state: State, tags: Mapping[str, str] | None = None, at: int | None = None) -> None:
        """Close the run.

        Args:
            state: how it ended.
            tags: further tags.
            at: when it ended, ms since 1970; now by default.
        """
        self.tag({Tag.STATE: state, **(tags or {})})
        self.client.set_terminated(self.run_id, STATUS[state], at)


def _environment() -> dict[str, str]:
    """User, script and software, as MLflow's own tags name them."""
    return {
        "mlflow.user": _user(),
        "mlflow.source.name": _program(),
        "mlflow.source.type": "PROJECT" if RUN_VARIABLE in os.environ else "LOCAL",  # `mlflow run` sets it
        **installed().tags(),
    }


def _program() -> str:
    """What runs: a script by its name, a package that `python -m` runs by its own."""
    started = Path(sys.argv[0])
    name = started.parent.name if started.name == "__main__.py" else started.name
    return name or "airybench"


def _user() -> str:
    """Who runs this: as the environment says it, else by the number of the process's user."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may give it a number that no name belongs to
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _same(value: float, known: float | None) -> bool:
    return value == known or (known is not None and math.isnan(value) and math.isnan(known))
