"""Links: followed within a folder, with the names of all files on the way, and refused when they lead nowhere."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.data.formats.dispatch import open_source
from airybench.data.hdf5.links import resolve
from airybench.data.reading.options import SourceOptions, StackKeys
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


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "shape", [(5, 8, 6), (15, 4, 6), (15, 8, 6, 1), (6, 8, 15), (720,), (), (20, 9, 9), (15, 8, 6)]
)
def test_a_view_of_a_part_that_its_source_does_not_have_is_refused(
    tmp_path: Path, shape: tuple[int, ...], whole: bool
) -> None:
    """HDF5 reads other images in its place, or crashes."""
    linked(tmp_path / "s.h5", lambda f: f.__setitem__("d", np.zeros((15, 8, 6), "f4")))
    layout, source = h5py.VirtualLayout((15, 8, 6), "f4"), h5py.VirtualSource("s.h5", "d", (15, 8, 6))
    layout[: 15 if whole else 10] = source if whole else source[:10]
    path = linked(tmp_path / "v.h5", lambda f: f.create_virtual_dataset("d", layout))
    linked(tmp_path / "s.h5", lambda f: f.__setitem__("d", np.arange(np.prod(shape, dtype=int)).reshape(shape)))
    with h5py.File(path) as file:
        # All of a source may have axes of length 1 besides, and a part of it may be larger.
        if shape in ((15, 8, 6), (15, 8, 6, 1) if whole else (20, 9, 9)):
            values, files = resolve(path, file, "d")
            expected = np.arange(np.prod(shape, dtype=int)).reshape(shape if not whole else (15, 8, 6))
            np.testing.assert_array_equal(values[: 15 if whole else 10], expected[: 15 if whole else 10, :8, :6])
            assert files == {"s.h5"}
        else:
            with pytest.raises(DataError, match=r"which has \(.*\) in data set /d, which the view does not fit"):
                resolve(path, file, "d")


def test_a_view_that_grows_with_its_source_is_followed(tmp_path: Path) -> None:
    def grown(count: int) -> Callable[[h5py.File], None]:
        return lambda f: f.create_dataset("d", data=np.ones((count, 8, 6)), maxshape=(None, 8, 6), chunks=(1, 8, 6))

    linked(tmp_path / "s.h5", grown(15))
    layout = h5py.VirtualLayout((15, 8, 6), "f8", maxshape=(None, 8, 6))
    source = h5py.VirtualSource("s.h5", "d", (15, 8, 6), maxshape=(None, 8, 6))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    path = linked(tmp_path / "v.h5", lambda f: f.create_virtual_dataset("d", layout))
    linked(tmp_path / "s.h5", grown(7))
    with h5py.File(path) as file:
        values, _ = resolve(path, file, "d")
        assert values.shape == (7, 8, 6)


def test_a_view_reaches_no_farther_by_the_links_of_its_source(tmp_path: Path) -> None:
    """HDF5 itself follows an external link at the key of a source wherever it leads."""
    (tmp_path / "in").mkdir()
    linked(tmp_path / "secret.h5", lambda f: f.__setitem__("d", np.arange(4)))
    linked(tmp_path / "in" / "open.h5", lambda f: f.__setitem__("d", np.arange(4)))
    linked(tmp_path / "in" / "s.h5", lambda f: (f.__setitem__("out", h5py.ExternalLink("../secret.h5", "/d")),
                                                f.__setitem__("near", h5py.ExternalLink("open.h5", "/d"))))  # fmt: skip

    def view(file: h5py.File) -> None:
        for key in ("out", "near"):
            layout = h5py.VirtualLayout((4,), "i8")
            layout[:] = h5py.VirtualSource("s.h5", key, (4,))
            file.create_virtual_dataset(key, layout)

    path = linked(tmp_path / "in" / "v.h5", view)
    with h5py.File(path) as file:
        assert file["out"][()].tolist() == [0, 1, 2, 3]
        with pytest.raises(DataError, match=r"s\.h5: /out leads to \.\./secret\.h5, outside the folder"):
            resolve(path, file, "out")
        values, files = resolve(path, file, "near")
        assert (values[()].tolist(), files) == ([0, 1, 2, 3], {"s.h5", "open.h5"})


def test_raw_storage_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    """HDF5 reads zeros there."""
    np.arange(6, dtype="u2").tofile(tmp_path / "s.bin")
    for number, (parts, whole) in enumerate((
        ([("s.bin", 0, 12)], True), ([("s.bin", 0, h5py.h5f.UNLIMITED)], True), ([("s.bin", 2, 12)], False),
        ([("s.bin", 0, 8), ("s.bin", 8, 4)], True), ([("s.bin", 0, 8), ("s.bin", 9, 4)], False),
    )):  # fmt: skip
        path = linked(tmp_path / f"{number}.h5", lambda f, p=parts: f.create_dataset("d", (6,), "u2", external=p))
        with h5py.File(path) as file:
            if whole:
                assert resolve(path, file, "d")[0][()].tolist() == list(range(6))
            else:
                with pytest.raises(DataError, match=r"s\.bin, which has 12 bytes, 1[34] are expected"):
                    resolve(path, file, "d")


@pytest.mark.parametrize(
    ("key", "said"), [("a", "/[ab] links to itself"), ("a/x", "a link in it leads back to itself")]
)
def test_two_links_that_lead_to_each_other(tmp_path: Path, key: str, said: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
    with pytest.raises(DataError, match=rf"a\.h5: {said}; "):
        open_source([tmp_path / "a.h5"], SourceOptions(keys=StackKeys(images=key, photon_energy=20.0)))
