"""How fast a stack of large images is imported, relative to the disk and to the decoder alone."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

from airybench.bench.decoding import KEY, decode, forget_cached, peak_of, read_bytes, stretches
from airybench.bench.measure import Measurement, counted_steps, elapsed, measurement, require_at_least
from airybench.bench.memory import peak_memory
from airybench.cores import usable_cores
from airybench.data.formats.dispatch import import_data
from airybench.data.hdf5.workers import MOST, WORKERS
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.errors import unknown
from airybench.reporter import SILENT, Reporter

SIDE = 1024
"""Of an image, pixels."""

GOAL = 0.7
STORAGES: Mapping[str, Mapping[str, Any]] = {
    "uncompressed": {},
    "gzip": {"compression": "gzip", "compression_opts": 4},
    "bitshuffle-lz4": hdf5plugin.Bitshuffle(cname="lz4"),
}
"""How the chunks of a stack are stored, one image each."""

_SHORT = 4
"""The long stack holds this many times the images of the short one, by which growth of memory is seen."""

_BASES = 8


def bench_stacks(
    *, count: int = 512, repeats: int = 3, storages: Sequence[str] = tuple(STORAGES), reporter: Reporter = SILENT
) -> list[Measurement]:
    """Import stacks of sparse photon counts, uint16, 1024 x 1024.

    In each repeat the file is read byte by byte, decoded alone by as many processes as an import uses, and imported,
    one after the other, so that a machine whose speed drifts affects all three. What the system holds of the file in
    memory is dropped before it is read and before it is imported.

    Args:
        count: images of a stack.
        repeats: number of repeats.
        storages: names of STORAGES.
        reporter: shows progress.

    Returns:
        For each storage: the speed of the disk, of the decoder and of the import; the import relative to the slower of
        the others; the memory of all processes, and what a stack of four times as many images adds to it.

    Raises:
        ConfigError: an unknown storage, or a number that is too small.
    """
    require_at_least(count=(count, _SHORT), repeats=(repeats, 1))
    for storage in storages:
        if storage not in STORAGES:
            raise unknown("storage", storage, STORAGES)
    found: list[Measurement] = []
    with counted_steps(reporter, "importing stacks", len(storages) * (repeats + 2)) as advance:
        for storage in storages:
            found += _measured(storage, count, repeats, advance)
    return found


def _measured(storage: str, count: int, repeats: int, advance: Callable[[], None]) -> list[Measurement]:
    with tempfile.TemporaryDirectory(prefix="airybench-bench-") as name:
        folder = Path(name)
        _import(write_stack(folder / "short.h5", count // _SHORT, storage), folder)
        before = _all_memory()
        (folder / "short.h5").unlink()
        advance()
        path = write_stack(folder / "long.h5", count, storage)
        size = path.stat().st_size / 1e6
        advance()
        times = []
        for _ in range(repeats):
            forget_cached(path)
            disk = elapsed(lambda: read_bytes(path)).wall
            decoder = elapsed(lambda: list(WORKERS.stream(decode, stretches(path, count), str(path)))).wall
            forget_cached(path)
            times.append((disk, decoder, elapsed(lambda: _import(path, folder)).wall))
            advance()
        after = _all_memory()
    subject = f"stack, {storage}"
    disks, decoders, imports = zip(*times, strict=True)
    return [
        measurement(subject, "file read from the disk", "MB/s", [size / one for one in disks]),
        measurement(subject, "the same", "images/s", [count / one for one in disks]),
        measurement(subject, f"decoded alone, {_processes()} processes", "images/s", [count / one for one in decoders]),
        measurement(subject, "import", "images/s", [count / one for one in imports]),
        measurement(
            subject, "import relative to the slower of the two", "ratio",
            [max(disk, decoder) / whole for disk, decoder, whole in times], goal=GOAL,
        ),
        measurement(subject, f"peak memory, {_processes() + 1} processes", "MB", [after]),
        measurement(subject, f"memory added by {count} images to that of {count // _SHORT}", "MB", [after - before]),
    ]  # fmt: skip


def write_stack(path: Path, count: int, storage: str) -> Path:
    """Write sparse photon counts, each image another one.

    Args:
        path: the file to make.
        count: number of images.
        storage: name of STORAGES.
    """
    bases = _patterns()
    with h5py.File(path, "w") as file:
        data = file.create_dataset(KEY, (count, SIDE, SIDE), np.uint16, chunks=(1, SIDE, SIDE), **STORAGES[storage])
        for number in range(count):
            turned = number // _BASES
            data[number] = np.roll(bases[number % _BASES], (turned % SIDE, turned // SIDE), (0, 1))
    return path


def _patterns() -> NDArray[np.uint16]:
    """Photons of small-angle scattering: hundreds a pixel at the centre, one in ten pixels at the edge."""
    y, x = np.ogrid[:SIDE, :SIDE]
    rate = 0.02 + 400 / (1 + np.hypot(y - SIDE / 2, x - SIDE / 2) / (SIDE / 64)) ** 3
    return np.random.default_rng(0).poisson(rate, (_BASES, SIDE, SIDE)).astype(np.uint16)


def _import(path: Path, folder: Path) -> None:
    options = SourceOptions(keys=StackKeys(images=KEY, photon_energy=9300.0))
    import_data([path], folder / "store.h5", options, force=True)


def _processes() -> int:
    return min(usable_cores(), MOST)


def _all_memory() -> float:
    """Peak memory of this process and of those that read, in MB."""
    return peak_memory() + float(sum(WORKERS.stream(peak_of, range(_processes()), "memory")))
