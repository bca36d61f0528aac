"""Making a simulated store on first use, from shots that exist already where that is possible."""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from airybench.data.datasets.simulation import SimulationProcesses, processes_for
from airybench.data.store.content import SLICE
from airybench.data.store.store import FIELDS_NOTE, SIMULATOR_NOTE, Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError
from airybench.paths import data_folder, locked, require_new
from airybench.provenance import SIMULATED, SIMULATOR_VERSION
from airybench.reporter import SILENT, Reporter

CPU = "cpu"
"""The device on which simulation gives the same bytes on every machine."""

BATCH = 32
"""Shots simulated at a time; an interruption loses the file, never leaves half of it."""


@dataclass(frozen=True)
class Series:
    """Simulated shots of one data set; shot i depends on the series and i only.

    Attributes:
        dataset: `helium` or `cxidb`.
        seed: not negative.
        balance: every class is drawn with at least this probability; 0 keeps the natural frequencies.
        hit_rate: share of shots that are neither Empty nor Background; None keeps the natural one.
        version: of the simulator.
        device: `cpu`, or a GPU on which fields are computed: their last bits differ there, and with them some counts.
    """

    dataset: str
    seed: int
    balance: float = 0.0
    hit_rate: float | None = None
    version: int = SIMULATOR_VERSION
    device: str = CPU

    @property
    def ending(self) -> str:
        """End of the names of its files."""
        balance = f"-b{self.balance:g}" if self.balance else ""
        hits = "" if self.hit_rate is None else f"-h{self.hit_rate:g}"
        place = "" if self.device == CPU else "-gpu"
        return f"-s{self.seed}-v{self.version}{balance}{hits}{place}.h5"

    def name(self, count: int) -> str:
        """The file name of its first `count` shots, which names everything that their content depends on.

        >>> Series("helium", 1612, version=1).name(1024)
        'helium-simulated-n1024-s1612-v1.h5'
        """
        return f"{self.dataset}-simulated-n{count}{self.ending}"


def simulated_store(
    series: Series,
    count: int,
    *,
    output: str | Path | None = None,
    force: bool = False,
    processes: int | None = None,
    reporter: Reporter = SILENT,
) -> Store:
    """The store of the first `count` shots of a series, made when it does not exist.

    Shot i depends on the series and i only, so that shots of another count are copied, not simulated again. On the
    CPU every machine gets the same bytes, whatever the number of processes.

    Args:
        series: data set, seed, version of the simulator, and how often what is drawn.
        count: number of shots.
        output: the file to make; by default in the data folder, under its full name.
        force: replace an existing `output`.
        processes: how many simulate; by default as many as the cores that this process may use, if there is enough
            to do for them.
        reporter: receives notices and progress.

    Raises:
        ConfigError: count, seed, version, balance, hit rate or processes is out of range.
        DataError: `output` exists, or the store cannot be made.
    """
    from airybench.physics.simulate import check_series  # imports torch

    check_series(series.dataset, series.version, series.balance, series.hit_rate)  # before a file is begun
    if count < 1 or series.seed < 0:
        raise ConfigError(f"count {count}, seed {series.seed}: at least 1 shot and a seed of at least 0 are needed")
    processes_for(count, processes)
    path = data_folder() / series.name(count) if output is None else Path(output).absolute()
    with locked(path):
        require_new(path, force=force or output is None)
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
        writer.note(SIMULATOR_NOTE, series.version)
        if series.device != CPU:
            writer.note(FIELDS_NOTE, "GPU")
        done = _copy(donor, writer, count) if donor else 0
        progress(done, count)
        simulate = partial(
            simulator.simulate,
            series.dataset,
            seed=series.seed,
            version=series.version,
            balance=series.balance,
            hit_rate=series.hit_rate,
            device=series.device,
        )
        batches = [range(start, min(start + BATCH, count)) for start in range(done, count, BATCH)]
        with SimulationProcesses(processes_for(count - done, processes)) as pool:
            for indices, shots in zip(batches, pool.simulate(simulate, batches), strict=True):
                writer.append(
                    shots.images,
                    ids=indices,
                    photon_energy=shots.photon_energy,
                    labels=shots.labels,
                    groups=shots.groups,
                    truth=shots.truth,
                )
                progress(indices.stop, count)
    return Store.open(path)


def _copy(donor: Store, writer: StoreWriter, count: int) -> int:
    """Append the first shots of another store of the same series; returns how many."""
    count = min(count, donor.count)
    ids, energy, labels, truth = donor.ids(), donor.photon_energy(), donor.labels(), donor.columns("truth")
    groups = donor.groups()
    for start in range(0, count, SLICE):
        rows = slice(start, min(start + SLICE, count))
        writer.append(
            donor.read_images(np.arange(rows.start, rows.stop)),
            ids=ids[rows],
            photon_energy=energy[rows],
            labels=labels[rows],
            groups=groups[rows],
            truth={key: values[rows] for key, values in truth.items()},
        )
    return count


def _donor(series: Series, count: int, reporter: Reporter) -> Store | None:
    """The sound store of the same series that leaves the fewest shots to simulate, and then to copy."""
    for path in _candidates(series, count):
        try:
            store = Store.open(path)
            store.verify()  # copied shots get a new hash: damage must not be passed on under it
            ours = store.simulator == series.version and store.seed == series.seed
        except DataError as error:
            reporter.notify(f"not reused: {error}")
            continue
        if ours and np.array_equal(store.ids(), np.arange(store.count)):
            return store
    return None


def _candidates(series: Series, count: int) -> list[Path]:
    """Files of a series: those with at least `count` shots, the smallest first, then the others, the largest first."""
    pattern = re.compile(re.escape(f"{series.dataset}-simulated-n") + r"(\d+)" + re.escape(series.ending))
    found: list[Path] = []
    with suppress(DataError):  # an output elsewhere needs no data folder
        found = list(data_folder().iterdir())
    counts = {path: int(match[1]) for path in found if (match := pattern.fullmatch(path.name))}
    return sorted(counts, key=lambda path: (0, counts[path]) if counts[path] >= count else (1, -counts[path]))
