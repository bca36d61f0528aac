"""The server that workers and readers are forked from: it does not get Ctrl-C, and ends with the process it belongs to.

It loads the modules that they need once, for seconds. A process that has ended before would leave it behind, and its
temporary folder, which the loading of modules makes anew.
"""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

from airybench.interrupts import spared

EVERY_SECONDS = 0.1


def fork_context(preloaded: Sequence[str]) -> ForkServerContext:
    """The context in which processes are forked from the server, which is started if there is none.

    Its start is not waited for. That of the first process is, until all modules are loaded, and can be interrupted.

    Args:
        preloaded: the modules that the processes need, for a server that is started by this call.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *preloaded])
    with spared():
        forkserver.ensure_running()
    return context


def _is_server() -> bool:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is forkserver.main.__code__:
            return True
    return False


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY_SECONDS)
    os._exit(1)


if _is_server():
    # The server itself looks for its end between two forks only, and so after it has loaded everything.
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
