"""How many cores this process may use, and how its threads wait for one another."""

import os
import sys

THREADS = "OMP_NUM_THREADS"
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Environment variables by which a user says how threads wait."""

ALLOTTED = "SLURM_CPUS_PER_TASK"


SPINS = 4000
"""Turns of a loop, some microseconds. To sleep at once costs a sixth of the speed of an idle machine, and the 300 000
turns that are the default half of what is left beside busy programs; see docs/benchmarks.md."""


def wait_briefly() -> None:
    """Let threads spin only briefly, then sleep, while they wait for one another, here and in all processes to come.

    By default they spin for milliseconds. Beside another busy program, a thread that waits then takes the core that the
    one it waits for needs. The number is read when torch is loaded; what a user has set stays.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in WAITING):
        os.environ["GOMP_SPINCOUNT"] = str(SPINS)


def usable_cores() -> int:
    """Cores that this process may use: by its affinity, the quota of its container, and what SLURM allotted to it."""
    from joblib import cpu_count

    allotted = os.environ.get(ALLOTTED, "")
    own = int(allotted) if allotted.isascii() and allotted.isdigit() else 0
    found = int(cpu_count())
    return min(found, own) if own else found


def use_threads(number: int | None) -> int | None:
    """Compute with this many threads, here and in all processes that this one starts; None leaves them as they are."""
    if number is not None:
        os.environ[THREADS] = str(number)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(number)
    return number


def limit_threads() -> None:
    """Take no more threads than cores, unless their number was asked for; torch sees the affinity, but no quota."""
    import torch

    if THREADS not in os.environ and usable_cores() < torch.get_num_threads():
        torch.set_num_threads(usable_cores())
