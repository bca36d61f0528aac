"""The process that opens foreign HDF5 files before the program does: `python -m airybench.data.hdf5.inspector`.

It reads one request a line and answers with lines of JSON: `{"at": KEY}` before each item is touched, so that a crash
has a place, and then the listing. It ends when its input does, as with the program that started it.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from airybench.data.hdf5.listing import list_file

MEMORY = 16 << 30
"""Bytes that a damaged header may ask for."""


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which then ends this process
    limit_memory()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints is no answer

    def send(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    for line in sys.stdin:
        send(list_file(Path(json.loads(line)["path"]), lambda key: send({"at": key})))


def limit_memory() -> None:
    """No core files, and no more memory than a file may need."""
    try:
        import resource
    except ImportError:
        return  # not on Windows
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))


if __name__ == "__main__":
    main()
