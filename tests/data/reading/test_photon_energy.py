"""Energies and wavelengths in every unit of the field; what makes no sense is asked for."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from reporters import CollectingReporter

from airybench.data.reading.photon_energy import energies_ev, fixed_energy, unit_attribute
from airybench.errors import ConfigError, DataError


def energies(values: Any, key: str = "energy", **how: Any) -> np.ndarray:
    return energies_ev(values, key, f"a.h5: /{key}", CollectingReporter(), **how)


# hc = 1239.841984 eV nm
@pytest.mark.parametrize(
    ("key", "value", "how", "expected"),
    [
        ("energy", 21.5, {}, 21.5),
        ("energy", 9300.0, {}, 9300.0),
        ("energy", 1.5e-15, {}, 9362.2636),
        ("energy", 9.3, {"attribute": "keV"}, 9300.0),
        ("energy", 9.3, {"unit": "keV"}, 9300.0),
        ("energy", 9300, {"attribute": " EV "}, 9300.0),
        ("energy", 8.0, {"unit": "eV"}, 8.0),
        ("energy", 3.4e-18, {"attribute": "Joule"}, 21.22113),
        ("photon_energy_keV", 9.3, {}, 9300.0),
        ("bl_3/oh_2/photon_energy_in_eV", 10000.0, {}, 10000.0),
        ("wavelength", 57.7, {"attribute": "nm"}, 21.487729),
        ("wavelength", 57.7, {"unit": "nm", "wavelength": True}, 21.487729),
        ("wavelength_nm", 57.7, {}, 21.487729),
        ("FEL01/wavelength", 57.7e-9, {}, 21.487729),
        ("w", 1.24e-10, {"wavelength": True}, 9998.7256),
        ("incident_wavelength", 1.24, {"attribute": "angstrom"}, 9998.7256),
        ("incident_wavelength", 1.24, {"attribute": "\u212b"}, 9998.7256),
        ("incident_wavelength", 1.24, {"attribute": "A"}, 9998.7256),
        ("incident_wavelength", 124.0, {"attribute": "pm"}, 9998.7256),
        ("incident_wavelength", 1.24e-10, {"attribute": "m"}, 9998.7256),
    ],
)
def test_every_unit(key: str, value: float, how: dict[str, Any], expected: float) -> None:
    got = energies([value, value], key, **how)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("key", "value", "how", "message"),
    [
        (
            "FEL01/wavelength",
            57.7,
            {},
            r"is 57\.7 without a unit.*--wavelength FEL01.* nm or angstrom",
        ),
        ("incident_wavelength", 1.24, {}, "without a unit.*--unit"),
        ("incident_wavelength", 1.24, {"wavelength": True}, "without a unit.*--unit"),
        ("w", 1.5e-15, {"wavelength": True}, "without a unit"),
        ("energy", 8.0, {}, "without a unit.*keV or nm"),
        ("energy", 0.0215, {}, "without a unit.*keV"),
        ("photon_energy_eV", 8.0, {}, "by the name of its key.*expected 10 to 150000 eV"),
        ("energy", 5.77e-8, {}, "without a unit"),
        ("energy", 9e6, {}, "without a unit"),
        ("energy", -9300.0, {}, "without a unit"),
        ("energy", 1.5e-15, {"attribute": "eV"}, r"as its attribute says \(eV\).* expected 10 to 150000 eV"),
        ("energy", 9300.0, {"attribute": "keV"}, "as its attribute says"),
        ("energy", 9300.0, {"attribute": "J"}, "as its attribute says"),
        ("wavelength", 1.24, {"attribute": "m"}, "as its attribute says.*--wavelength wavelength --unit"),
        ("energy", 9300.0, {"attribute": "arb. units"}, "the unit 'arb. units'.*--unit"),
        ("energy", 9.3, {"attribute": "MeV"}, "the unit 'MeV'"),
        ("energy", 9300.0, {"attribute": "eV", "wavelength": True}, "no unit of a wavelength"),
        ("energy", 2e6, {"unit": "eV"}, "as --unit says.*expected 1 to 1e\\+06 eV"),
    ],
)
def test_what_makes_no_sense_is_asked_for(key: str, value: float, how: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as refused:
        energies([value, value], key, **how)
    assert "\n" not in str(refused.value)


def test_one_shot_that_differs_is_named() -> None:
    with pytest.raises(DataError, match=r"entry 2: 1 eV .* \(1 of 4 shots\)"):
        energies([9300.0, 9301.0, 1.0, 9300.0])


@pytest.mark.parametrize("nothing", [0.0, np.nan, np.inf])
def test_frames_without_event_are_named(nothing: float) -> None:
    with pytest.raises(DataError, match=r"2 of 4 shots have no photon energy .*first: row 1, row 3.*--keep"):
        energies([9300.0, nothing, 9300.0, nothing], entry="row {}".format)


def test_units_that_the_user_names_wrongly() -> None:
    with pytest.raises(ConfigError, match="unknown --unit 'mm'; valid: eV, keV"):
        energies([1.0], unit="mm")
    with pytest.raises(ConfigError, match="--energy"):
        energies([1.0], unit="keV", wavelength=True)


def test_a_recognised_unit_is_said() -> None:
    reporter = CollectingReporter()
    energies_ev([57.7e-9], "wavelength", "a.h5: /wavelength", reporter)
    assert reporter.notices == ["a.h5: /wavelength is in m by its size; converted to eV"]
    energies_ev([25.0], "energy", "a.h5: /energy", reporter)
    assert len(reporter.notices) == 1


@pytest.mark.parametrize("text", ["nm", np.bytes_("nm"), np.array(["nm"], dtype="S2")])
def test_the_attribute_in_any_form(tmp_path: Path, text: Any) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("w", data=1.0)
        assert unit_attribute(data) is None
        data.attrs["units"] = ""
        assert unit_attribute(data) is None
        data.attrs["unit"] = text
        assert unit_attribute(data) == "nm"
        data.attrs["units"] = h5py.Empty("S1")
        assert unit_attribute(data) == "nm"


def test_an_energy_in_kev_is_not_taken_for_ev() -> None:
    with pytest.raises(ConfigError, match=r"from 10 eV is expected; 9\.3 keV is --photon-energy 9300"):
        fixed_energy(9.3, 2)
    assert fixed_energy(21.5, 2).tolist() == [21.5, 21.5]
