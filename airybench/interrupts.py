"""Ctrl-C and SIGTERM: remembered until the program has met them, and in a training a request to stop between two steps.

Python raises KeyboardInterrupt wherever the program is at that moment. In a weak reference's callback, a `__del__` or a
library that catches everything, it would be printed or lost, and the command would go on.
"""

import importlib.machinery
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_SECONDS = 0.05
"""After which an interrupt is raised once more that came where Python could not raise it."""

_EXTENSION = {
    importlib.machinery.ExtensionFileLoader.create_module.__code__,
    importlib.machinery.ExtensionFileLoader.exec_module.__code__,
}


class _State:
    """What this process was asked for, and whether it may be raised at any moment."""

    listening = False
    signal: int | None = None
    deferred = 0
    again: threading.Timer | None = None
    hook: Callable[[Any], object] = sys.__unraisablehook__


@contextmanager
def listening() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into KeyboardInterrupt inside the block, and lose none of them.

    Outside the main thread, where Python does not allow signal handlers, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _State.listening, _State.signal = True, None
    before = {number: signal.getsignal(number) for number in SIGNALS}
    hook = _State.hook = sys.unraisablehook
    for number, handler in before.items():
        if handler != signal.SIG_IGN or number == signal.SIGTERM:  # an ignored Ctrl-C is that of the shell's terminal
            signal.signal(number, _interrupt)
    sys.unraisablehook = _unraisable
    try:
        yield
    finally:
        if _State.again is not None:
            _State.again.cancel()  # it has been met meanwhile
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
        _State.listening, _State.signal = False, None


@contextmanager
def spared() -> Iterator[None]:
    """Processes that are started inside the block do not get Ctrl-C, which reaches every process of a terminal.

    One that sets its own handler first would still meet it while it loads its modules, and print a traceback. This
    process does not get it either before the block has ended, so nothing in it may wait.
    """
    # Loaded late: at exit its folder must go before that of the command, around it.
    from multiprocessing import resource_tracker

    # The first process of multiprocessing starts this one as well, and Python 3.11 lets signals through afterwards.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def asked() -> bool:
    """Whether a signal has come: what failed since then, such as a process that it reached as well, is no fault."""
    return _State.signal is not None


def check() -> None:
    """Raise what was asked for where it has been lost; for every loop that may take long.

    Raises:
        KeyboardInterrupt: a signal has come, and the program went on all the same.
    """
    if asked() and not _State.deferred and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    _State.signal = number
    if _loads_an_extension(frame):
        _send_again(number)
        return
    raise KeyboardInterrupt


def _loads_an_extension(frame: FrameType | None) -> bool:
    """Whether a module in C is being loaded: some end the process where that is broken off and done once more."""
    while frame is not None:
        if frame.f_code in _EXTENSION:
            return True
        frame = frame.f_back
    return False


def _unraisable(unraisable: Any) -> None:
    """Where Python cannot raise: ask again in a moment, when the main thread has left that place."""
    if _State.signal is None or not issubclass(unraisable.exc_type, KeyboardInterrupt):
        _State.hook(unraisable)
        return
    _send_again(_State.signal)


def _send_again(number: int) -> None:
    if _State.again is not None and _State.again.is_alive():
        return
    main = threading.main_thread().ident
    assert main is not None
    # To the main thread: a signal to another one would not end a wait of it.
    _State.again = threading.Timer(AGAIN_SECONDS, signal.pthread_kill, (main, number))
    _State.again.daemon = True
    _State.again.start()


class Interrupts:
    """Context manager in which the first signal only sets `requested`; a second one interrupts at once, as usual.

    A training checks it between steps: no checkpoint ever holds half a step. Outside the main thread, where Python does
    not allow signal handlers, it does nothing.

    Attributes:
        requested: whether a signal has come.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) != signal.SIG_IGN:  # an ignored signal is left to another process
                    self._before[number] = signal.signal(number, self._request)
        _State.deferred += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        _State.deferred -= 1
        if self.requested and kind is None:
            raise KeyboardInterrupt  # the signal came after the last check, but the caller has to know of it

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if _State.listening:
            _State.signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
