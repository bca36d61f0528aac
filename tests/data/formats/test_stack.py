"""Plain HDF5 stacks with nothing said: byte orders, axes and names of other writers, pixel by pixel."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from airybench.cli.main import run
from airybench.data.store.store import Store

COUNTS = np.random.default_rng(31).poisson(5, (12, 9, 11))
IDS = 500 + np.arange(12)


def written(path: Path, **content: Any) -> Path:
    """An HDF5 file; a value may be a pair of values and unit."""
    with h5py.File(path, "w") as file:
        for key, value in content.items():
            values, unit = value if isinstance(value, tuple) else (value, None)
            file[key] = values
            if unit is not None:
                file[key].attrs["units"] = unit
    return path


def imported(path: Path, *words: str) -> Store:
    output = path.with_name("out.h5")
    assert run(["data", "import", str(path), *words, "--output", str(output), "--force"]) == 0
    return Store.open(output)


def refused(path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["data", "import", str(path), *words, "--output", str(path.with_name("out.h5"))]) == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("dtype", [">u2", ">i4", ">f4", ">f8", "<f2", "u1", "u8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_any_type_and_byte_order(tmp_path: Path, dtype: str, order: str) -> None:
    path = written(
        tmp_path / "s.h5",
        images=COUNTS.astype(dtype),
        id=IDS.astype(f"{order}i8"),
        photon_energy=(9.0 + np.arange(12) / 100).astype(f"{order}f8"),
        run=(np.arange(12) // 4).astype(f"{order}u2"),
    )
    with h5py.File(path, "a") as file:
        file["photon_energy"].attrs["units"] = "keV"
    store = imported(path)
    np.testing.assert_array_equal(store.read_images(), COUNTS)
    assert store.ids().tolist() == IDS.tolist()
    np.testing.assert_allclose(store.photon_energy(), 9000 + 10 * np.arange(12), rtol=1e-6)
    assert store.groups().tolist() == (np.arange(12) // 4).tolist()


@pytest.mark.parametrize("order", ["<", ">"])
def test_shots_along_the_last_axis_are_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], order: str
) -> None:
    path = written(tmp_path / "s.h5", images=np.moveaxis(COUNTS, 0, -1).astype(f"{order}u2"), id=IDS)
    assert refused(path, capsys, "--photon-energy", "9000").endswith("--axis last")
    store = imported(path, "--photon-energy", "9000", "--axis", "last")
    np.testing.assert_array_equal(store.read_images(), COUNTS)
    assert store.ids().tolist() == IDS.tolist()


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (COUNTS[..., None].astype("u2"), COUNTS),
        (COUNTS[:, None].astype("u2"), COUNTS),
        (COUNTS > 5, COUNTS > 5),
    ],
    ids=["last axis of 1", "one module", "photons or none"],
)
def test_shapes_and_truth_values(tmp_path: Path, images: np.ndarray, expected: np.ndarray) -> None:
    store = imported(written(tmp_path / "s.h5", images=images, id=IDS), "--photon-energy", "9000")
    np.testing.assert_array_equal(store.read_images(), expected)
    assert store.ids().tolist() == IDS.tolist()


def test_truth_values_beside_counts_are_no_images(tmp_path: Path) -> None:
    path = written(tmp_path / "s.h5", lit=COUNTS > 5, images=COUNTS.astype("u2"), id=IDS)
    np.testing.assert_array_equal(imported(path, "--photon-energy", "9000").read_images(), COUNTS)


def test_columns_as_matlab_writes_them(tmp_path: Path) -> None:
    path = written(
        tmp_path / "s.h5", images=COUNTS.astype("f8"), id=IDS[None].astype("i8"), photon_energy=np.full((1, 12), 9000.0)
    )
    store = imported(path)
    np.testing.assert_array_equal(store.read_images(), COUNTS)
    assert store.ids().tolist() == IDS.tolist()
    assert set(store.photon_energy().tolist()) == {9000.0}


@pytest.mark.parametrize(
    ("key", "value", "energy"),
    [
        ("photon_energy_keV", 9.0, 9000.0),
        ("photon_energy_in_eV", 9000.0, 9000.0),
        ("photonEnergy", 9000.0, 9000.0),
        ("energy_eV", 9000.0, 9000.0),
        ("energy_J", 9000 * 1.602176634e-19, 9000.0),
        ("wavelength_A", 1.2398419843, 10_000.0),
        ("photon_wavelength_A", 1.2398419843, 10_000.0),
        ("wavelength_nm", 57.7, 12398.419843 / 577),
        ("wavelength_m", 1.2398419843e-10, 10_000.0),
        ("wavelength_pm", 123.98419843, 10_000.0),
        ("photon_energy", (9.0, "kilo electronvolts"), 9000.0),
        ("photon_energy", (9000.0, "Electron Volts"), 9000.0),
        ("wavelength", (1.2398419843, "Angstroems"), 10_000.0),
    ],
)
def test_units_in_names_and_words(tmp_path: Path, key: str, value: Any, energy: float) -> None:
    store = imported(written(tmp_path / "s.h5", images=COUNTS.astype("u2"), id=IDS, **{key: value}))
    np.testing.assert_allclose(store.photon_energy(), np.full(12, energy), rtol=1e-6)


@pytest.mark.parametrize("unit", ["meV", "MeV", "1/nm"])
def test_a_unit_that_is_not_known_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str], unit: str) -> None:
    path = written(tmp_path / "s.h5", images=COUNTS.astype("u2"), id=IDS, photon_energy=(9.0, unit))
    assert refused(path, capsys).endswith("--energy photon_energy --unit UNIT")
    store = imported(path, "--energy", "photon_energy", "--unit", "keV")
    assert set(store.photon_energy().tolist()) == {9000.0}


@pytest.mark.parametrize(
    ("columns", "words", "said"),
    [
        ({"id": IDS[:10]}, "", "/id looks like ids and is not used: its length 10 is not that of the 12 images"),
        ({"id": IDS[:9]}, "", "its length 9 is not that of the 12 images, but that of another axis"),
        ({"trainId": IDS, "pulse_id": IDS}, "", "to use as ids add --ids trainId,pulse_id"),
        ({"timestamp": IDS}, "", "/timestamp may tell the shots apart; to use as ids add --ids timestamp"),
        ({"id": IDS}, "--images images", "/id looks like ids and is not used; to use it add --ids id"),
        ({"mask": np.ones((9, 11))}, "--images images", "to use it add --mask mask --mask-convention CONVENTION"),
    ],
)
def test_a_word_on_what_is_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], columns: dict[str, Any], words: str, said: str
) -> None:
    path = written(tmp_path / "s.h5", images=COUNTS.astype("u2"), **columns)
    store = imported(path, *words.split(), "--photon-energy", "9000")
    assert said in capsys.readouterr().err
    assert store.ids().tolist() == list(range(12))


def test_what_is_said_is_no_more_than_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "s.h5", images=COUNTS.astype("u2"), id=IDS, timestamp=IDS)
    imported(path, "--photon-energy", "9000")
    assert "--ids" not in capsys.readouterr().err
    imported(path, "--images", "images", "--ids", "timestamp", "--photon-energy", "9000")
    assert "--ids" not in capsys.readouterr().err


@pytest.mark.parametrize("words", ["", "--images images"])
@pytest.mark.parametrize("column", ["id", "runs", "energies"])
def test_a_column_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, column: str
) -> None:
    path = written(tmp_path / "s.h5", images=COUNTS.astype("u2"))
    with h5py.File(path, "a") as file:
        file[column] = h5py.ExternalLink("gone.h5", "/x")
    store = imported(path, *words.split(), "--photon-energy", "9000")
    assert f"/{column} links to a file or key that is not there" in capsys.readouterr().err
    np.testing.assert_array_equal(store.read_images(), COUNTS)


@pytest.mark.parametrize("key", ["data[0]", "what?", "a*b", "a,b", "my images", "x:y", "größe"])
def test_keys_of_any_letters(tmp_path: Path, key: str) -> None:
    path = written(tmp_path / "s.h5", **{key: COUNTS.astype("u2"), f"{key} id": IDS})
    for words in ([], ["--images", key]):
        np.testing.assert_array_equal(imported(path, *words, "--photon-energy", "9000").read_images(), COUNTS)
    if "," not in key:  # which is between several
        assert imported(path, "--ids", f"{key} id", "--photon-energy", "9000").ids().tolist() == IDS.tolist()


def test_flattened_images_are_not_one_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "s.h5", images=COUNTS.reshape(12, -1).astype("u2"), id=IDS)
    assert "a row for each of the ids, as flattened images have; save it with its shape" in refused(path, capsys)


@pytest.mark.parametrize(("name", "value", "said"), [("scale_factor", 0.1, True), ("add_offset", 0, False)])
def test_a_factor_that_is_not_applied_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, value: float, said: bool
) -> None:
    path = written(tmp_path / "s.h5", images=COUNTS.astype("u2"), id=IDS)
    with h5py.File(path, "a") as file:
        file["images"].attrs[name] = value
    np.testing.assert_array_equal(imported(path, "--photon-energy", "9000").read_images(), COUNTS)
    assert (f"/images has the attribute {name} {value}, which is not applied" in capsys.readouterr().err) == said
