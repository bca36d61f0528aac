"""Sparse frames of Dragonfly: `.emc` files, binary or HDF5. The image comes from its detector file, or its shape."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import h5py

from airybench.data.formats.dragonfly_detector import Detector, read_detector
from airybench.data.formats.dragonfly_frames import BinaryFrames, HDF5Frames
from airybench.data.formats.dragonfly_size import PARTS, binary_size, hdf5_size
from airybench.data.hdf5.tree import file_tree
from airybench.data.reading.frame_source import FramePart, frame_source
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
from airybench.data.reading.questions import ENERGY_OPTION
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import ConfigError, DataError, MissingOptionError
from airybench.reporter import Reporter

KIND, TITLE = "dragonfly", "Dragonfly photons"
NEEDS = "an .emc file of Dragonfly"


def recognises(path: Path, options: SourceOptions) -> bool:
    """Whether a file is called `.emc`, or is HDF5 with the data sets of one."""
    if not path.is_file() or options.keys.images:
        return False
    if h5py.is_hdf5(path):
        return set(PARTS) | {"num_pix"} <= set(file_tree(path).datasets)
    return path.suffix.lower() == ".emc"


def open_source(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Read everything but the photons.

    Raises:
        ConfigError: options for stacks.
        DataError: a file is damaged, or belongs to another detector.
    """
    if (
        replace(options.keys, photon_energy=None) != StackKeys()
        or replace(options.frames, geometry=None, shape=None) != FrameOptions()
    ):
        raise ConfigError(
            f"{paths[0]}: .emc files take --geometry or --shape, --photon-energy and --labels-csv, and no keys"
        )
    sizes = [hdf5_size(path) if h5py.is_hdf5(path) else binary_size(path) for path in paths]
    geometry, shape = options.frames.geometry, options.frames.shape
    if geometry is None and shape is None:
        raise MissingOptionError(
            f"{paths[0]}: {sizes[0][0]} frames of {sizes[0][1]} pixels; the shape of the image is in Dragonfly's "
            f"detector file",
            f"--geometry DETECTOR_FILE{'' if options.keys.photon_energy else f' {ENERGY_OPTION}'}",
            "add --geometry DETECTOR_FILE, or --shape HEIGHT,WIDTH if the pixels are listed row by row and none is bad",
        )
    detector = read_detector(geometry) if geometry is not None else Detector.grid(shape or (0, 0))
    placed = f"placed by {geometry.name}" if geometry is not None else "row by row"
    parts = [_part(path, *size, detector, geometry) for path, size in zip(paths, sizes, strict=True)]
    choices = {
        "images": f"{sum(part.count for part in parts)} frames of {sizes[0][1]} pixels, {placed} on "
        f"{detector.shape[0]} x {detector.shape[1]} px",
        "ids": "the rows",
    }
    if geometry is not None:
        choices["mask"] = f"{geometry.name}: 2 is bad, places without a pixel are gaps"
    return frame_source(parts, options, reporter, kind="dragonfly", recognised=TITLE, choices=choices)


def _part(path: Path, count: int, pixels: int, detector: Detector, geometry: Path | None) -> FramePart:
    if pixels != len(detector.places):
        name = "--shape {},{}".format(*detector.shape) if geometry is None else geometry.name
        remedy = "give the shape of this detector" if geometry is None else "give its own detector file"
        raise DataError(f"{path}: {pixels} pixels, {name} has {len(detector.places)}", remedy)
    binary = not h5py.is_hdf5(path)
    return FramePart(
        path=path,
        frames=BinaryFrames.of(path, detector) if binary else HDF5Frames(path, count, pixels, detector),
        count=count,
        shape=detector.shape,
        good=None if geometry is None else detector.good,
        mask_words="" if geometry is None else f"pixels placed by {geometry.name}; bad ones and gaps masked",
        itemsize=8,
        files=(path,) if geometry is None else (path, geometry),
    )
