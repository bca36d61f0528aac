"""Data sets by name or path: the known ones, and the files that hold others."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from airybench.data.datasets.simulated import simulated_store
from airybench.data.formats.dispatch import import_data, open_source
from airybench.data.split.scorable import require_classes
from airybench.data.store.store import Store
from airybench.errors import DataError, unknown
from airybench.paths import data_folder, locked, slug
from airybench.physics.populations import CXIDB_CLASSES, HELIUM_CLASSES
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

FILES = ("a store (FILE.h5)", "a deposit (FILE.cxi)")


def open_dataset(
    name: str,
    *,
    count: int,
    seed: int,
    balance: float = 0.0,
    reporter: Reporter = SILENT,
) -> Store:
    """Open a data set, making its store on first use.

    A known name stands for the store imported under that name, or else for a simulated stand-in. A deposit is imported
    once into the data folder.

    Args:
        name: `helium`, `cxidb`, a store (`.h5`) or a deposit (`.cxi`).
        count: number of shots of the stand-in.
        seed: seed of the stand-in.
        balance: least probability of each class in the stand-in; 0 keeps the natural frequencies.
        reporter: receives notices, and progress while something is made.

    Raises:
        ConfigError: neither a known name nor one of these kinds of file.
        DataError: the file is missing or damaged, or the store cannot be made.
    """
    if name in CATALOG:
        imported = data_folder() / f"{name}.h5"
        if imported.exists():
            return Store.open(imported)
        store = simulated_store(
            name, count=count, seed=seed, balance=balance, reporter=reporter, title=f"making {name}"
        )
        reporter.notify(
            f"{name}: {store.count} simulated shots stand in for the experiment; `airybench data import` imports it"
        )
        return store
    path = Path(name).expanduser()
    if path.suffix == ".h5":
        return Store.open(path)
    if path.suffix == ".cxi":
        return _imported_once(path, reporter)
    raise unknown("data set", name, (*CATALOG, *FILES))


def display_name(name: str) -> str:
    """What runs and studies call a data set: its name, or the stem of its file. The file is not opened.

    Args:
        name: `helium`, `cxidb`, or the path of a store or deposit.

    Raises:
        ConfigError: neither a known name nor one of these kinds of file.
        DataError: no such file.

    >>> display_name("helium")
    'helium'
    """
    if name in CATALOG:
        return name
    path = Path(name).expanduser()
    if path.suffix not in (".h5", ".cxi"):
        raise unknown("data set", name, (*CATALOG, *FILES))
    if not path.is_file():
        raise DataError(f"{path}: no such file", "give helium, cxidb, a store (.h5) or a deposit (.cxi)")
    return slug(path.stem)


def dataset_size(name: str, count: int) -> tuple[int, int]:
    """Numbers of shots and classes of a data set, which a dry run needs; nothing is made or imported.

    Args:
        name: `helium`, `cxidb`, or the path of a store or deposit.
        count: number of shots that a simulated stand-in would have.

    Raises:
        ConfigError: neither a known name nor one of these kinds of file.
        DataError: the file is missing, damaged, breaks its layout, or has the same labels for all shots.
    """
    display_name(name)
    path = data_folder() / f"{name}.h5" if name in CATALOG else Path(name).expanduser()
    if path.suffix == ".h5" and path.exists():
        store = Store.open(path)
        if store.labelled:
            require_classes(path, store.labels(), store.class_names)
        return store.count, len(store.class_names)
    if path.suffix == ".cxi":
        source = open_source([path])
        if source.labels is not None:
            require_classes(path, source.labels, source.class_names)
        return source.count, len(source.class_names)
    return count, len(CATALOG[name].class_names)


def _imported_once(source: Path, reporter: Reporter) -> Store:
    """The store of a deposit, which is imported again only when the file has changed."""
    try:
        stat = source.resolve(strict=True).stat()
    except OSError as error:
        raise DataError(f"{source}: no such file") from error
    key = hashlib.sha256(f"{source.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    path = data_folder() / f"{source.stem}-imported-{key}.h5"
    with locked(path):
        if path.exists():
            return Store.open(path)
        reporter.notify(f"importing {source} once, into {path}")
        return import_data([source], path, reporter=reporter, title=f"making {display_name(str(source))}")
