"""The memory of one process."""

import sys


def peak_memory() -> float:
    """Largest resident memory of this process so far in MB; NaN where the system does not report it."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
