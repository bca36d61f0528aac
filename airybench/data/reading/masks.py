"""Pixel masks: what their values mean, whether that can be, and masks that lie in another file than the images."""

from collections.abc import Container
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from airybench.errors import DataError
from airybench.reporter import Reporter

CONVENTIONS = ("cxi", "euxfel", "good-is-one", "nxmx")
"""What the values of a mask mean. The conventions contradict each other, so that one has to be named."""

_NO_FAULT = {
    "cxi": 0x0800 | 0x2000 | 0x4000,  # corrected artefact, peak of the hit finder, photon background corrected
    "euxfel": 1 << 22,  # pixel of non-standard size
    "nxmx": 0,
}
_DOUBTED = 0.5
"""Share of good pixels below which a mask is doubted."""


def good_pixels(mask: NDArray[Any], convention: str) -> NDArray[np.bool_]:
    """Which pixels a mask calls good.

    In `cxi`, `euxfel` and `nxmx` a mask holds flags: a pixel is good without any, or with flags only that are no fault.
    In `good-is-one` any value but zero is good.

    Args:
        mask: any shape, whole numbers of any type, or bool.
        convention: one of CONVENTIONS.

    Returns:
        bool, same shape; NaN is never good.

    Source: `cxi`, the pixel flags of the CXI format; `euxfel`, those of European XFEL's calibration; `good-is-one`,
    psana, OM and Hummingbird; `nxmx`, `pixel_mask` of NXdetector, where Eiger detectors keep theirs.

    >>> good_pixels(np.array([0, 1, 0x0800]), "cxi")
    array([ True, False,  True])
    """
    known = True
    if mask.dtype.kind == "f":
        known = np.isfinite(mask)
        mask = np.where(known, mask, 0)
    if convention == "good-is-one":
        return np.asarray((mask != 0) & known)
    return np.asarray(((mask.astype(np.int64) & ~np.int64(_NO_FAULT[convention])) == 0) & known)


def check_flags(mask: NDArray[Any], where: str) -> None:
    """Refuse a mask of values that are no flags.

    Args:
        mask: any shape.
        where: what to call it in the message.

    Raises:
        DataError: text, complex numbers, or numbers that are not whole.
    """
    if mask.dtype.kind not in "biuf":
        raise DataError(f"{where} is {mask.dtype}, a mask holds whole numbers or true and false", "give another --mask")
    if mask.dtype.kind == "f" and mask.size:
        numbers = mask[np.isfinite(mask)]
        odd = numbers[numbers != np.rint(numbers)]
        if len(odd):
            raise DataError(
                f"{where} holds {odd[0]:.6g} ({len(odd)} of {mask.size} values), a mask holds whole numbers",
                "give another --mask",
            )


def settled_convention(mask: NDArray[Any], convention: str, where: str, reporter: Reporter, *, said: bool) -> str:
    """The convention to read a mask by, doubted aloud when it leaves less than half of the pixels.

    Args:
        mask: of all shots, or of some of them, any shape.
        convention: one of CONVENTIONS, as the user or the format says.
        where: what to call the mask in messages.
        reporter: receives the doubt.
        said: whether the user named the convention. A format's own one gives way where it leaves no pixel and another
            leaves all of them.

    Raises:
        DataError: the mask holds no flags, or it leaves no pixel.
    """
    check_flags(mask, where)
    shares = {name: float(good_pixels(mask, name).mean()) if mask.size else 1.0 for name in CONVENTIONS}
    share = shares[convention]
    if share >= _DOUBTED:
        return convention
    others = ", ".join(f"{name} {100 * shares[name]:.4g} %" for name in CONVENTIONS if name != convention)
    whole = [name for name in CONVENTIONS if shares[name] == 1]
    if not said and share == 0 and whole:
        reporter.notify(f"{where}: no pixel is good by the convention {convention} of this format; read as {whole[0]}")
        return whole[0]
    if share == 0:
        raise DataError(
            f"{where}: no pixel is good by the convention {convention} (by the others: {others})",
            "name the right one with --mask-convention",
        )
    reporter.notify(
        f"{where}: only {100 * share:.4g} % of the pixels are good by the convention {convention} (by the others: "
        f"{others}); if that is wrong, name another --mask-convention"
    )
    return convention


def mask_place(given: str, images: Path, own: Container[str]) -> tuple[Path, str]:
    """File and key of a mask; keys may contain a colon themselves.

    Args:
        given: what `--mask` says: a key, or `FILE:KEY`.
        images: file of the images; a relative FILE is looked for in the current folder, then beside this one.
        own: keys of that file.

    Raises:
        DataError: there is no such file.

    >>> mask_place("0CH0:xtdf/mask", Path("run.h5"), {"0CH0:xtdf/mask"})[1]
    '0CH0:xtdf/mask'
    """
    key = given.strip("/")
    if key in own:
        return images, key
    if ":" not in given:
        beside = next((one for one in (Path(given), images.parent / given) if one.is_file()), None)
        if beside is not None:
            hdf5 = h5py.is_hdf5(beside)
            raise DataError(
                f"{given} is {'a' if hdf5 else 'no HDF5'} file, and --mask takes a key",
                f"give --mask {given}:KEY" if hdf5 else "write the mask into an HDF5 file, and give --mask FILE:KEY",
            )
        return images, key
    cuts = [at for at, letter in enumerate(given) if letter == ":"]
    for at in cuts:
        for path in (Path(given[:at]), images.parent / given[:at]):
            if given[:at] and path.is_file():
                return path, given[at + 1 :].strip("/")
    if "." in given[: cuts[-1]]:
        raise DataError(
            f"{given[: cuts[-1]]}: no such file, neither here nor in {images.parent}", "give --mask FILE:KEY"
        )
    return images, key
