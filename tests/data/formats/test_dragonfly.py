"""Dragonfly's sparse frames: images are those that were made sparse, pixel by pixel."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from sources import counts, good, opened, refused

from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys

RNG = np.random.default_rng(10)
SHAPE = (12, 9)
FRAMES = RNG.poisson(0.8, (6, *SHAPE))
FRAMES[2] = 0
BAD = RNG.random(SHAPE) > 0.9
DISTANCE, RADIUS = 200.0, 30.0


def detector(path: Path, *, gap: bool = False, sign: int = -1) -> SourceOptions:
    """A detector file of the shape of FRAMES; with a gap, two columns are further to the right."""
    x, y = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    y[:, 6:] += 2 * gap
    cx, cy = x - 4.3, y - 5.1
    far = np.sqrt(cx**2 + cy**2 + DISTANCE**2)
    q = [cx * RADIUS / far, cy * RADIUS / far, sign * RADIUS * (1 - DISTANCE / far)]
    mask = np.where(BAD, 2, (x == 3).astype(int))  # 1 is good, but not for orientations
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in zip(("qx", "qy", "qz", "mask"), [*q, mask], strict=True):
                file[name] = values.ravel()
            file["detd"], file["ewald_rad"], file["corr"] = DISTANCE, RADIUS, np.ones(x.size)
    else:
        rows = np.stack([one.ravel() for one in (*q, np.ones(SHAPE), mask)], axis=1)
        np.savetxt(path, rows, header=f"{x.size} {DISTANCE} {RADIUS}", comments="", fmt="%.15e %.15e %.15e %.15e %d")
    return SourceOptions(frames=FrameOptions(geometry=path))


def sparse(frames: np.ndarray) -> list[list[np.ndarray]]:
    flat = [frame.ravel() for frame in frames]
    places = [[np.flatnonzero(one == 1) for one in flat], [np.flatnonzero(one > 1) for one in flat]]
    return [*places, [one[one > 1] for one in flat]]


def emc(path: Path, frames: np.ndarray = FRAMES, dense: int = 0) -> Path:
    parts, pixels = sparse(frames), int(np.prod(SHAPE))
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["num_pix"] = [pixels]
            for name, rows in zip(("place_ones", "place_multi", "count_multi"), parts, strict=True):
                data = file.create_dataset(name, (len(rows),), h5py.vlen_dtype(np.int32))
                for number, row in enumerate(rows):
                    data[number] = row
        return path
    header = np.zeros(256, "<i4")
    header[:3] = len(frames), pixels, dense
    lengths = [[len(row) for row in part] for part in parts[:2]]
    path.write_bytes(
        b"".join(np.asarray(one, "<i4").tobytes() for one in (header, *lengths, *map(np.concatenate, parts)))
    )
    return path


@pytest.mark.parametrize("file", ["p.emc", "p.h5"])
@pytest.mark.parametrize(("geometry", "sign"), [("d.dat", -1), ("d.h5", -1), ("d.dat", 1)])
def test_frames_are_placed_by_the_detector_file(tmp_path: Path, file: str, geometry: str, sign: int) -> None:
    options = detector(tmp_path / geometry, sign=sign)
    source, _ = opened(emc(tmp_path / file), options=options)
    np.testing.assert_array_equal(counts(source), np.where(BAD, 0, FRAMES))
    np.testing.assert_array_equal(good(source), np.broadcast_to(~BAD, FRAMES.shape))
    assert source.ids.tolist() == list(range(6))
    assert source.recognised == "Dragonfly photons"


def test_gaps_between_pixels_are_masked(tmp_path: Path) -> None:
    options = detector(tmp_path / "d.dat", gap=True)
    source, _ = opened(emc(tmp_path / "p.emc"), options=options)
    wide, whole = np.zeros((6, 12, 11), int), np.zeros((12, 11), bool)
    columns = [*range(6), 8, 9, 10]
    wide[..., columns], whole[:, columns] = np.where(BAD, 0, FRAMES), ~BAD
    np.testing.assert_array_equal(counts(source), wide)
    np.testing.assert_array_equal(source.mask, whole)


def test_frames_without_a_photon(tmp_path: Path) -> None:
    source, _ = opened(emc(tmp_path / "p.emc", FRAMES[2:3]), options=detector(tmp_path / "d.dat"))
    assert not counts(source).any()


def test_several_files_are_joined(tmp_path: Path) -> None:
    options = detector(tmp_path / "d.dat")
    source, _ = opened(emc(tmp_path / "a.emc", FRAMES[:2]), emc(tmp_path / "b.h5", FRAMES[2:]), options=options)
    np.testing.assert_array_equal(counts(source), np.where(BAD, 0, FRAMES))
    assert source.groups.tolist() == [1, 1, 2, 2, 2, 2]


def test_the_shape_is_asked_for_and_never_guessed(tmp_path: Path) -> None:
    path = emc(tmp_path / "p.emc")
    assert "--geometry DETECTOR_FILE" in refused(path)
    assert "--shape HEIGHT,WIDTH" in refused(path)
    options = detector(tmp_path / "d.dat")
    assert "no keys" in refused(path, options=replace(options, keys=StackKeys(ids=("x",))))
    assert "no such file" in refused(path, options=SourceOptions(frames=FrameOptions(geometry=tmp_path / "no.dat")))


@pytest.mark.parametrize("file", ["p.emc", "p.h5"])
def test_pixels_that_are_listed_row_by_row_need_the_shape_alone(tmp_path: Path, file: str) -> None:
    path = emc(tmp_path / file)
    source, _ = opened(path, options=SourceOptions(frames=FrameOptions(shape=SHAPE)))
    np.testing.assert_array_equal(counts(source), FRAMES)
    assert source.mask is None
    assert "row by row on 12 x 9 px" in source.choices["images"]
    wrong = SourceOptions(frames=FrameOptions(shape=(12, 10)))
    assert "108 pixels, --shape 12,10 has 120" in refused(path, options=wrong)
    np.save(tmp_path / "a.npy", FRAMES)
    assert "--shape is for Dragonfly" in refused(tmp_path / "a.npy", options=wrong)
    both = FrameOptions(shape=SHAPE, geometry=tmp_path / "d.dat")
    assert "--geometry and --shape were both given" in refused(path, options=SourceOptions(frames=both))


def test_damaged_files_are_one_line(tmp_path: Path) -> None:
    options = detector(tmp_path / "d.dat")
    path = emc(tmp_path / "p.emc")
    whole = path.read_bytes()
    for content in (whole[:4], whole[:1024], whole[:1030], whole[:-4], whole + b"1234", b"\xff" * 2000):
        path.write_bytes(content)
        assert "p.emc" in refused(path, options=options)
    last = np.frombuffer(whole, "<i4").copy()
    last[256 + 12] = np.prod(SHAPE)
    path.write_bytes(last.tobytes())
    assert "outside" in refused(path, options=options)
    assert "not sparse" in refused(emc(path, dense=1), options=options)
    lines = (tmp_path / "d.dat").read_text().splitlines()
    for text in (
        "",
        "108\n",
        "\n".join(lines[:-1]),
        "\n".join([*lines[:-1], "nan 0 0 1 0"]),
        "\n".join([*lines[:-1], "0 0 0 1 7"]),
    ):
        (tmp_path / "d.dat").write_text(text)
        assert "d.dat" in refused(emc(path), options=options)
    with h5py.File(emc(tmp_path / "p.h5"), "a") as file:
        del file["count_multi"]
        file["count_multi"] = np.arange(6)
    assert "lists of whole numbers" in refused(tmp_path / "p.h5", options=detector(tmp_path / "d.dat"))
    smaller = emc(tmp_path / "q.emc")
    content = np.frombuffer(smaller.read_bytes(), "<i4").copy()
    content[1] = 200
    smaller.write_bytes(content.tobytes())
    assert "200 pixels, d.dat has 108" in refused(smaller, options=options)


@pytest.mark.parametrize(("key", "value"), [("detd", np.inf), ("ewald_rad", np.inf), ("qx", 1e307), ("detd", 1e308)])
def test_numbers_that_make_no_image_are_refused(tmp_path: Path, key: str, value: float) -> None:
    options = detector(tmp_path / "d.h5")
    with h5py.File(tmp_path / "d.h5", "a") as file:
        file[key][...] = value
    assert "d.h5" in refused(emc(tmp_path / "p.emc"), options=options)
