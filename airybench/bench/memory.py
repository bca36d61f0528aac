"""The memory of one process."""

import sys
from contextlib import suppress
from pathlib import Path


def peak_memory() -> float:
    """Largest resident memory of this process so far in MB; NaN where the system does not report it."""
    with suppress(OSError):
        # Linux counts with `getrusage` also what the process held that started this one.
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
