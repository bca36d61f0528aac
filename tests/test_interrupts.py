"""Ctrl-C and SIGTERM end a command wherever they meet it, even where Python or a library loses the exception."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
import weakref
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import find_spec

import pytest

from airybench.cli import main
from airybench.cli.show.console import ConsoleReporter
from airybench.errors import DataError
from airybench.interrupts import Interrupts, asked, check, listening


class Shot:
    """Something that a weak reference can point to."""


class Meeting:
    """Is sent a signal while it is deleted."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        signal.raise_signal(self.number)


def met_in_a_callback(number: int) -> None:
    shot = Shot()
    followed = weakref.ref(shot, lambda _: signal.raise_signal(number))
    del shot
    assert followed() is None


def met_in_del(number: int) -> None:
    met = Meeting(number)
    del met


def lost_in_a_library(number: int) -> None:
    with contextlib.suppress(BaseException):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("meet", [met_in_a_callback, met_in_del])
def test_what_python_cannot_raise_is_raised_a_moment_later(meet, number, capsys) -> None:
    def work() -> None:
        meet(number)
        time.sleep(60)

    began = time.monotonic()
    with listening(), pytest.raises(KeyboardInterrupt):
        work()
    assert time.monotonic() - began < 30, "it was raised when the wait had ended by itself"
    assert capsys.readouterr().err == ""
    assert not asked()


def test_what_a_library_catches_is_raised_by_the_next_check() -> None:
    with listening():
        check()
        lost_in_a_library(signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            check()
    check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("terminal", [True, False])
def test_every_progress_checks(terminal, monkeypatch) -> None:
    monkeypatch.setattr("airybench.cli.show.console.interactive", lambda: terminal)
    with listening(), ConsoleReporter().progress("shots") as progress:
        progress(1, 3)
        lost_in_a_library(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            progress(2, 3)


def test_a_training_is_asked_to_stop_and_not_broken_off() -> None:
    passed = []

    def train() -> None:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGTERM)
            check()  # a progress bar inside a training
            passed.append(interrupts.requested)

    with listening(), pytest.raises(KeyboardInterrupt):
        train()
    assert passed == [True]


def test_a_training_that_fails_after_the_signal_does_not_swallow_it() -> None:
    def train() -> None:
        with Interrupts():
            signal.raise_signal(signal.SIGINT)
            raise DataError("a reader process was killed")  # the signal reached it as well

    with listening():
        with pytest.raises(DataError):
            train()
        with pytest.raises(KeyboardInterrupt):
            check()


def test_without_a_command_line_nothing_is_remembered() -> None:
    with contextlib.suppress(KeyboardInterrupt), Interrupts():
        signal.raise_signal(signal.SIGINT)
    assert not asked()
    check()


def test_another_thread_is_never_interrupted() -> None:
    seen = []

    def work() -> None:
        with listening():
            check()
            seen.append(asked())

    with listening():
        lost_in_a_library(signal.SIGINT)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [True]


@pytest.mark.parametrize("error", [DataError("a reader process was killed"), RuntimeError("broken pipe")])
def test_an_error_after_the_signal_counts_as_interrupted(error, monkeypatch, capsys) -> None:
    def fail(**_: object) -> None:
        lost_in_a_library(signal.SIGINT)
        raise error

    monkeypatch.setattr(main, "app", fail)
    assert main.run(["sweep"]) == 130
    assert capsys.readouterr().err == "airybench: interrupted; the same command resumes\n"


def test_a_signal_before_the_command_has_begun_is_no_traceback() -> None:
    code = (
        "import builtins, os, signal, sys; load = builtins.__import__\n"
        "def met(name, *rest):\n"
        "    if name == 'airybench.cli.main': os.kill(os.getpid(), signal.SIGINT)\n"
        "    return load(name, *rest)\n"
        "from airybench.__main__ import main; builtins.__import__ = met; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "")


class MeetsASignal:
    """Where to find a module, which sends a signal when it is read: to the loader, in the middle of its work."""

    def __init__(self, found: ModuleSpec) -> None:
        self.found, self.name = found, found.name

    @property
    def origin(self) -> str | None:
        """Its file."""
        signal.raise_signal(signal.SIGINT)
        return self.found.origin


def test_a_module_in_c_is_loaded_to_its_end_before_the_interrupt() -> None:
    """One of triton ended the process with SIGABRT when it was broken off and loaded once more."""
    found = find_spec("h5py.defs")
    assert found is not None
    assert isinstance(found.loader, ExtensionFileLoader)
    loader, loaded = found.loader, []

    def load() -> None:
        loaded.append(loader.create_module(MeetsASignal(found)))
        time.sleep(60)

    with listening(), pytest.raises(KeyboardInterrupt):
        load()
    assert [module.__name__ for module in loaded] == ["h5py.defs"]
