"""The work of a worker process: it takes functions and their arguments from its input and answers on its output."""

import contextlib
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import IO, Any

from airybench.data.hdf5.messages import receive, send
from airybench.errors import AirybenchError

Work = Callable[..., Iterable[Any]]
"""What a worker is given: it yields answers."""


def serve(begin: Callable[[IO[bytes]], None] = lambda _: None) -> None:
    """Do what comes in until there is no more.

    Args:
        begin: called once with the output, before the first work.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which then ends this process
    requests = os.fdopen(os.dup(0), "rb", 0)
    answers = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # what a library prints is no answer
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    begin(answers)
    try:
        _take(requests, answers)
    except (EOFError, BrokenPipeError):
        sys.stderr.close()  # the program has ended, or wants no more


def _take(requests: IO[bytes], answers: IO[bytes]) -> None:
    work: Work | None = None
    while True:
        kind, value = receive(requests)
        if kind == "work":
            work = pickle.loads(value)
        elif kind == "folder":
            with contextlib.suppress(OSError):  # where it is gone, relative names lead nowhere in either process
                os.chdir(value)
        elif work is not None:
            _do(work, value, answers)


def _do(work: Work, job: Any, answers: IO[bytes]) -> None:
    try:
        for answer in work(job):
            send(answers, ("answer", answer))
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:
        if not isinstance(error, AirybenchError):
            error.add_note(f"in a worker process:\n{traceback.format_exc()}")
        send(answers, ("error", _sendable(error)))
    else:
        send(answers, ("end", None))


def _sendable(error: Exception) -> Exception:
    """An error that arrives as what it is; one that cannot be sent becomes text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a foreign class of errors does
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
