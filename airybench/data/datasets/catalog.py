"""Data sets by name or path: the known ones, and the files that hold others."""

from dataclasses import dataclass
from pathlib import Path

from airybench.data.datasets.simulated import Series, simulated_store
from airybench.data.store.store import Store
from airybench.errors import DataError, unknown
from airybench.paths import data_folder, slug
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES
from airybench.provenance import SIMULATOR_VERSION
from airybench.reporter import SILENT, Reporter


@dataclass(frozen=True)
class DataSet:
    """A data set known by name.

    Attributes:
        name: what the user types.
        title: one line for people.
        class_names: in the order of the label columns.
        label_kind: `multilabel` or `multiclass`.
        citation: what to cite for the experiment.
        source: where the experimental file can be obtained.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    label_kind: str
    citation: str
    source: str


CATALOG = {
    "helium": DataSet(
        name="helium",
        title="Wide-angle diffraction of single helium nanodroplets, eleven labels that may occur together",
        class_names=HELIUM_CLASSES,
        label_kind="multilabel",
        citation="Zimmermann et al., Phys. Rev. E 99, 063309 (2019)",
        source="CXIDB id 94, helium_nanodroplets_with_labels_zimmermann.cxi",
    ),
    "cxidb": DataSet(
        name="cxidb",
        title="Small-angle X-ray diffraction of single particles, one of five classes each",
        class_names=CXIDB_CLASSES,
        label_kind="multiclass",
        citation="Kassemeyer et al., Opt. Express 20, 4149 (2012), for the samples of the simulated stand-in",
        source="a deposit in the layout of CXIDB id 94 with five one-hot labels",
    ),
}
"""The data sets that have a name; a simulated store has the same classes as the experiment."""

FILES = ("a file", "a folder")


def open_dataset(
    name: str,
    *,
    count: int,
    seed: int,
    simulator: int = SIMULATOR_VERSION,
    balance: float = 0.0,
    reporter: Reporter = SILENT,
) -> Store:
    """Open a data set, making its store on first use.

    A known name stands for the store imported under that name, or else for a simulated stand-in. Any other
    file or folder that `airybench data import` reads is imported once into the data folder.

    Args:
        name: `helium`, `cxidb`, or the path of a store, file or folder.
        count: number of shots of the stand-in.
        seed: seed of the stand-in.
        simulator: version of the simulator of the stand-in.
        balance: least probability of each class in the stand-in; 0 keeps the natural frequencies.
        reporter: receives notices, and progress while something is made.

    Raises:
        ConfigError: no known name.
        DataError: the file is missing, damaged, of no known kind or does not say all, or the store cannot be made.
    """
    if name in CATALOG:
        imported = data_folder() / f"{name}.h5"
        if imported.exists():
            return Store.open(imported)
        store = simulated_store(Series(name, seed, balance, version=simulator), count, reporter=reporter)
        reporter.notify(
            f"{name}: {store.count} simulated shots (version {simulator} of the simulator) stand in for the "
            "experiment; `airybench data import` imports it"
        )
        return store
    from airybench.data.datasets.imported import imported_once  # every format with its readers: a name needs none

    title = f"making {display_name(name)}"
    return imported_once(Path(name).expanduser(), reporter, title)


def display_name(name: str) -> str:
    """What runs and studies call a data set: its name, or the stem of its file. The file is not opened.

    A file that is called like a known data set, but is not the one imported under that name, is marked as a file: its
    name alone would stand for other shots.

    Args:
        name: `helium`, `cxidb`, or the path of a store, file or folder.

    Raises:
        ConfigError: no known name.
        DataError: no such file.

    >>> display_name("helium")
    'helium'
    """
    if name in CATALOG:
        return name
    path = Path(name).expanduser()
    if path.is_dir() or path.is_file():
        found = slug(path.resolve().name if path.is_dir() else path.stem)
        known = found in CATALOG and path.resolve() != (data_folder() / f"{found}.h5").resolve()
        return f"{found}-file" if known else found
    if path.suffix or len(path.parts) > 1:
        raise DataError(f"{path}: no such file", "give helium, cxidb, a store, or a file or folder to import")
    raise unknown("data set", name, (*CATALOG, *FILES))
