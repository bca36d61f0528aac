"""The program itself, around the command line: how its process ends."""

import os
import subprocess
import sys
from pathlib import Path

import airybench

CYCLE = """
import os, sys
class Cycle:
    def __init__(self):
        self.me = self
    def __del__(self, write=os.write):
        write(1, b"searched\\n")
kept = Cycle()
sys.argv[1:] = ["--version"]
{rest}
"""


def printed(rest: str) -> tuple[int, str, str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(airybench.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", CYCLE.format(rest=rest)], capture_output=True, text=True, check=False, env=environment
    )
    return done.returncode, done.stdout, done.stderr


def test_its_end_does_not_search_objects_for_cycles_which_takes_seconds() -> None:
    assert printed("")[1] == "searched\n"
    assert printed("from airybench.__main__ import main; main()") == (
        0, f"airybench {airybench.__version__}\n", ""
    )  # fmt: skip


def test_what_ends_with_it_is_heard_but_for_libraries_that_count_leaks() -> None:
    rest = (
        "import airybench.cli.main as loaded, atexit\n"
        "class Leaks:\n"
        "    def __del__(self, write=os.write): write(2, b'leaked\\n')\n"
        "leaks, run = Leaks(), loaded.run\n"
        "def run_and_load(words):\n"
        "    atexit.register(print, 'at exit', file=sys.stderr)\n"
        "    return run(words)\n"
        "loaded.run = run_and_load\n"
        "from airybench.__main__ import main; main()"
    )
    assert printed(rest)[2] == "at exit\n"


def test_without_a_standard_error_it_ends_as_well() -> None:
    assert printed("os.close(2); sys.stderr = None\nfrom airybench.__main__ import main; main()")[0] == 0
