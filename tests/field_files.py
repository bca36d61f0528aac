"""Small files in the layouts of the facilities, written by plain h5py, each with what is to be read from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

JOULE = 1.602176634e-19
HC = 12398.41984  # eV angstrom


@dataclass(frozen=True)
class Truth:
    """What a source holds.

    Attributes:
        paths: the files, or the folder, to import.
        images: values of the shots that are to be taken, as they are stored: shape (N, H, W), with modules
            (N, M, H, W), raw (N, M, 2, H, W).
        ids: of those shots, as text.
        good: valid pixels, shaped as one image or as all; None where all are.
        energy: eV, shape (N,); None where the file does not say.
        groups: run of each shot; None where there is one.
        left_out: ids of the shots that are not to be taken.
    """

    paths: tuple[Path, ...]
    images: NDArray[Any]
    ids: tuple[str, ...]
    good: NDArray[np.bool_] | None = None
    energy: NDArray[np.float64] | None = None
    groups: tuple[int, ...] | None = None
    left_out: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The first of the paths."""
        return self.paths[0]


def text(values: Any) -> tuple[str, ...]:
    """Values as text, one for each shot."""
    return tuple(str(value) for value in np.asarray(values).reshape(-1).tolist())


def cheetah_cxi(
    folder: Path,
    *,
    padded: bool = True,
    attribute: bool = True,
    mask_each: bool = False,
    identifiers: bool = True,
    dtype: str = "i2",
    static_mask: bool = False,
) -> Truth:
    """LCLS, a stack as Cheetah or psocake writes it.

    Args:
        folder: to write `hits.cxi` to, and `staticMask.h5`.
        padded: the stack is longer than what was written to it.
        attribute: it says how many images it has.
        mask_each: each shot has its mask.
        identifiers: text that names the events; otherwise only times and fiducials.
        dtype: of the images.
        static_mask: the mask is in a file of its own, as with psocake.
    """
    rng = np.random.default_rng(9)
    used, height, width = 9, 10, 12
    total = 16 if padded else used
    bits = np.zeros((height, width), "u2")
    bits[:6, 0] = 1, 2, 128, 2048, 8192, 16384
    images = np.zeros((total, height, width), dtype)
    images[:used] = rng.poisson(5, (used, height, width))
    images[:used, :3, 0] = 999

    def column(values: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([values, np.zeros(total - used, values.dtype)])

    seconds, nanoseconds = 1_400_000_000 + np.arange(used) // 4, rng.integers(0, 10**9, used)
    fiducials = 30_000 + 3 * np.arange(used)
    names = tuple(f"LCLS_{row:05d}" for row in range(used))
    path = folder / "hits.cxi"
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 140
        group = file.create_group("entry_1/instrument_1/detector_1")
        stack = group.create_dataset("data", data=images, chunks=(1, height, width), maxshape=(None, height, width))
        if attribute:
            stack.attrs["numEvents"] = used
        if not static_mask:
            group["mask"] = np.repeat(bits[None], total, axis=0) if mask_each else bits
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        file["LCLS/machineTime"], file["LCLS/machineTimeNanoSeconds"] = column(seconds), column(nanoseconds)
        file["LCLS/fiducial"] = column(fiducials)
        file["LCLS/photon_energy_eV"] = column(np.full(used, 8000.0))
        file["entry_1/instrument_1/source_1/energy"] = column(np.full(used, 8000 * JOULE))
        if identifiers:
            file["entry_1/experimental_identifier"] = np.array([*names, *[""] * (total - used)], "S16")
    if static_mask:
        with h5py.File(folder / "staticMask.h5", "w") as file:
            file["entry_1/data_1/mask"] = bits
    composite = tuple(f"{s}:{n}:{f}" for s, n, f in zip(seconds, nanoseconds, fiducials, strict=True))
    good = (bits & ~np.uint16(2048 | 8192 | 16384)) == 0
    return Truth((path,), images[:used], names if identifiers else composite, good, np.full(used, 8000.0))


def eiger_master(folder: Path, *, dtype: str = "u2", units: str | None = "angstrom", gone: int | None = None) -> Truth:
    """A master file of an Eiger detector over three files of images.

    Args:
        folder: to write `w_master.h5` to.
        dtype: u2 or u4; gaps hold its largest value, and so does one overflow.
        units: of the wavelength.
        gone: number of a file that is deleted afterwards.
    """
    rng = np.random.default_rng(10)
    height, width, full = 14, 18, np.iinfo(dtype).max
    flags = np.zeros((height, width), "u4")
    flags[6:8] = 1
    flags[1, 1:4] = 2, 8, 16
    parts, last = [], 0
    for number, count in ((1, 4), (2, 4), (3, 2)):
        images = rng.poisson(4, (count, height, width)).astype(dtype)
        images[:, flags > 0] = full
        with h5py.File(folder / f"w_data_{number:06d}.h5", "w") as file:
            stack = file.create_dataset(
                "entry/data/data", data=images, chunks=(1, height, width), **hdf5plugin.Bitshuffle(cname="lz4")
            )
            stack.attrs["image_nr_low"], stack.attrs["image_nr_high"] = last + 1, last + count
        parts.append(images)
        last += count
    path = folder / "w_master.h5"
    with h5py.File(path, "w") as file:
        data = file.create_group("entry/data")
        for number in (1, 2, 3):
            data[f"data_{number:06d}"] = h5py.ExternalLink(f"w_data_{number:06d}.h5", "/entry/data/data")
        specific = file.create_group("entry/instrument/detector/detectorSpecific")
        specific["pixel_mask"], specific["nimages"], specific["ntrigger"] = flags, last, 1
        specific["photon_energy"] = 10_000.0
        file["entry/instrument/beam/incident_wavelength"] = 1.24
        if units is not None:
            file["entry/instrument/beam/incident_wavelength"].attrs["units"] = units
    if gone is not None:
        (folder / f"w_data_{gone:06d}.h5").unlink()
    energy = np.full(last, HC / 1.24)
    return Truth((path,), np.concatenate(parts), text(np.arange(last) + 1), flags == 0, energy)


def fermi_runs(
    folder: Path, *, runs: Sequence[int] = (1, 2), files: int = 2, single: bool = False, period: int | None = 5
) -> Truth:
    """FERMI, end station LDM: one folder for each run, several files in it.

    Args:
        folder: to write `Run_001/rawdata/Run_001_1.h5` and so on to.
        runs: numbers of the runs.
        files: files of each run.
        single: each file has one shot.
        period: bunches that it divides are without sample; None where the file does not say.
    """
    rng = np.random.default_rng(11)
    count, shape, bunch = 1 if single else 6, (9, 11), 100
    paths, taken, ids, groups, left_out = [], [], [], [], []
    for run in runs:
        home = folder / f"Run_{run:03d}" / "rawdata"
        home.mkdir(parents=True)
        for number in range(1, files + 1):
            images = rng.poisson(6, (count, *shape)).astype("u2")
            bunches = bunch + np.arange(count)
            bunch += count
            path = home / f"Run_{run:03d}_{number}.h5"
            with h5py.File(path, "w") as file:
                file["vmi/andor"] = images[0] if single else images
                file["bunches"] = bunches[0] if single else bunches
                if period:
                    file["Background_Period"] = period
                file["photon_source/FEL01/wavelength"] = 57.7
                file["photon_source/FEL01/wavelength"].attrs["units"] = "nm"
            paths.append(path)
            for image, one in zip(images, bunches, strict=True):
                if period and one % period == 0:
                    left_out.append(str(one))
                    continue
                taken.append(image)
                ids.append(str(one))
                groups.append(run)
    energy = np.full(len(ids), HC / 577)
    return Truth(tuple(paths), np.array(taken), tuple(ids), None, energy, tuple(groups), tuple(left_out))


def sacla_run(folder: Path, *, runs: Sequence[int] = (259986,), energy: bool = True, cancelled: bool = True) -> Truth:
    """SACLA, one data set for each shot, below the tag's number.

    Args:
        folder: to write `sacla.h5` to.
        runs: numbers of the runs.
        energy: whether photon energies are in the file.
        cancelled: the list of tags is longer than the shots that were written.
    """
    rng = np.random.default_rng(12)
    images, ids, energies, groups, tag = [], [], [], [], 441_000_000
    path = folder / "sacla.h5"
    with h5py.File(path, "w") as file:
        file["metadata/detector"] = np.bytes_("MPCCD")
        for run in runs:
            home = file.create_group(f"run_{run}")
            tags = tag + 2 * np.arange(7)
            tag += 100
            values = 10_000.0 + np.arange(7)
            for row, one in enumerate(tags):
                if cancelled and row in (2, 6):
                    continue
                image = rng.poisson(5, (8, 10)).astype("u2")
                home[f"detector_2d_assembled_1/tag_{one}/detector_data"] = image
                images.append(image)
                ids.append(str(one))
                energies.append(values[row])
                groups.append(run)
            home["detector_2d_assembled_1/detector_info/detector_name"] = np.bytes_("MPCCD-8-2-002")
            home["event_info/tag_number_list"] = tags
            home["run_info/run_number"] = run
            if energy:
                home["event_info/bl_3/oh_2/photon_energy_in_eV"] = values
    return Truth((path,), np.array(images), tuple(ids), None, np.array(energies) if energy else None, tuple(groups))


def sacla_hits(folder: Path) -> Truth:
    """SACLA, the hits that Cheetah found: a group for each tag at the root.

    Args:
        folder: to write `hits.h5` to.
    """
    tags, energies = 441_000_000 + 2 * np.arange(6), 7000.0 + np.arange(6)
    images = np.random.default_rng(13).poisson(5, (6, 9, 11)).astype("u2")
    with h5py.File(folder / "hits.h5", "w") as file:
        file["metadata/pixelmask"] = np.zeros((9, 11), "u2")
        for tag, image, energy in zip(tags, images, energies, strict=True):
            file[f"tag-{tag}/data"], file[f"tag-{tag}/photon_energy_ev"] = image, energy
    return Truth((folder / "hits.h5",), images, text(tags), None, energies)


def swissfel_run(
    folder: Path, *, columns: bool = True, processed: bool = False, mask: str | None = "bool", name: str = "run_000041"
) -> Truth:
    """SwissFEL, a Jungfrau detector.

    Args:
        folder: to write `NAME.JF06T08V04.h5` to.
        columns: columns are (N, 1); otherwise (N,).
        processed: float32 instead of int32.
        mask: dtype of `meta/pixel_mask`, where True means good; None without one.
        name: of the run.
    """
    rng = np.random.default_rng(14)
    count, height, width = 12, 9, 11
    images = rng.poisson(3, (count, height, width)).astype("f4" if processed else "i4")
    good = np.ones(count, bool)
    good[[4, 9]] = False
    images[~good, 4:] = -1
    pulses = 9_876_543_210 + 4 * np.arange(count)
    pixels = np.ones((height, width), bool)
    pixels[2, 3:6] = False
    shape = (count, 1) if columns else (count,)
    path = folder / f"{name}.JF06T08V04.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("data/JF06T08V04")
        group.create_dataset("data", data=images, chunks=(1, height, width), **hdf5plugin.Bitshuffle(cname="lz4"))
        group["is_good_frame"] = good.astype("u1").reshape(shape)
        group["pulse_id"] = pulses.astype("u8").reshape(shape)
        group["frame_index"] = np.arange(count, dtype="u8").reshape(shape)
        group["daq_rec"] = np.full(shape, 3, "u4")
        file["general/detector_name"] = "JF06T08V04"
        if mask:
            group["meta/pixel_mask"] = pixels.astype(mask)
    ids, left_out = text(pulses[good]), text(pulses[~good])
    return Truth((path,), images[good], ids, pixels if mask else None, None, None, left_out)
