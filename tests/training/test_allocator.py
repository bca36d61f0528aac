"""Freed memory is kept: counted in pages that the system had to clear."""

import subprocess
import sys

import pytest

# In a process of its own: what is kept, is kept to the end.
COUNT = """
import resource, sys, torch
from airybench.training.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory(torch.device("cpu"))
def step():
    for size in (2_000_000, 10_000_000, 20_000_000):
        torch.ones(size)
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone gives memory back so soon")
def test_a_step_takes_up_what_the_last_one_freed() -> None:
    pages = {
        way: int(subprocess.run([sys.executable, "-c", COUNT, way], capture_output=True, text=True, check=True).stdout)
        for way in ("given back", "kept")
    }
    assert pages["kept"] < 0.1 * pages["given back"], pages
