"""Photon energies in eV, from what a file or a user calls them: an energy or a wavelength, in any unit of the field."""

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from airybench.errors import ConfigError, DataError, MissingOptionError, unknown
from airybench.reporter import Reporter

JOULE_PER_EV = 1.602176634e-19
LOWEST, HIGHEST = 1.0, 1e6
"""Photon energies that a source may have, eV."""

SENSIBLE = 10.0, 150e3
"""Photon energies at which patterns are taken, eV; anything else has to be said by the user."""

UNITS = ("eV", "keV", "J", "nm", "angstrom", "m", "pm")
"""What `--unit` names."""

_METRES = {"nm": 1e-9, "angstrom": 1e-10, "m": 1.0, "pm": 1e-12}
_ALIASES = {
    "eV": ("ev", "electronvolt", "electron volt"),
    "keV": ("kev", "kiloelectronvolt", "kilo electronvolt", "kiloelectron volt"),
    "J": ("j", "joule"),
    "nm": ("nm", "nanometer", "nanometre"),
    "angstrom": ("angstrom", "a", "å", "\u212b", "ångström", "ångstrom", "angstroem", "ang"),
    "m": ("m", "meter", "metre"),
    "pm": ("pm", "picometer", "picometre"),
}
_NAMES = {alias: unit for unit, aliases in _ALIASES.items() for alias in aliases}
_IN_KEYS = {"ev": "eV", "kev": "keV", "joule": "J", "j": "J", "nm": "nm", "angstrom": "angstrom"}
_IN_KEYS_OF_WAVELENGTHS = {"a": "angstrom", "m": "m", "pm": "pm"}


def plausible(energy: ArrayLike) -> Any:
    """Whether each number can be a photon energy in eV; NaN cannot.

    >>> plausible(21.5), plausible(3.4e-18)
    (True, False)
    """
    values: NDArray[np.float64] = np.asarray(energy, np.float64)
    inside = (values >= LOWEST) & (values <= HIGHEST)
    return inside if values.ndim else bool(inside)


def unit_named(text: str) -> str | None:
    """The unit that a text names, one of UNITS; None when it names none of them.

    >>> unit_named(" Angstroms"), unit_named("KeV"), unit_named("mm")
    ('angstrom', 'keV', None)
    """
    # MeV and meV are no slip of keV or eV, so that only whole names count.
    plain = text.strip().strip("[]()").lower()
    return _NAMES.get(plain) or _NAMES.get(plain.removesuffix("s"))


def unit_attribute(data: h5py.Dataset) -> str | None:
    """The text of the attribute `units` or `unit` of a data set; None where there is none, or an empty one."""
    for name in ("units", "unit"):
        value = data.attrs.get(name)
        if value is None or isinstance(value, h5py.Empty):
            continue
        first = np.asarray(value).reshape(-1)[:1].tolist()
        text = first[0].decode("utf-8", "replace") if first and isinstance(first[0], bytes) else str(*first)
        if text.strip():
            return text.strip()
    return None


def to_ev(values: ArrayLike, unit: str) -> NDArray[np.float64]:
    """Energies or wavelengths as photon energies in eV, by E = h c / wavelength.

    Args:
        values: any shape.
        unit: one of UNITS.

    >>> float(to_ev(12.398419843320028, "angstrom").round(6)), float(to_ev(8.0, "keV"))
    (1000.0, 8000.0)
    """
    values = np.asarray(values, np.float64)
    if unit == "J":
        return values / JOULE_PER_EV
    if unit in ("eV", "keV"):
        return values * (1000.0 if unit == "keV" else 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(constants.h * constants.c / constants.e / (values * _METRES[unit]))


def energies_ev(
    values: ArrayLike,
    key: str,
    where: str,
    reporter: Reporter,
    *,
    wavelength: bool = False,
    attribute: str | None = None,
    unit: str | None = None,
    entry: Callable[[int], str] = "entry {}".format,
) -> NDArray[np.float32]:
    """Photon energies of some shots in eV.

    The unit is what the user says, else the attribute of the data set, else what the key ends in (`_eV`), else joule or
    metre where only that makes sense of the size. Under a key of an energy a bare number is in eV. What makes no sense
    at a free-electron laser or synchrotron is asked for, never taken.

    Args:
        values: energies or wavelengths of the shots that are taken, shape (n,).
        key: where they are in the file.
        where: what to call the data set in messages, such as `a.h5: /energy`.
        reporter: receives a notice where a unit was recognised.
        wavelength: the user calls them wavelengths.
        attribute: what the file says about the unit, see `unit_attribute`.
        unit: what the user says about it.
        entry: what to call one of the shots in messages.

    Returns:
        float32, shape (n,).

    Raises:
        ConfigError: no such unit, or a unit of energy for a wavelength.
        DataError: the unit cannot be known or contradicts the values, or shots have no energy.
    """
    numbers = np.asarray(values, np.float64).reshape(-1)
    require_present(numbers, where, entry)
    said = None if unit is None else _said(unit, wavelength=wavelength)
    known, why = (said, "as --unit says") if said else _recognised(numbers, key, where, attribute, wavelength)
    lowest, highest = (LOWEST, HIGHEST) if said else SENSIBLE
    energies = to_ev(numbers, known)
    bad = np.flatnonzero(~((energies >= lowest) & (energies <= highest)))
    if len(bad):
        row = int(bad[0])
        raise DataError(
            f"{where}, {entry(row)}: {numbers[row]:.6g} {known} ({why}) is {energies[row]:.4g} eV, expected "
            f"{lowest:g} to {highest:g} eV ({len(bad)} of {len(numbers)} shots)",
            _remedy(key, wavelength=wavelength or known in _METRES),
        )
    if why and known != "eV":
        reporter.notify(f"{where} is in {known} {why}; converted to eV")
    return energies.astype(np.float32)


def require_present(numbers: NDArray[np.float64], where: str, entry: Callable[[int], str], column: str = "") -> None:
    """Refuse shots without an energy.

    Args:
        numbers: energies or wavelengths, shape (n,).
        where: what to call them in messages.
        entry: what to call one of the shots.
        column: key by which shots may be left out; empty where the source has none.

    Raises:
        MissingOptionError: some are missing, and `--keep` with that key leaves these shots out.
        DataError: some are missing, and there is no such way.
    """
    missing = np.flatnonzero(~np.isfinite(numbers) | (numbers == 0))
    if len(missing):
        first = ", ".join(entry(int(row)) for row in missing[:3])
        found = f"{where}: {len(missing)} of {len(numbers)} shots have no photon energy (0, NaN or infinite; first: "
        found += f"{first})"
        if column and len(missing) < len(numbers) and not np.isinf(numbers).any():
            option = f"--keep {column}"
            raise MissingOptionError(found, option, f"leave them out with {option}, or give --photon-energy EV for all")
        raise DataError(found, "leave them out with --keep, --drop or --select, or give --photon-energy EV for all")


def _said(unit: str, *, wavelength: bool) -> str:
    """The unit that the user names."""
    named = unit_named(unit)
    if named is None:
        raise unknown("--unit", unit, UNITS)
    if wavelength and named not in _METRES:
        raise ConfigError(f"--unit {unit} is a unit of energy and --wavelength was given; give the key as --energy")
    return named


def _recognised(
    numbers: NDArray[np.float64], key: str, where: str, attribute: str | None, wavelength: bool
) -> tuple[str, str]:
    """The unit that attribute, key or size tell, and how it was told (empty where the key alone means eV)."""
    if attribute is not None:
        named = unit_named(attribute)
        if named is None:
            option = f"{'--wavelength' if wavelength or 'wavelength' in key.lower() else '--energy'} {key.strip('/')}"
            raise MissingOptionError(
                f"{where} has the unit {attribute!r}, expected one of {', '.join(UNITS)}",
                f"{option} --unit UNIT",
                "say which with --unit",
            )
        if wavelength and named not in _METRES:
            raise DataError(f"{where} has the unit {attribute!r}, no unit of a wavelength", "give the key as --energy")
        return named, f"as its attribute says ({attribute})"
    middle = float(np.median(numbers))
    name = key.rpartition("/")[2].lower().replace("-", "_")
    length = wavelength or "wavelength" in name or "lambda" in name
    end = name.rpartition("_")[2]
    by_name = _IN_KEYS.get(end) or (_IN_KEYS_OF_WAVELENGTHS.get(end) if length else None)
    if by_name and wavelength <= (by_name in _METRES):
        return by_name, "by the name of its key"
    if length and _sensible(to_ev(middle, "m")):
        return "m", "by its size"
    if not wavelength and _sensible(to_ev(middle, "J")):
        return "J", "by its size"
    if not length and _sensible(middle):
        return "eV", ""
    kind = "wavelength" if length else "photon energy"
    likely = _likely(middle, length=length)
    unit = likely if likely in UNITS else "UNIT"
    raise MissingOptionError(
        f"{where} is {middle:.6g} without a unit, which tells no {kind} (attribute units is missing)"
        if length
        else f"{where} is {middle:.6g} without a unit, a {kind} from {SENSIBLE[0]:g} to {SENSIBLE[1]:g} eV is expected",
        f"{'--wavelength' if length else '--energy'} {key.strip('/')} --unit {unit}",
        _remedy(key, wavelength=length, likely=likely),
    )


def _sensible(energy: ArrayLike) -> bool:
    return bool(SENSIBLE[0] <= float(np.asarray(energy)) <= SENSIBLE[1])


def fixed_energy(energy: float, count: int) -> NDArray[np.float32]:
    """One photon energy for all shots, eV, shape (N,).

    Raises:
        ConfigError: no photon energy.
    """
    if not plausible(energy):
        raise ConfigError(f"--photon-energy is {energy:g}, expected {LOWEST:g} to {HIGHEST:g} eV")
    value = float(energy)
    if value < SENSIBLE[0]:
        raise ConfigError(
            f"--photon-energy is {value:g} eV, from {SENSIBLE[0]:g} eV is expected; {value:g} keV is --photon-energy "
            f"{1000 * value:g}"
        )
    return np.full(count, energy, np.float32)


def _likely(value: float, *, length: bool) -> str:
    """Units in which a number makes sense, as a hint."""
    units = ("nm", "angstrom", "pm") if length else ("keV", "nm", "angstrom")
    return " or ".join(unit for unit in units if _sensible(to_ev(value, unit)))


def _remedy(key: str, *, wavelength: bool, likely: str = "") -> str:
    """What to type."""
    option = "--wavelength" if wavelength else "--energy"
    hint = f"; {likely} would make sense" if likely else ""
    return f"say what it is: {option} {key} --unit UNIT ({', '.join(UNITS)}{hint}), or --photon-energy EV for all shots"
