"""MLflow's pages for the store in use, on this machine alone."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from airybench.errors import ConfigError, TrackingError
from airybench.tracking.relocation import FOLDER, lost_places
from airybench.tracking.store import Tracking, check, connect, driver_uri, load_store, reopen, sqlite_path

if TYPE_CHECKING:  # it loads MLflow, which takes seconds
    from airybench.tracking.view import StudyView

HOST = "127.0.0.1"  # these pages ask for no password
STORE = "MLFLOW_BACKEND_STORE_URI"  # every user of this machine sees the arguments of a process
START_SECONDS = 180.0  # on a busy machine; one that cannot start says so at once
STOP_SECONDS = 10.0

_QUIET = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Else MLflow starts processes that wait for jobs of chat models, in more than a gigabyte; this project has none."""


LATEST_STUDIES = 5
"""Studies whose views are told; the table of runs holds all."""


@dataclass(frozen=True)
class Pages:
    """Where MLflow's pages are.

    Attributes:
        address: of the server.
        runs: the table of all runs.
        leaderboards: the prepared table of each of the latest studies, or of the one asked for on every data set, by
            the study's full name.
        lost: folders of artifacts that the store names, but that do not exist: pages show none of them.
    """

    address: str
    runs: str
    leaderboards: dict[str, str]
    lost: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """The page to open: the leaderboard of the latest study, or the table of runs where there is no study."""
        return next(iter(self.leaderboards.values()), self.runs)


def serve(uri: str, port: int, report: Callable[[Pages], None], study: str | None = None) -> None:
    """Run `mlflow ui` until it is interrupted; it ends with this call, however that ends.

    Args:
        uri: a SQLite file or database; of a server, only the address of its pages is reported.
        port: where to listen on 127.0.0.1.
        report: called once the pages answer.
        study: `NAME@D` or NAME of the study whose leaderboard is asked for; the latest ones where it is None.

    Raises:
        ConfigError: the port is taken.
        StudyError: the store holds no such study.
        TrackingError: no such store, or MLflow does not start.
    """
    if uri.startswith(("http://", "https://")):
        check(uri)
        tracking = connect(uri)
        report(_pages(uri, tracking, _views(tracking, study)))
        return
    reopen(uri)
    if study is not None:
        _views(connect(uri), study)  # which refuses a name that is not there before anything is started
    _refuse_taken(port)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", HOST, "--port", str(port),
               "--workers", "1"]  # fmt: skip
    if uri.startswith("sqlite:///"):
        artifacts = Path(uri.removeprefix("sqlite:///")).parent / FOLDER
        command += ["--default-artifact-root", artifacts.as_uri()]
    # In a process group of its own: Ctrl-C reaches this process alone, which then ends MLflow's workers.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env=os.environ | _QUIET | {STORE: driver_uri(uri)}
        )
        try:
            load_store()  # while the server starts, which takes as long
            _await(process, port, log)  # it migrates the store of an older MLflow, which two must not do at once
            tracking = connect(uri)
            report(_pages(f"http://{HOST}:{port}", tracking, _views(tracking, study), _lost(uri)))
            process.wait()
            raise TrackingError(f"mlflow ui ended by itself: {_last_line(log)}")
        finally:
            _stop(process)


Views = list[tuple[Tracking, "StudyView"]]
"""Views of studies, each with the experiment that it is in."""


def _views(tracking: Tracking, study: str | None) -> Views:
    """The views to be told; those of studies that were written before there were any are made here."""
    from airybench.tracking.view import latest_studies, log_view, views_of

    if study is None:
        found = [(tracking, view) for view in latest_studies(tracking, LATEST_STUDIES)]
    else:
        found = views_of(tracking, study)
    for experiment, view in found:
        log_view(experiment, view)
    return found


def _lost(uri: str) -> tuple[str, ...]:
    path = sqlite_path(uri)
    return tuple(map(str, lost_places(path))) if path is not None else ()


def _pages(address: str, tracking: Tracking, views: Views, lost: tuple[str, ...] = ()) -> Pages:
    """The pages of a store."""
    from airybench.tracking.view import runs_address, view_address

    boards = {view.study: view_address(address, one.experiment_id, view) for one, view in views}
    return Pages(address, runs_address(address, tracking.experiment_id), boards, lost)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"port {port} of {HOST} cannot be used ({error.strerror}); choose another --port"
            ) from None


def _await(process: "subprocess.Popen[bytes]", port: int, log: IO[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise TrackingError(f"mlflow ui does not start: {_last_line(log)}")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise TrackingError(f"mlflow ui does not answer on port {port} after {START_SECONDS:.0f} s; try another --port")


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        break
