"""Data sets in a notebook: shots, labels and a plate of patterns, by name or from a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from airybench.api.arguments import row_numbers, whole
from airybench.api.display import showable
from airybench.api.read_options import ReadOptions, source_options
from airybench.api.reporting import default_reporter
from airybench.config import SEED, Value
from airybench.data.datasets.catalog import CATALOG, open_dataset
from airybench.data.datasets.noise_free import noise_free_patterns
from airybench.data.formats.dispatch import import_data as import_files
from airybench.data.formats.dispatch import open_shots as open_file
from airybench.data.reading.shot_source import ShotSource
from airybench.data.store.ids import ShotIds
from airybench.data.store.store import Store
from airybench.errors import ConfigError
from airybench.provenance import SIMULATOR_VERSION
from airybench.reporter import Reporter

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Dataset:
    """Shots with their labels, read from a store on disk when they are asked for.

    Attributes:
        reference: what the command line calls it as well: `helium`, `cxidb`, or the path of a file.
        store: the store that holds its shots.
    """

    reference: str
    store: Store

    def __len__(self) -> int:
        """Number of shots N."""
        return self.store.count

    def __repr__(self) -> str:
        """Name, size and origin in one line."""
        height, width = self.store.image_shape
        made = "simulated, " if self.simulated else ""
        kind = f"{len(self.class_names)} classes, {self.store.label_kind}" if self.class_names else "no labels"
        return f"<Dataset {self.name}: {made}{len(self)} shots of {height} x {width} px, {kind}>"

    @property
    def name(self) -> str:
        """The data set's name, such as `helium`."""
        return self.store.name

    @property
    def path(self) -> Path:
        """The HDF5 file."""
        return self.store.path

    @property
    def simulated(self) -> bool:
        """Whether the shots come from the simulator."""
        return self.store.simulated

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the C classes, in the order of the label columns; empty without labels."""
        return self.store.class_names

    @property
    def ids(self) -> ShotIds:
        """Identifiers of the shots, int64 or text, shape (N,)."""
        return self.store.ids()

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Labels 0 or 1, uint8, shape (N, C)."""
        return self.store.labels()

    @property
    def photon_energy(self) -> NDArray[np.float32]:
        """Photon energy of each shot in eV, float32, shape (N,)."""
        return self.store.photon_energy()

    @property
    def settings(self) -> dict[str, Value]:
        """What a sweep or a training must be told so that it uses these shots."""
        settings: dict[str, Value] = {"count": len(self)}
        if self.simulated:
            settings["simulator"] = self.store.simulator
        return settings if self.store.seed is None else {**settings, "data_seed": self.store.seed}

    def images(self, rows: int | Sequence[int] | NDArray[Any] | slice | None = None) -> NDArray[np.uint16]:
        """Detector counts.

        Args:
            rows: which shots: row numbers, a slice, or a mask of shape (N,); all by default (134 kB each at 259 px).

        Returns:
            uint16, shape (n, H, W).

        Raises:
            DataError: a row that is not there, or no row numbers at all.
        """
        if rows is None:
            return self.store.read_images()
        return self.store.read_images(row_numbers(rows, len(self)))

    def noise_free(self, rows: int | Sequence[int] | NDArray[Any] | slice | None = None) -> NDArray[np.float32]:
        """The noise-free patterns that simulated shots were drawn from, made again from their truth.

        Args:
            rows: as for `images`.

        Returns:
            Intensity on the scale of the field, float32, shape (n, H, W); zero for an empty shot.

        Raises:
            DataError: a row that is not there, or shots whose truth does not say everything: measured ones, and helium
                of version 1 of the simulator.
        """
        chosen = row_numbers(slice(None) if rows is None else rows, len(self))
        patterns = list(noise_free_patterns(self.store, chosen))
        return np.stack(patterns) if patterns else np.empty((0, *self.store.image_shape), np.float32)

    def show(self, count: int = 12, *, seed: int = SEED) -> "Figure":
        """Draw some patterns in logarithmic colours, with the classes they carry.

        Args:
            count: how many, drawn from every class in turn.
            seed: another seed shows other shots.

        Returns:
            A matplotlib figure, which a notebook shows.
        """
        from airybench.figures.shots import pick, shots_figure

        chosen = pick(self.store, whole("count", count, 1), whole("seed", seed, 0))
        return showable(shots_figure(self.store, chosen))


def load_dataset(
    name: str | Path,
    *,
    count: int = 1024,
    seed: int = SEED,
    simulator: int = SIMULATOR_VERSION,
    reporter: Reporter | None = None,
) -> Dataset:
    """Open a data set by its name, or a store or any file or folder that `import_data` reads by its path.

    A name without an imported store stands for a simulated data set, which is made on first use and kept in the data
    folder (`$AIRYBENCH_DATA`). A file that is no store is imported into that folder once, if its layout is
    recognised and nothing has to be asked; others need `import_data` first.

    Args:
        name: `helium`, `cxidb`, or the path of a store, file or folder.
        count: shots of a simulated data set.
        seed: seed of a simulated data set.
        simulator: version of the simulator of a simulated data set.
        reporter: receives notices and progress; bars in a notebook by default.

    Raises:
        ConfigError: neither a known name nor one of the two kinds of file.
        DataError: the file is missing or damaged, or the store cannot be made.

    Example:
        >>> import airybench as ab
        >>> data = ab.load_dataset("helium", count=1024)  # doctest: +SKIP
        >>> data.images(slice(0, 2)).shape  # doctest: +SKIP
        (2, 259, 259)
    """
    # A path is kept whole, so that it holds after the working folder has changed.
    reference = str(name) if str(name) in CATALOG else str(Path(name).expanduser().absolute())
    store = open_dataset(
        reference if Path(name).suffix else str(name),
        count=whole("count", count, 1),
        seed=whole("seed", seed, 0),
        simulator=whole("simulator", simulator, 1),
        reporter=reporter or default_reporter(),
    )
    return Dataset(reference, store)


def open_shots(path: str | Path, *, reporter: Reporter | None = None, **options: Unpack[ReadOptions]) -> ShotSource:
    """Open a file or folder of shots without importing it: a store, or any kind that `import_data` reads.

    Args:
        path: the file or folder.
        reporter: receives notices; shown below the cell in a notebook by default.
        options: how it is to be read, see `airybench.api.read_options.ReadOptions`.

    Returns:
        The source: `.ids`, `.image_shape`, `.class_names`, `.read(start, stop)` for counts, uint16.

    Raises:
        ConfigError: options that this format does not take.
        DataError: the file is missing, damaged, or of no known format.

    Example:
        >>> import airybench as ab
        >>> shots = ab.open_shots("run42.h5", images="patterns")  # doctest: +SKIP
        >>> shots.read(0, 2).shape  # doctest: +SKIP
        (2, 259, 259)
    """
    return open_file(Path(path), source_options(options), reporter or default_reporter())


def import_data(
    paths: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    force: bool = False,
    reporter: Reporter | None = None,
    **options: Unpack[ReadOptions],
) -> Dataset:
    """Import files or folders of a known kind into a store, once.

    Args:
        paths: a file or folder, or several of one kind.
        output: the store to make; NAME.h5 in the data folder by default.
        force: replace an existing store.
        reporter: receives notices and progress; bars in a notebook by default.
        options: how the files are to be read, see `airybench.api.read_options.ReadOptions`.

    Raises:
        ConfigError: options that contradict each other, or that this format does not take.
        DataError: a file breaks the rules of its format, or the store cannot be made.

    Example:
        >>> import airybench as ab
        >>> own = ab.import_data("run42.h5", images="patterns", photon_energy=20.0)  # doctest: +SKIP
        >>> own.name  # doctest: +SKIP
        'run42'
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not files:
        raise ConfigError("no file was given; give a file or folder, or several of one kind")
    store = import_files(files, output, source_options(options), force=force, reporter=reporter or default_reporter())
    return Dataset(str(store.path), store)
