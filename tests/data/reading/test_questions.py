"""Everything that only the user knows is asked in one message, and the command that it shows imports."""

import re
import shlex
from pathlib import Path

import h5py
import numpy as np
import pytest

from airybench.cli.main import run
from airybench.data.store.store import Store

COUNTS = np.random.default_rng(3).poisson(5, (12, 9, 11)).astype("f8")


def asked(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> list[str]:
    """What the message of an import says to add, as words; one message, and no store."""
    assert run(["data", "import", str(path), "--output", str(path.with_name("out.h5")), *more]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert not path.with_name("out.h5").exists()
    words = shlex.split(said.rpartition("; type: ")[2])
    added = words[words.index(str(path.with_name("out.h5"))) + 1 + len(more) :]
    assert all(option in said.partition("; type: ")[0] for option in added if option.startswith("--"))
    return added


def imported(path: Path, words: list[str]) -> Store:
    answers = {"EV": "9000", "X": "1.5", "CONVENTION": "good-is-one"}
    output = path.with_name("out.h5")
    words = [answers.get(word, word) for word in words]
    assert run(["data", "import", str(path), "--output", str(output), *words]) == 0
    return Store.open(output)


def written(path: Path, images: np.ndarray, **columns: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        file["images"], file["id"] = images, 70 + np.arange(len(images))
        for key, values in columns.items():
            file[key] = values
    return path


CASES = {
    "gaps": ("u2", {3: 65535}, 1.0, "--photon-energy EV --invalid max"),
    "two gaps": ("i4", {3: 2**31 - 1, 5: -1}, 1.0, "--photon-energy EV --invalid -1 --invalid max"),
    "another type's": ("f4", {3: 2**32 - 1}, 1.0, "--photon-energy EV --invalid 4294967296"),
    "NaN and a gain": ("f4", {3: np.nan}, 1.5, "--photon-energy EV --invalid nan --counts-per-photon X"),
    "mark of 20 bits": ("i4", {3: 2**20 - 1}, 1.0, "--photon-energy EV --invalid 1048575"),
    "faulty pixels": ("u2", {3: 65535, 5: 65534}, 1.0, "--photon-energy EV --invalid max --invalid 65534"),
    "far above": ("f8", {3: 123456.789012345678}, 1.0, "--photon-energy EV --invalid 123456.78901234567"),
    "gap and a gain": ("f8", {3: -5}, 1.5, "--photon-energy EV --invalid -5 --counts-per-photon X"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_command_answers_all(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dtype, rows, gain, expected = CASES[case]
    images = COUNTS * gain
    for row, value in rows.items():
        images[:, row] = value
    path = written(tmp_path / "s.h5", images.astype(dtype))
    words = asked(path, capsys)
    assert sorted(words) == sorted(expected.split())
    counts = COUNTS.copy()
    counts[:, list(rows)] = 0
    store = imported(path, words)
    np.testing.assert_array_equal(store.read_images(), counts)
    np.testing.assert_array_equal(np.asarray(store.mask()).min(axis=(0, 2)) == 0, np.isin(np.arange(9), list(rows)))
    assert set(store.photon_energy().tolist()) == {9000.0}


def test_what_ends_the_opening_is_asked_with_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = np.random.default_rng(4).poisson(5, (6, 4, 9, 11)).astype("u2")
    images[:, :, 3] = 65535
    path = written(tmp_path / "s.h5", images, label=np.arange(6) % 2)
    words = asked(path, capsys, "--labels", "label")
    assert words == ["--stack-modules", "--class-names", "NAME0,NAME1", "--photon-energy", "EV", "--invalid", "max"]
    store = imported(path, ["--labels", "label", *words])
    expected = images.copy()
    expected[:, :, 3] = 0
    np.testing.assert_array_equal(store.read_images(), expected.reshape(6, 36, 11))
    assert store.labels().tolist() == [[1, 0], [0, 1]] * 3


def test_a_mask_whose_meaning_is_unknown_is_asked_with_the_energy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = np.ones((9, 11), "u1")
    mask[3] = 0
    path = written(tmp_path / "s.h5", np.where(mask, COUNTS, 65535).astype("u2"), pixels=mask)
    words = asked(path, capsys, "--mask", "pixels")
    assert words == ["--mask-convention", "CONVENTION", "--photon-energy", "EV"]
    store = imported(path, ["--mask", "pixels", *words])
    np.testing.assert_array_equal(store.read_images(), COUNTS * mask)


def test_an_overflow_in_a_few_shots_is_not_to_be_clipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for dtype, value in (("f4", 2.0**32), ("i8", 2**32 - 1), ("u4", 2**32 - 1), ("f8", 2.0**64)):
        images = COUNTS.astype(dtype)
        images[0, 0, 0] = value
        path = written(tmp_path / "s.h5", images)
        words = asked(path, capsys, "--photon-energy", "9000")
        assert words[0] == "--invalid"
        expected = COUNTS.copy()
        expected[0, 0, 0] = 0
        np.testing.assert_array_equal(imported(path, ["--photon-energy", "9000", *words]).read_images(), expected)
        (tmp_path / "out.h5").unlink()
        capsys.readouterr()


def test_info_names_everything_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = COUNTS * 1.5
    images[:, 3] = np.nan
    path = written(tmp_path / "s.h5", images)
    assert run(["data", "info", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if re.match(" *missing ", line)]) == 3
    assert lines[-1].endswith("--photon-energy EV --invalid nan --counts-per-photon X")


def test_shots_without_an_energy_are_left_out_by_the_command_that_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = COUNTS.astype("u2")
    images[:, 3] = 65535
    path = written(tmp_path / "s.h5", images, energy=np.where(np.arange(12) % 5 == 0, [0, np.nan] * 6, 9000.0))
    words = asked(path, capsys)
    assert words == ["--keep", "energy", "--invalid", "max"]
    store = imported(path, words)
    assert store.ids().tolist() == [70 + row for row in range(12) if row % 5]
    images[:, 3] = 0
    np.testing.assert_array_equal(store.read_images(), images[np.arange(12) % 5 > 0])


def test_a_mask_of_ones_is_asked_with_the_energy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "s.h5", COUNTS.astype("u2"), pixels=np.ones((9, 11), "u1"))
    words = asked(path, capsys, "--mask", "pixels")
    assert words == ["--mask-convention", "CONVENTION", "--photon-energy", "EV"]


def test_one_mark_below_0_is_to_be_masked_and_noise_to_be_cut_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = COUNTS.copy()
    images[3, 4] = -9999
    path = written(tmp_path / "s.h5", images)
    words = asked(path, capsys, "--photon-energy", "9000")
    assert words == ["--invalid", "negative"]
    expected = COUNTS.copy()
    expected[3, 4] = 0
    np.testing.assert_array_equal(imported(path, ["--photon-energy", "9000", *words]).read_images(), expected)
    (tmp_path / "out.h5").unlink()
    images[3, 4] = -np.arange(1.0, 12.0)
    path = written(tmp_path / "s.h5", images)
    assert asked(path, capsys, "--photon-energy", "9000") == ["--clip"]


def test_what_is_to_be_cut_off_is_not_asked_about(tmp_path: Path) -> None:
    images = COUNTS.copy()
    images[:, 3] = 70_000
    path = written(tmp_path / "s.h5", images)
    store = imported(path, ["--photon-energy", "9000", "--clip"])
    np.testing.assert_array_equal(store.read_images(), np.minimum(images, 65535))
