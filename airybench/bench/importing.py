"""How fast a deposit of full-size images becomes a store, and in how much memory."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from airybench.bench.measure import Measurement, elapsed, measurement, peak_memory
from airybench.data.formats.deposit import ENERGY, IDS, IMAGE
from airybench.data.formats.deposit_labels import LABELS
from airybench.data.formats.dispatch import import_data
from airybench.data.formats.photon_energy import JOULE_PER_EV
from airybench.errors import ConfigError

SIDE = 1035
MEMORY_GOAL = 2000.0
OVER = 3


def bench_import(
    *, count: int = 48, repeats: int = 3, progress: Callable[[int, int], None] | None = None
) -> list[Measurement]:
    """Import a deposit of 1035 x 1035 images in the layout of CXIDB id 94 again and again.

    Args:
        count: entries; a deposit of three times as many is imported once as well.
        repeats: how often.
        progress: handed (imports done, imports in all).

    Returns:
        Images per second, MB of source per second, time per image of the long deposit over that of the short one,
        peak memory and what the long deposit added to it.

    Raises:
        ConfigError: count or repeats is below 1.
    """
    if count < 1 or repeats < 1:
        raise ConfigError(f"count {count}, repeats {repeats}: at least 1 of each is needed")
    with tempfile.TemporaryDirectory(prefix="airybench-bench-") as folder:
        short, long = Path(folder) / "short.cxi", Path(folder) / "long.cxi"
        _write(short, count)
        _write(long, OVER * count)
        output = Path(folder) / "store.h5"
        taken = []
        for turn in range(repeats + 1):
            one = elapsed(lambda: import_data([short], output, force=True))
            if turn:
                taken.append(one)
            if progress:
                progress(turn + 1, repeats + 2)
        before = peak_memory()
        whole = elapsed(lambda: import_data([long], output, force=True))
        after = peak_memory()
        if progress:
            progress(repeats + 2, repeats + 2)
    subject, size = f"{SIDE} px deposit", SIDE**2 * 2 / 1e6
    return [
        measurement(subject, "import", "images/s", [count / one.wall for one in taken]),
        measurement(subject, "import", "MB/s", [count * size / one.wall for one in taken]),
        measurement(
            subject, f"time per image, {OVER * count} to {count} images", "ratio",
            [whole.wall / (OVER * one.wall) for one in taken],
        ),
        measurement(subject, "peak memory", "MB", [after], goal=MEMORY_GOAL, less_is_better=True),
        measurement(subject, f"memory added by {OVER * count} images", "MB", [after - before]),
    ]  # fmt: skip


def _write(path: Path, count: int) -> None:
    """A deposit of noise: bytes that compress no better than real ones."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for number in range(1, count + 1):
            entry = file.create_group(f"entry_{number}")
            entry[IMAGE] = rng.poisson(30, (SIDE, SIDE)).astype(np.uint16)
            entry[LABELS] = np.eye(11, dtype=np.int64)[0] + np.eye(11, dtype=np.int64)[1]
            entry[ENERGY] = 21.0 * JOULE_PER_EV
            entry[IDS[0]] = number
