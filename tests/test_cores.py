"""Cores and threads: what the environment says, and how threads wait."""

import os
import subprocess
import sys

import joblib
import pytest
import torch

from airybench import cores
from airybench.cores import WAITING, limit_threads, usable_cores, use_threads


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch):
    """A process that was told no number of threads; torch has its own again afterwards."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    yield monkeypatch
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("loaded", "own", "expected"),
    [
        ("", {}, "4000 None"),
        ("torch", {}, "None None"),
        ("", {"GOMP_SPINCOUNT": "7"}, "7 None"),
        ("", {"KMP_BLOCKTIME": "0"}, "None None"),
        ("", {"OMP_WAIT_POLICY": "ACTIVE"}, "None ACTIVE"),
    ],
)
def test_threads_spin_briefly_unless_it_is_too_late_or_the_user_says_otherwise(
    loaded: str, own: dict[str, str], expected: str
) -> None:
    code = "import os, sys; sys.modules.update(dict.fromkeys(sys.argv[1:])); import airybench; "
    code += "print(*map(os.environ.get, ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')))"
    environment = {name: value for name, value in os.environ.items() if name not in WAITING} | own
    command = [sys.executable, "-c", code, *loaded.split()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


def test_slurm_and_affinity_limit_the_cores(threads: pytest.MonkeyPatch) -> None:
    threads.setattr(joblib, "cpu_count", lambda: 12)
    assert usable_cores() == 12
    for allotted, expected in (("4", 4), ("40", 12), ("0", 12), ("x", 12), ("", 12), ("٣", 12)):
        threads.setenv("SLURM_CPUS_PER_TASK", allotted)
        assert usable_cores() == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_process_bound_to_one_core_has_one() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code += "from airybench.cores import usable_cores; print(usable_cores())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_no_more_threads_than_cores_unless_asked_for(threads: pytest.MonkeyPatch) -> None:
    threads.setattr(cores, "usable_cores", lambda: 1)
    torch.set_num_threads(3)
    limit_threads()
    assert torch.get_num_threads() == 1
    assert use_threads(2) == 2
    limit_threads()
    assert (torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == (2, "2")
    assert use_threads(None) is None
    assert torch.get_num_threads() == 2
