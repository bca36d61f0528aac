"""Making a simulated store on first use, from shots that exist already where that is possible."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from airybench.data.store.store import SLICE, Store
from airybench.data.store.writer import StoreHeader, StoreWriter
from airybench.errors import ConfigError, DataError, already_exists
from airybench.paths import data_folder, locked
from airybench.reporter import SILENT, Progress, Reporter

BATCH = 32
"""Shots simulated at a time; an interruption loses the file, never leaves half of it."""


def simulated_name(dataset: str, count: int, seed: int, balance: float = 0.0) -> str:
    """The file name, which says all that the content depends on.

    >>> simulated_name("helium", 1024, 1612)
    'helium-simulated-n1024-s1612-v1.h5'
    """
    return f"{dataset}-simulated-n{count}{_series(seed, balance)}.h5"


def simulated_store(
    dataset: str,
    *,
    count: int,
    seed: int,
    balance: float = 0.0,
    output: str | Path | None = None,
    force: bool = False,
    reporter: Reporter = SILENT,
    title: str = "",
) -> Store:
    """The simulated store of `count` shots, made when it is not there.

    Shot i depends on seed, balance and i only, so shots of a store of another count are copied, not simulated again.
    Simulated on the CPU, so that every machine gets the same bytes.

    Args:
        dataset: `helium` or `cxidb`.
        count: number of shots.
        seed: which series of shots.
        balance: every class is drawn with at least this probability; 0 keeps the natural frequencies.
        output: the file to make; in the data folder, under its full name, when left out.
        force: replace an existing `output`.
        reporter: receives notices and progress.
        title: of the progress bar; `simulating DATASET` when left out.

    Raises:
        ConfigError: count, seed or balance is out of range.
        DataError: `output` exists, or the store cannot be made.
    """
    from airybench.physics.simulate import class_names  # imports torch

    class_names(dataset)  # an unknown data set ends here, before a file is begun
    if count < 1 or seed < 0:
        raise ConfigError(f"count {count}, seed {seed}: at least 1 shot and a seed of at least 0 are needed")
    name = simulated_name(dataset, count, seed, balance)
    path = data_folder() / name if output is None else Path(output).absolute()
    with locked(path):
        if path.exists() and output is not None and not force:
            raise already_exists(path)
        if path.exists() and output is None:
            try:
                return Store.open(path)
            except DataError as error:
                reporter.notify(f"{error} - making it again")
        donor = _donor(dataset, count, seed, balance, reporter)
        reporter.notify(
            f"simulating {count} {dataset} shots into {path}" + (f", reusing {donor.path.name}" if donor else "")
        )
        with reporter.progress(title or f"simulating {dataset}") as progress:
            _make(path, dataset, count, seed, balance, donor, progress)
        return Store.open(path)


def _make(
    path: Path, dataset: str, count: int, seed: int, balance: float, donor: Store | None, progress: Progress
) -> None:
    from airybench.physics import simulate as simulator  # imports torch

    size = simulator.IMAGE_SIZE
    header = StoreHeader(
        name=dataset,
        class_names=simulator.class_names(dataset),
        label_kind=simulator.label_kind(dataset),
        source="simulated",
        counts_rule="simulated detector counts, clipped to 0..65535",
        seed=seed,
    )
    with StoreWriter(path, header, image_shape=(size, size), expected=count) as writer:
        done = _copy(donor, writer, count) if donor else 0
        progress(done, count)
        for indices in _batches(done, count):
            shots = simulator.simulate(dataset, indices, seed, balance=balance)
            writer.append(
                shots.images,
                ids=indices,
                photon_energy=shots.photon_energy,
                labels=shots.labels,
                truth=shots.truth,
            )
            progress(indices.stop, count)


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


def _batches(start: int, stop: int) -> Iterator[range]:
    for at in range(start, stop, BATCH):
        yield range(at, min(at + BATCH, stop))


def _series(seed: int, balance: float) -> str:
    from airybench.physics.simulate import SIMULATOR_VERSION

    return f"-s{seed}-v{SIMULATOR_VERSION}" + (f"-b{balance:g}" if balance else "")


def _donor(dataset: str, count: int, seed: int, balance: float, reporter: Reporter) -> Store | None:
    """The sound store of the same series that leaves least to simulate and to copy."""
    pattern = re.compile(re.escape(f"{dataset}-simulated-n") + r"(\d+)" + re.escape(f"{_series(seed, balance)}.h5"))
    found = [(int(match[1]), path) for path in data_folder().iterdir() if (match := pattern.fullmatch(path.name))]
    larger = sorted(item for item in found if item[0] >= count)
    smaller = sorted((item for item in found if item[0] < count), reverse=True)
    for _, path in larger + smaller:
        try:
            store = Store.open(path)
            # Copied shots get a new hash: damage must not be passed on under it.
            store.verify()
        except DataError as error:
            reporter.notify(f"not reused: {error}")
            continue
        if store.source == "simulated" and store.seed == seed and np.array_equal(store.ids(), np.arange(store.count)):
            return store
    return None
