"""Commands as processes: cold, a new interpreter, or warm, forked from this one, which has the modules loaded."""

import os
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PRELOADED = ("airybench.jobs.sweep", "airybench.jobs.train", "airybench.jobs.predict", "airybench.jobs.report",
             "airybench.inference.export", "airybench.sweep.workers", "mlflow", "timm", "torchmetrics", "optuna",
             "matplotlib.figure", "airybench.cli.main", "airybench.data.datasets.catalog")  # fmt: skip


@dataclass
class Process:
    """A running command."""

    pid: int
    log: Path
    began: float = field(default_factory=time.monotonic)
    code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, below 0 for a signal; None while it runs."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def wait(self, seconds: float) -> int | None:
        """The exit code, None where it still runs after some seconds."""
        end = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        return self.code

    def said(self) -> str:
        """What it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill_all(self) -> None:
        """End whatever is left of its group."""
        for pid in group_of(self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def group_of(leader: int) -> list[int]:
    """Processes of a group that are no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(fields[2]) == leader and fields[0] != "Z":
                found.append(int(folder.name))
    return found


def start(place: Path, words: tuple[str, ...], *, cold: bool, number: int = 0) -> Process:
    """Start a command in a folder: as a new interpreter, or forked from this process, which has the modules loaded."""
    log = place / f"log-{number:02d}"
    environment = {
        **os.environ, "AIRYBENCH_DATA": str(place / "data"), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1",
        "TMPDIR": str(place / "tmp"), "MPLBACKEND": "Agg",
    }  # fmt: skip
    environment.pop("MLFLOW_TRACKING_URI", None)
    (place / "tmp").mkdir(exist_ok=True)
    log.touch()  # who kills at once reads what was printed before anything was
    pid = os.fork()
    if pid:
        with suppress(OSError):  # it does so as well, and may have become another program by now
            os.setpgid(pid, pid)
        return Process(pid, log)
    try:
        os.setpgid(0, 0)
        os.chdir(place / "work")
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if cold:
            os.execve(sys.executable, [sys.executable, "-m", "airybench", *words], environment)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None
        _run_here(words)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(99)


def _run_here(words: tuple[str, ...]) -> None:
    """Run a command in this process and end it as the interpreter would."""
    import atexit

    from airybench.__main__ import main

    sys.argv[1:] = words
    try:
        main()
    except SystemExit as ended:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(ended.code or 0))


def preload() -> None:
    """Load what the commands load, so that most kills meet work and not the loading of modules."""
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
