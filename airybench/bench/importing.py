"""How fast a deposit of full-size images is imported into a store, and in how much memory."""

import tempfile
from pathlib import Path

import h5py
import numpy as np

from airybench.bench.measure import Measurement, counted_steps, elapsed, measurement, require_at_least
from airybench.bench.memory import peak_memory
from airybench.data.formats.deposit_labels import LABELS
from airybench.data.formats.dispatch import import_data
from airybench.data.reading.cxi_keys import ENERGY, IDS, IMAGE
from airybench.data.reading.photon_energy import JOULE_PER_EV
from airybench.reporter import SILENT, Reporter

SIDE = 1035  # pixels of an image of CXIDB id 94
MEMORY_GOAL = 2000.0  # MB
OVER = 3
"""The long deposit holds this many times the images of the short one."""


def bench_import(*, count: int = 48, repeats: int = 3, reporter: Reporter = SILENT) -> list[Measurement]:
    """Import a deposit of 1035 x 1035 images in the layout of CXIDB id 94 repeatedly.

    Args:
        count: images of the deposit. A deposit of three times as many is imported once, too.
        repeats: number of repeats.
        reporter: shows progress.

    Returns:
        Images per second, MB of source per second, time per image of the long deposit over that of the short one,
        peak memory and what the long deposit added to it.

    Raises:
        ConfigError: count or repeats is below 1.
    """
    require_at_least(count=(count, 1), repeats=(repeats, 1))
    with (
        tempfile.TemporaryDirectory(prefix="airybench-bench-") as folder,
        counted_steps(reporter, "importing", repeats + 2) as advance,
    ):
        short, long = Path(folder) / "short.cxi", Path(folder) / "long.cxi"
        _write(short, count)
        _write(long, OVER * count)
        output = Path(folder) / "store.h5"
        taken = []
        for turn in range(repeats + 1):
            one = elapsed(lambda: import_data([short], output, force=True))
            if turn:  # the first one warms up
                taken.append(one)
            advance()
        before = peak_memory()
        whole = elapsed(lambda: import_data([long], output, force=True))
        after = peak_memory()
        advance()
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
    """Write a deposit of noise, which compresses no better than measured images."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for number in range(1, count + 1):
            entry = file.create_group(f"entry_{number}")
            entry[IMAGE] = rng.poisson(30, (SIDE, SIDE)).astype(np.uint16)
            entry[LABELS] = np.eye(11, dtype=np.int64)[0] + np.eye(11, dtype=np.int64)[1]
            entry[ENERGY] = 21.0 * JOULE_PER_EV
            entry[IDS[0]] = number
