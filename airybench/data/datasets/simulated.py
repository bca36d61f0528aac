"""Making a simulated store on first use, from shots that exist already where that is possible."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from airybench.data.datasets.simulation import SimulationProcesses, processes_for
from airybench.data.store.content import SLICE
from airybench.data.store.store import Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError, already_exists
from airybench.paths import data_folder, locked
from airybench.provenance import SIMULATED
from airybench.reporter import SILENT, Reporter

BATCH = 32
"""Shots simulated at a time; an interruption loses the file, never leaves half of it."""


@dataclass(frozen=True)
class Series:
    """Simulated shots of one data set; shot i depends on the series and i only.

    Attributes:
        dataset: `helium` or `cxidb`.
        seed: not negative.
        balance: every class is drawn with at least this probability; 0 keeps the natural frequencies.
    """

    dataset: str
    seed: int
    balance: float = 0.0

    @property
    def ending(self) -> str:
        """End of the names of its files."""
        from airybench.physics.simulate import SIMULATOR_VERSION  # imports torch

        return f"-s{self.seed}-v{SIMULATOR_VERSION}" + (f"-b{self.balance:g}" if self.balance else "") + ".h5"


def simulated_name(dataset: str, count: int, seed: int, balance: float = 0.0) -> str:
    """The file name of a simulated store, which names everything that its content depends on.

    >>> simulated_name("helium", 1024, 1612)
    'helium-simulated-n1024-s1612-v1.h5'
    """
    return f"{dataset}-simulated-n{count}{Series(dataset, seed, balance).ending}"


def simulated_store(
    dataset: str,
    *,
    count: int,
    seed: int,
    balance: float = 0.0,
    output: str | Path | None = None,
    force: bool = False,
    processes: int | None = None,
    reporter: Reporter = SILENT,
) -> Store:
    """The simulated store of `count` shots, made when it does not exist.

    Shot i depends on data set, seed, balance and i only, so that shots of another count are copied, not simulated
    again. Simulation runs on the CPU, so that every machine gets the same bytes, whatever the number of processes.

    Args:
        dataset: `helium` or `cxidb`.
        count: number of shots.
        seed: of the series of shots.
        balance: every class is drawn with at least this probability; 0 keeps the natural frequencies.
        output: the file to make; by default in the data folder, under its full name.
        force: replace an existing `output`.
        processes: how many simulate; by default as many as the cores that this process may use, if there is enough
            to do for them.
        reporter: receives notices and progress.

    Raises:
        ConfigError: count, seed, balance or processes is out of range.
        DataError: `output` exists, or the store cannot be made.
    """
    from airybench.physics.simulate import class_names  # imports torch

    class_names(dataset)  # an unknown data set is refused before a file is begun
    if count < 1 or seed < 0:
        raise ConfigError(f"count {count}, seed {seed}: at least 1 shot and a seed of at least 0 are needed")
    processes_for(count, processes)
    series = Series(dataset, seed, balance)
    path = data_folder() / simulated_name(dataset, count, seed, balance) if output is None else Path(output).absolute()
    with locked(path):
        if path.exists() and output is not None and not force:
            raise already_exists(path)
        store = _sound(path, reporter) if output is None else None
        return store or _simulate(series, count, path, processes, reporter)


def _sound(path: Path, reporter: Reporter) -> Store | None:
    """The store that exists already, unless it is damaged."""
    if not path.exists():
        return None
    try:
        return Store.open(path)
    except DataError as error:
        reporter.notify(f"{error} - making it again")
        return None


def _simulate(series: Series, count: int, path: Path, processes: int | None, reporter: Reporter) -> Store:
    """Write a store of the first `count` shots of a series."""
    from airybench.physics import simulate as simulator  # imports torch

    donor = _donor(series, count, reporter)
    reused = f", reusing {donor.path.name}" if donor else ""
    reporter.notify(f"simulating {count} {series.dataset} shots into {path}{reused}")
    header = StoreHeader(
        name=series.dataset,
        class_names=simulator.class_names(series.dataset),
        label_kind=simulator.label_kind(series.dataset),
        source=SIMULATED,
        counts_rule="simulated detector counts, clipped to 0..65535",
        seed=series.seed,
    )
    size = simulator.IMAGE_SIZE
    with (
        reporter.progress(f"simulating {series.dataset}") as progress,
        StoreWriter(path, header, image_shape=(size, size), expected=count) as writer,
    ):
        done = _copy(donor, writer, count) if donor else 0
        progress(done, count)
        simulate = partial(simulator.simulate, series.dataset, seed=series.seed, balance=series.balance)
        batches = [range(start, min(start + BATCH, count)) for start in range(done, count, BATCH)]
        with SimulationProcesses(processes_for(count - done, processes)) as pool:
            for indices, shots in zip(batches, pool.simulate(simulate, batches), strict=True):
                writer.append(
                    shots.images,
                    ids=indices,
                    photon_energy=shots.photon_energy,
                    labels=shots.labels,
                    truth=shots.truth,
                )
                progress(indices.stop, count)
    return Store.open(path)


def _copy(donor: Store, writer: StoreWriter, count: int) -> int:
    """Append the first shots of another store of the same series; returns how many."""
    count = min(count, donor.count)
    ids, energy, labels, truth = donor.ids(), donor.photon_energy(), donor.labels(), donor.columns("truth")
    for start in range(0, count, SLICE):
        rows = slice(start, min(start + SLICE, count))
        writer.append(
            donor.read_images(np.arange(rows.start, rows.stop)),
            ids=ids[rows],
            photon_energy=energy[rows],
            labels=labels[rows],
            truth={key: values[rows] for key, values in truth.items()},
        )
    return count


def _donor(series: Series, count: int, reporter: Reporter) -> Store | None:
    """The sound store of the same series that leaves the fewest shots to simulate, and then to copy."""
    for path in _candidates(series, count):
        try:
            store = Store.open(path)
            store.verify()  # copied shots get a new hash: damage must not be passed on under it
        except DataError as error:
            reporter.notify(f"not reused: {error}")
            continue
        simulated = store.simulated and store.seed == series.seed
        if simulated and np.array_equal(store.ids(), np.arange(store.count)):
            return store
    return None


def _candidates(series: Series, count: int) -> list[Path]:
    """Files of a series: those with at least `count` shots, the smallest first, then the others, the largest first."""
    pattern = re.compile(re.escape(f"{series.dataset}-simulated-n") + r"(\d+)" + re.escape(series.ending))
    counts = {path: int(match[1]) for path in data_folder().iterdir() if (match := pattern.fullmatch(path.name))}
    return sorted(counts, key=lambda path: (0, counts[path]) if counts[path] >= count else (1, -counts[path]))
