"""What is known of a data set before a sweep, when nothing may be made or imported: its size, labels and runs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airybench.config import DataConfig
from airybench.data.datasets.catalog import CATALOG, display_name
from airybench.data.datasets.imported import open_file
from airybench.data.split.scorable import require_classes
from airybench.errors import DataError
from airybench.paths import data_folder
from airybench.physics.populations import HELIUM_CLASSES, cxidb_weights, helium_label_sets, helium_weights
from airybench.physics.runs import run_of
from airybench.provenance import SIMULATOR_VERSION


@dataclass(frozen=True)
class Outline:
    """A data set in numbers.

    Attributes:
        shots: how many it has or would have.
        class_names: C names; empty where it is unlabelled.
        positives: shots of each class, for simulated ones that do not exist yet as many as are expected; shape (C,).
        runs: groups of shots, such as runs or files; 1 where none are known.
    """

    shots: int
    class_names: tuple[str, ...]
    positives: NDArray[np.float64]
    runs: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Numbers of shots and of classes."""
        return self.shots, len(self.class_names)

    def groups_apart(self) -> int:
        """How many folds it takes to leave out one run or file after the other.

        Raises:
            DataError: there are fewer than three.
        """
        if self.runs < 3:
            found = f"{self.runs} group{'s' if self.runs > 1 else ''}"
            raise DataError(
                f"the data have {found}, at least 3 are needed to leave out one after the other",
                "take more shots, import the runs with --groups KEY, or use --folds NUMBER",
            )
        return self.runs


def outline(name: str, data: DataConfig) -> Outline:
    """Outline a data set; nothing is made or imported.

    Args:
        name: `helium`, `cxidb`, or the path of a store, file or folder.
        data: count, seed and version that a simulated stand-in would have.

    Raises:
        ConfigError: no known name.
        DataError: the file is missing, damaged, breaks its layout, or has the same labels for all shots.

    >>> outline("cxidb", DataConfig(count=1000)).positives
    array([200., 200., 200., 200., 200.])
    """
    display_name(name)
    path = data_folder() / f"{name}.h5" if name in CATALOG else Path(name).expanduser()
    if name in CATALOG and not path.exists():
        newest = (data.simulator or SIMULATOR_VERSION) > 1
        runs = run_of(data.data_seed, data.count - 1) + 1 if newest else 1
        return Outline(data.count, CATALOG[name].class_names, data.count * class_shares(name), runs)
    found = open_file(path)
    runs = 1 if found.groups is None else len(np.unique(found.groups))
    if found.labels is None:
        return Outline(found.count, found.class_names, np.zeros(len(found.class_names)), runs)
    require_classes(path, found.labels, found.class_names)
    return Outline(found.count, found.class_names, found.labels.sum(axis=0, dtype=np.float64), runs)


def class_shares(name: str) -> NDArray[np.float64]:
    """Probability of each class of a known data set, shape (C,).

    >>> bool(class_shares("helium")[0] > 0.9)
    True
    """
    if name != "helium":
        return cxidb_weights()
    sets, _ = helium_label_sets()
    members = np.array([[one in labels for labels in sets] for one in HELIUM_CLASSES], np.float64)
    return np.asarray(members @ helium_weights())
