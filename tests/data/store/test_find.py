"""Runs of shots by the hash of their store, in a data folder that holds other files as well."""

from pathlib import Path

import h5py
import numpy as np

from airybench.data.store.find import runs_of_shots
from airybench.data.store.ids import as_ids
from airybench.paths import data_folder
from tests.run_store import GROUPS, run_store


def test_runs_are_those_of_the_store_with_this_content(tmp_path: Path) -> None:
    folder = data_folder()
    with h5py.File(folder / "another.h5", "w") as file:
        file["images"] = np.zeros(3)
    (folder / "broken.h5").write_bytes(b"no HDF5")
    other = run_store(folder / "first.h5", groups=None)
    store = run_store(folder / "runs.h5")
    shots = as_ids([25, 3, 14])
    assert runs_of_shots(store.content_sha256, shots).tolist() == GROUPS[[25, 3, 14]].tolist()
    assert runs_of_shots(other.content_sha256, shots).tolist() == [0, 0, 0]
    assert runs_of_shots(store.content_sha256, as_ids([25, 300])) is None, "a shot that the store does not have"
    assert runs_of_shots("c0ffee", shots) is None
