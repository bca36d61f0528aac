"""One rule for links, views and raw storage: what is read lies beside the file or below, by a relative name."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest

from airybench.data.hdf5.links import resolve
from airybench.data.hdf5.opening import open_hdf5
from airybench.errors import DataError

VALUES = np.arange(6, dtype=np.uint16)


def link(file: h5py.File, name: str) -> None:
    file["data"] = h5py.ExternalLink(name, "/x")


def view(file: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout((6,), "u2")
    layout[:] = h5py.VirtualSource(name, "x", (6,))
    file.create_virtual_dataset("data", layout)


def raw(file: h5py.File, name: str) -> None:
    file.create_dataset("data", (6,), "u2", external=[(name, 0, 12)])


WAYS = pytest.mark.parametrize("way", [link, view, raw])


def source(path: Path, way: Callable[..., None], values: np.ndarray = VALUES) -> Path:
    path.parent.mkdir(exist_ok=True)
    if way is raw:
        values.tofile(path)
    else:
        with h5py.File(path, "w") as file:
            file["x"] = values
    return path


def read(path: Path) -> tuple[list[int], set[str]]:
    with open_hdf5(path) as file:
        values, files = resolve(path, file, "data")
        return values[()].tolist(), files


def made(path: Path, way: Callable[..., None], name: str) -> Path:
    with h5py.File(path, "w") as file:
        way(file, name)
    return path


@WAYS
@pytest.mark.parametrize("name", ["s.bin", "sub/s.bin"])
def test_beside_and_below_is_read_from_wherever_the_program_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[..., None], name: str
) -> None:
    (tmp_path / "here" / "sub").mkdir(parents=True)
    (tmp_path / "deep" / "sub").mkdir(parents=True)
    source(tmp_path / "deep" / name, way)
    source(tmp_path / "here" / name, way, VALUES + 100)
    monkeypatch.chdir(tmp_path / "here")
    assert read(made(tmp_path / "deep" / "a.h5", way, name))[0] == VALUES.tolist()


@WAYS
@pytest.mark.parametrize("name", ["../out.bin", "sub/../../out.bin", "{}/out.bin", "{}/in/beside.bin", "leads-out.bin"])
def test_what_leads_out_is_refused(tmp_path: Path, way: Callable[..., None], name: str) -> None:
    source(tmp_path / "out.bin", way)
    source(tmp_path / "in" / "beside.bin", way)
    (tmp_path / "in" / "leads-out.bin").symlink_to(tmp_path / "out.bin")
    path = made(tmp_path / "in" / "a.h5", way, name.format(tmp_path))
    with pytest.raises(DataError, match=r"a\.h5: /data leads to .*, outside the folder of this file"):
        read(path)


@WAYS
def test_what_stands_in_the_current_folder_only_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[..., None]
) -> None:
    source(tmp_path / "here" / "s.bin", way)
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(DataError, match=r"missing|not there"):
        read(made(tmp_path / "deep" / "a.h5", way, "s.bin"))


@WAYS
def test_the_folder_of_a_linked_file_counts_as_well(tmp_path: Path, way: Callable[..., None]) -> None:
    source(tmp_path / "real" / "s.bin", way)
    made(tmp_path / "real" / "a.h5", way, "s.bin")
    (tmp_path / "a.h5").symlink_to(tmp_path / "real" / "a.h5")
    if way is raw:
        with pytest.raises(DataError):
            read(tmp_path / "a.h5")
    else:
        assert read(tmp_path / "a.h5")[0] == VALUES.tolist()


def test_sources_at_another_site_are_found_beside_or_named_with_the_remedy(tmp_path: Path) -> None:
    path = made(tmp_path / "run7.cxi", view, "/gpfs/exfel/run7/CORR-S00000.h5")
    with pytest.raises(DataError, match=r"a view of /gpfs/.*, which is missing; copy it beside it, or import the fold"):
        read(path)
    source(tmp_path / "CORR-S00000.h5", view)
    assert read(path) == (VALUES.tolist(), {"CORR-S00000.h5"})


@pytest.fixture
def as_a_person() -> Iterator[None]:
    """Rights that end at permissions: those of nobody where the tests run as root, who may read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; the one of `tmp_path` is its owner's alone."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_source_without_permission_is_not_missing_as_a_person(
    open_folder: Path, request: pytest.FixtureRequest
) -> None:
    source(open_folder / "s.h5", view).chmod(0)
    made(open_folder / "a.h5", view, "s.h5")
    request.getfixturevalue("as_a_person")
    with pytest.raises(DataError, match=r"s\.h5, which may not be read by you \(no permission\)"):
        read(open_folder / "a.h5")


def test_a_source_without_permission_is_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "a.h5", view, "s.h5")
    source(tmp_path / "s.h5", view)
    opened = Path.open

    def refused(self: Path, *args: object, **more: object) -> object:
        if self.name == "s.h5":
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DataError, match=r"s\.h5, which may not be read by you \(no permission\)"):
        read(path)


def test_a_source_of_nothing_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["x"] = h5py.Empty("u2")
    with pytest.raises(DataError, match=r"a view of s\.h5, which has nothing in data set /x; get a whole copy"):
        read(made(tmp_path / "a.h5", view, "s.h5"))


def test_a_source_without_the_data_set_is_not_missing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["other"] = VALUES
    with pytest.raises(DataError, match=r"a view of s\.h5, which has no data set /x; get a whole copy"):
        read(made(tmp_path / "a.h5", view, "s.h5"))


@pytest.mark.parametrize("names", [(".",), ("a.h5",), ("b.h5", "a.h5")])
def test_a_view_of_itself_is_refused_by_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    for own, other in zip(("a.h5", *names), names, strict=False):
        with h5py.File(tmp_path / own, "w") as file:
            layout = h5py.VirtualLayout((6,), "u2")
            layout[:] = h5py.VirtualSource(other, "data", (6,))
            file.create_virtual_dataset("data", layout)
    with pytest.raises(DataError, match=r"/data is a view that reads itself"):
        read(tmp_path / "a.h5")


@WAYS
def test_folders_of_the_environment_are_never_looked_into(tmp_path: Path, way: Callable[..., None]) -> None:
    """HDF5 takes them before the folder of the file; what it was loaded with before cannot be taken back."""
    for folder, values in ((tmp_path, VALUES), (tmp_path / "other", VALUES + 7)):
        source(folder / "s.bin", way, values)
    path = made(tmp_path / "a.h5", way, "s.bin")
    reads = (
        "from pathlib import Path; import h5py; from airybench.data.hdf5.links import resolve; "
        f"path = Path({str(path)!r}); print(resolve(path, h5py.File(path), 'data')[0][()].tolist())"
    )
    names = ("HDF5_EXT_PREFIX", "HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX")
    environment = {**os.environ, **dict.fromkeys(names, str(tmp_path / "other"))}
    for first, expected in (("import airybench; ", "[0, 1, 2, 3, 4, 5]"), ("import h5py; ", "unset HDF5_")):
        done = subprocess.run([sys.executable, "-c", first + reads], capture_output=True, text=True, env=environment)
        assert expected in done.stdout + done.stderr, done
