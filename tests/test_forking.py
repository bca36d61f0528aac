"""The server that workers are forked from does not get Ctrl-C, holds up no interrupt, and is not left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import airybench

START = """
import multiprocessing, signal
from airybench.forking import fork_context
def main():
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['met'])
    {first}
    process = context.Process(target=print, args=('goes on',))
    process.start()
    process.join()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
if __name__ == '__main__': main()
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(airybench.__file__).parents[1])}


def started(folder: Path, met: str, first: str = "fork_context(['met'])") -> "subprocess.CompletedProcess[str]":
    """A program that starts a process, whose server loads a module, and what both printed."""
    (folder / "met.py").write_text(met, encoding="utf-8")
    (folder / "start.py").write_text(START.format(first=first), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "start.py"], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env=ENVIRONMENT, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


@pytest.mark.parametrize("spared", [True, False])
def test_a_process_that_loads_its_modules_is_spared(spared: bool, tmp_path: Path) -> None:
    """A worker once printed a traceback when Ctrl-C met it before it had set its handler."""
    met = "import os, signal; os.kill(os.getpid(), signal.SIGINT)\n"
    done = started(tmp_path, met, "fork_context(['met'])" if spared else "pass")
    assert ("goes on" in done.stdout, "KeyboardInterrupt" in done.stderr) == (spared, not spared), done.stderr


def test_who_waits_for_a_process_to_load_its_modules_is_interrupted(tmp_path: Path) -> None:
    """A sweep once answered when its workers had loaded torch."""
    met = (
        "import os, signal, time\n"
        "time.sleep(1.0)\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"
        "time.sleep(20)\n"
        "print('still waited for', flush=True)\n"
    )
    done = started(tmp_path, met)
    assert "KeyboardInterrupt" in done.stderr
    assert done.stdout == ""


def test_a_server_that_loads_modules_ends_with_its_process(tmp_path: Path) -> None:
    """It once loaded torch to the end, and made the temporary folder of the command again, for good."""
    met = (
        "import os, signal, time\n"
        "waits = os.getppid()\n"
        "open('server', 'w').write(str(os.getpid()))\n"
        "os.kill(waits, signal.SIGKILL)\n"
        "time.sleep(40)\n"
        "print('loaded', flush=True)\n"
    )
    done = started(tmp_path, met)  # until the last process has closed the output
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "")
    server, end = int((tmp_path / "server").read_text()), time.monotonic() + 20
    while _runs(server):
        assert time.monotonic() < end
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
