"""Links: followed within a folder, with the names of all files on the way, and refused when they lead nowhere."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.data.hdf5.links import resolve
from airybench.errors import DataError


def linked(path: Path, edit: Callable[[h5py.File], None]) -> Path:
    with h5py.File(path, "w") as file:
        edit(file)
    return path


def test_links_through_two_files_are_followed(tmp_path: Path) -> None:
    linked(tmp_path / "c.h5", lambda f: f.__setitem__("deep/data", np.arange(3)))
    linked(tmp_path / "b.h5", lambda f: (f.__setitem__("far", h5py.ExternalLink("c.h5", "/deep")),
                                         f.__setitem__("near", h5py.SoftLink("/far"))))  # fmt: skip
    path = linked(tmp_path / "a.h5", lambda f: f.__setitem__("run", h5py.ExternalLink("b.h5", "/near")))
    with h5py.File(path) as file:
        values, files = resolve(path, file, "run/data")
        assert values[()].tolist() == [0, 1, 2]
    assert files == {"b.h5", "c.h5"}


def test_soft_links_may_be_relative(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        file["run/real"] = np.arange(2)
        file["run/data"] = h5py.SoftLink("real")

    path = linked(tmp_path / "a.h5", edit)
    with h5py.File(path) as file:
        values, files = resolve(path, file, "run/data")
        assert (values[()].tolist(), files) == ([0, 1], set())


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda f: None, "/run/data is missing; expected by the keys given; give the key of a data set"),
        (lambda f: f.__setitem__("run", h5py.SoftLink("/gone")), "/run/data links to a file or key that is not there"),
        (
            lambda f: f.__setitem__("run", h5py.ExternalLink("gone.h5", "/x")),
            "links to a file or key that is not there",
        ),
        (lambda f: f.__setitem__("run", h5py.SoftLink("/run")), "links to itself; link it to a data set"),
        (lambda f: f.create_group("run/data"), "/run/data is a group, a data set is expected by the keys given"),
    ],
)
def test_links_that_lead_nowhere_are_refused(tmp_path: Path, edit: Callable[[h5py.File], None], message: str) -> None:
    path = linked(tmp_path / "a.h5", edit)
    with h5py.File(path) as file, pytest.raises(DataError, match=message) as caught:
        resolve(path, file, "run/data")
    assert "\n" not in str(caught.value)
