"""Modules placed by a geometry file of CrystFEL, compared with extra-geom's own placing and with plain NumPy."""

import pickle
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from sources import counts, good, opened, refused

from airybench.data.reading.geometry import placed
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
from airybench.errors import ConfigError, DataError

extra_geom = pytest.importorskip("extra_geom")
RNG = np.random.default_rng(12)
HEAD = "clen = 0.1\nres = 5000\nadu_per_eV = 0.001\ndata = /data\ndim0 = %\n"
QUADS = [(-525, 625), (-550, -10), (520, -160), (542.5, 475)]


def geometry(path: Path, more: str = "", corners: tuple[str, str] = ("0 0", "6.2 1"), flat: bool = False) -> Path:
    """Two modules of 3 x 4 px; the second is turned by 90 degrees, so that its fast axis goes up."""
    text = HEAD + ("dim1 = ss\ndim2 = fs\n" if flat else "dim2 = ss\ndim3 = fs\n")
    for number, (corner, ways) in enumerate(zip(corners, (("x", "y"), ("y", "-x")), strict=True)):
        x, y = corner.split()
        first = 3 * number * flat
        text += "" if flat else f"m{number}/dim1 = {number}\n"
        text += (
            f"m{number}/min_fs = 0\nm{number}/max_fs = 3\nm{number}/min_ss = {first}\nm{number}/max_ss = {first + 2}\n"
        )
        text += (
            f"m{number}/fs = {ways[0]}\nm{number}/ss = {ways[1]}\nm{number}/corner_x = {x}\nm{number}/corner_y = {y}\n"
        )
    path.write_text(text + more)
    return path


def by_hand(modules: np.ndarray, fill: float) -> np.ndarray:
    """What `geometry` describes: the turned module stands on columns 3 to 5, from row 1."""
    image = np.full((len(modules), 5, 6), fill, modules.dtype)
    image[:, :3, :4] = modules[:, 0]
    image[:, 1:5, 3:6] = modules[:, 1].swapaxes(1, 2)[:, :, ::-1]
    return image


def options(path: Path, **frames: Any) -> SourceOptions:
    keys = StackKeys(images="raw", ids=("id",), photon_energy="800")
    return SourceOptions(keys=keys, frames=FrameOptions(geometry=path, **frames))


def stack(path: Path, raw: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        file["raw"], file["id"] = raw, np.arange(len(raw))
    return path


@pytest.mark.parametrize(
    "detector",
    [
        extra_geom.AGIPD_1MGeometry.from_quad_positions(QUADS),
        extra_geom.JUNGFRAUGeometry.from_module_positions([(0, 0), (1100, 15), (30.4, 600)]),
    ],
    ids=["agipd", "jungfrau"],
)
@pytest.mark.parametrize("dims", [("frame", "modno", "ss", "fs"), ("frame", "ss", "fs")])
def test_as_extra_geom_places_them(tmp_path: Path, detector: Any, dims: tuple[str, ...]) -> None:
    path = tmp_path / "a.geom"
    detector.write_crystfel_geom(path, dims=dims, adu_per_ev=0.001, clen=0.1, photon_energy=9000)
    read = type(detector).from_crystfel_geom(path)
    modules = RNG.random((2, *read.expected_data_shape), np.float32)
    found = pickle.loads(pickle.dumps(placed(path, read.expected_data_shape)))
    np.testing.assert_array_equal(found.apply(modules, np.nan), read.position_modules(modules)[0])
    assert found.shape(read.expected_data_shape) == read.position_modules(modules)[0].shape[1:]


@pytest.mark.parametrize("flat", [False, True])
def test_turned_modules_by_hand(tmp_path: Path, flat: bool) -> None:
    modules = RNG.integers(1, 99, (3, 2, 3, 4)).astype(np.int16)
    path = geometry(tmp_path / "a.geom", flat=flat)
    found = placed(path, (2, 3, 4))
    np.testing.assert_array_equal(found.apply(modules, -1), by_hand(modules, -1))
    assert "on 5 x 6 px, without 2 pixels" in found.words


def test_a_stack_is_imported_with_gaps_masked(tmp_path: Path) -> None:
    raw = RNG.integers(1, 99, (4, 2, 2, 3, 4)).astype(np.uint16)
    path = geometry(tmp_path / "a.geom", corners=("0 0", "8 0"))
    source, _ = opened(stack(tmp_path / "a.h5", raw), options=options(path, channel=0))
    image = np.zeros((4, 4, 8), np.int64)
    image[:, :3, :4] = raw[:, 0, 0]
    image[:, :, 5:] = raw[:, 1, 0].swapaxes(1, 2)[:, :, ::-1]
    np.testing.assert_array_equal(counts(source), image)
    np.testing.assert_array_equal(good(source), image > 0)
    assert "placed by a.geom on 4 x 8 px" in source.choices["images"]
    geometry(path, "; another", ("0 0", "9 0"))
    assert opened(tmp_path / "a.h5", options=options(path, channel=0))[0].identity != source.identity


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        ("bad1/panel = m0\nbad1/min_fs = 1\nbad1/max_fs = 2\nbad1/min_ss = 2\nbad1/max_ss = 2\n", np.s_[0, 2, 1:3]),
        ("badx/min_x = 0\nbadx/max_x = 1\nbadx/min_y = -9\nbadx/max_y = 9\n", np.s_[0, :, :2]),
        ("m1/no_index = 1\n", np.s_[1]),
    ],
)
def test_bad_regions_are_masked(tmp_path: Path, bad: str, where: Any) -> None:
    found = placed(geometry(tmp_path / "a.geom", bad, ("0 0", "9 0")), (2, 3, 4))
    flags = np.ones((1, 2, 3, 4), bool)
    flags[0][where] = False
    assert set(found.pixels[found.pixels >= 0]) == set(np.flatnonzero(flags))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("fs = x", "fs = 0.7x +0.7y"), "not along the axes"),
        (("corner_x = 6.2", "corner_x = 90000"), "on 5 x 90000 px"),
        (("m1/max_fs = 3", "m1/max_fs = 4"), "panel m1 is not on 2 modules of 3 x 4 px"),
        (("m1/dim1 = 1", "m1/dim1 = 2"), "panel m1 is not on 2 modules"),
        (("m1/dim1 = 1", "m1/dim1 = 0"), "24 of the pixels"),
        (("m0/min_fs = 0", "m0/min_fs = 1"), "3 of the pixels"),
        (("m1/corner_x = 6.2", ""), "not a geometry file of CrystFEL"),
        (("m", "; m"), "not a geometry file of CrystFEL"),
        (("res = 5000", "res = a"), "not a geometry file of CrystFEL"),
    ],
)
def test_other_geometries_are_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = geometry(tmp_path / "a.geom")
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(DataError, match=said):
        placed(path, (2, 3, 4))


def test_what_is_no_text_or_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.geom").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="not a geometry file"):
        placed(tmp_path / "b.geom", (2, 3, 4))
    with pytest.raises(DataError, match="no such file"):
        placed(tmp_path / "c.geom", (2, 3, 4))
    path = stack(tmp_path / "a.h5", np.ones((4, 3, 3, 4), np.uint16))
    assert "in no panel or in several" in refused(path, options=options(geometry(tmp_path / "a.geom")))
    assert "too few axes for --geometry" in refused(
        stack(tmp_path / "d.h5", np.ones((4, 3, 4), np.uint16)), options=options(tmp_path / "a.geom")
    )


def test_extra_geom_is_asked_for_where_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = geometry(tmp_path / "a.geom")
    for name in ("extra_geom", "extra_geom.base", "cfel_fmt", "cfel_fmt.geometry"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match="extra-geom") as caught:
        placed(path, (2, 3, 4))
    assert "airybench[euxfel]" in str(caught.value)
