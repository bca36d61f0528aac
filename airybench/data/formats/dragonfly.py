"""Sparse frames of Dragonfly: `.emc` files, binary or HDF5. The image comes from its detector file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import h5py

from airybench.data.formats.dragonfly_detector import Detector, read_detector
from airybench.data.formats.dragonfly_frames import PARTS, BinaryFrames, HDF5Frames, binary_size, hdf5_size
from airybench.data.hdf5.tree import file_tree
from airybench.data.reading.frame_source import FramePart, frame_source
from airybench.data.reading.options import FrameOptions, SourceOptions, StackKeys
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
        ConfigError: options for stacks, or no detector file.
        DataError: a file is damaged, or belongs to another detector.
    """
    if (
        replace(options.keys, photon_energy=None) != StackKeys()
        or replace(options.frames, geometry=None) != FrameOptions()
    ):
        raise ConfigError(f"{paths[0]}: .emc files take --geometry, --photon-energy and --labels-csv, and no keys")
    sizes = [hdf5_size(path) if h5py.is_hdf5(path) else binary_size(path) for path in paths]
    if options.frames.geometry is None:
        raise MissingOptionError(
            f"{paths[0]}: {sizes[0][0]} frames of {sizes[0][1]} pixels; the shape of the image is in Dragonfly's "
            f"detector file",
            "--geometry DETECTOR_FILE",
        )
    detector = read_detector(options.frames.geometry)
    parts = [_part(path, *size, detector, options.frames.geometry) for path, size in zip(paths, sizes, strict=True)]
    choices = {
        "images": f"{sum(part.count for part in parts)} frames of {sizes[0][1]} pixels, placed by "
        f"{options.frames.geometry.name} on {detector.shape[0]} x {detector.shape[1]} px",
        "ids": "the rows",
        "mask": f"{options.frames.geometry.name}: 2 is bad, places without a pixel are gaps",
    }
    return frame_source(parts, options, reporter, kind="dragonfly", recognised=TITLE, choices=choices)


def _part(path: Path, count: int, pixels: int, detector: Detector, geometry: Path) -> FramePart:
    if pixels != len(detector.places):
        raise DataError(
            f"{path}: {pixels} pixels, {geometry.name} has {len(detector.places)}", "give its own detector file"
        )
    binary = not h5py.is_hdf5(path)
    return FramePart(
        path=path,
        frames=BinaryFrames.of(path, detector) if binary else HDF5Frames(path, count, pixels, detector),
        count=count,
        shape=detector.shape,
        good=detector.good,
        mask_words=f"pixels placed by {geometry.name}; bad ones and gaps masked",
        itemsize=8,
        files=(path, geometry),
    )
