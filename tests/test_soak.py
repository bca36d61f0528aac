"""Kills, and Ctrl-C, at random moments of every command; `python tests/soak` is the same with more to choose.

AIRYBENCH_SOAK_KILLS and AIRYBENCH_SOAK_SEED set how many and which.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).resolve().parent / "soak"
KILLS = os.environ.get("AIRYBENCH_SOAK_KILLS", "20")
SEED = os.environ.get("AIRYBENCH_SOAK_SEED", "1612")


@pytest.mark.slow
@pytest.mark.parametrize("sent", [(), ("--signal", "SIGINT")], ids=["kills", "interrupts"])
def test_nothing_is_lost_doubled_or_left_behind(sent, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("soak")
    log = folder / "soak.jsonl"
    words = [sys.executable, str(SOAK), "--kills", KILLS, "--seed", SEED, "--log", str(log), "--folder", str(folder)]
    done = subprocess.run(
        [*words, *sent], capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert sum(line["what"] == "kill" for line in lines) >= int(KILLS)
    assert [line for line in lines if line["faults"]] == [], done.stdout
