"""The process that reads spoilt files: it survives what they do, or its end is seen and another one is started."""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60.0
"""For one case. The inspector of foreign HDF5 gets less, so that it is the one to speak."""

MEMORY = 12 << 30
HOME = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Outcome:
    """What became of one way to read a case.

    Attributes:
        state: `read`, `refused` by an error for the user, `error` by any other, `left` with files, `crash` or `hang`.
        text: the message, the files, or the signal.
    """

    state: str
    text: str = ""

    @property
    def fault(self) -> str:
        """What is wrong with it; empty for what is read or refused in one line."""
        if self.state in ("read", "refused"):
            return ""
        return f"{self.state}: {self.text}"


class Worker:
    """The process, started on first use and again after a crash."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def read(self, kind: str, folder: Path) -> list[Outcome]:
        """Read a folder in every way of its kind."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()
        timer = threading.Timer(SECONDS, lambda: (late.set(), process.kill()))
        timer.start()
        try:
            process.stdin.write(json.dumps({"kind": kind, "folder": str(folder)}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line:
            return [Outcome(**one) for one in json.loads(line)]
        code = process.wait()
        self._process = None
        return [Outcome("hang", f"{SECONDS:g} s") if late.is_set() else Outcome("crash", f"exit code {code}")]

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None:
            paths = [str(HOME.parent), str(HOME)]
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-P", "-m", "fuzz_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "AIRYBENCH_INSPECT_SECONDS": "20"},
            )
        return self._process


def outcomes(kind: str, folder: Path) -> list[Outcome]:
    """Read a folder in this process, in every way of its kind; `MODULE:FUNCTION` is a way of its own."""
    if ":" in kind:
        module, _, name = kind.partition(":")
        return [outcome(getattr(importlib.import_module(module), name), folder)]
    from fuzz_kinds import KINDS

    return [outcome(read, folder) for read in KINDS[kind].reads]


def die(folder: Path) -> None:
    """What a damaged file may do to a process."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(folder: Path) -> None:
    """What else it may do."""
    time.sleep(1000)


def outcome(read: Callable[[Path], object], folder: Path) -> Outcome:
    """What becomes of one way to read a folder."""
    from airybench.errors import EXIT_INPUT, AirybenchError

    before = _files(folder)
    try:
        read(folder)
    except AirybenchError as error:
        left = sorted(str(path) for path in _files(folder) - before)
        if left:
            return Outcome("left", f"{', '.join(left)} after: {error}")
        if "\n" in str(error) or error.exit_code != EXIT_INPUT:
            return Outcome("error", f"{error.exit_code} {str(error)!r}")
        return Outcome("refused", str(error)[:300])
    except Exception as error:
        own = [one for one in traceback.extract_tb(error.__traceback__) if "airybench" in one.filename]
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
        return Outcome("error", f"{place} {type(error).__name__}: {str(error)[:200]!r}")
    for path in ("imported.h5", "made.cxi"):
        (folder / path).unlink(missing_ok=True)
    return Outcome("read")


def _files(folder: Path) -> set[Path]:
    """What lies in a folder; locks stay by design, and a torn journal is kept."""
    kept = (".lock", ".write-lock", ".torn")
    return {path.relative_to(folder) for path in folder.rglob("*") if not path.name.endswith(kept)}


def main() -> None:
    """Answer requests, one a line, until there are no more."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        found = [vars(one) for one in outcomes(asked["kind"], Path(asked["folder"]))]
        answers.write(json.dumps(found) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
