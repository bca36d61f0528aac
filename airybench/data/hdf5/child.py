"""Processes of this package that read foreign files: light ones, which load neither torch nor MLflow."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LIMIT = "AIRYBENCH_INSPECT_SECONDS"
"""Environment variable with the seconds that listing one file, or reading one stretch of it, may take."""

SECONDS = 60.0


def start(module: str, *, bufsize: int, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a module of this package with pipes for its input and output.

    Args:
        module: its name.
        bufsize: of the pipes, as `open` takes it.
        environment: what differs from that of this process.
    """
    home = str(Path(__file__).resolve().parents[3])
    others = os.environ.get("PYTHONPATH")
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=bufsize,
        env={**os.environ, **environment, "PYTHONPATH": f"{home}{os.pathsep}{others}" if others else home},
    )


def stop(process: "subprocess.Popen[bytes]") -> int:
    """End a process at once.

    Returns:
        Its exit code, or the signal that it ended by, below 0.
    """
    process.kill()
    code = process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    return code


def seconds_allowed() -> float:
    """Seconds after which a process counts as stuck."""
    try:
        return float(os.environ[LIMIT])
    except (KeyError, ValueError):
        return SECONDS


def death(code: int) -> str:
    """How a process ended, in words.

    >>> death(-11), death(3)
    ('SIGSEGV', 'exit code 3')
    """
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"
