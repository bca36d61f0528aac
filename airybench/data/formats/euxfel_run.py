"""Run folders of European XFEL: the files of all modules of a detector, read through extra-data."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.formats.euxfel_cxi import PLANES
from airybench.data.formats.euxfel_detector import RUN, run_detector
from airybench.data.reading.conversion import RawImage
from airybench.data.reading.frame_source import FramePart, Frames, frame_source
from airybench.data.reading.frames import Framing, framing_of
from airybench.data.reading.identifiers import identifiers
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import ConfigError
from airybench.reporter import Reporter

KIND, TITLE = "euxfel-run", RUN

_FILE = re.compile(r"(RAW|CORR|PROC)-R\d+-\w+-S\d+\.h5")


def recognises(path: Path, options: SourceOptions) -> bool:
    """Whether a folder holds files that are called as those of a run."""
    return path.is_dir() and not options.keys.images and any(map(_FILE.fullmatch, (one.name for one in path.iterdir())))


@dataclass(frozen=True)
class RunFrames(Frames):
    """Shots of one run.

    Attributes:
        path: of the run.
        framing: from modules to images.
        present: whether each module has each shot, shape (N, M).
    """

    path: Path
    framing: Framing
    present: NDArray[np.bool_]

    def images(self, rows: NDArray[np.int64]) -> Iterator[RawImage]:
        """See `Frames.images`."""
        detector = run_detector(self.path)
        trains = detector.trains
        owners = trains[rows]
        for train in np.unique(owners):
            some, first = rows[owners == train], int(np.searchsorted(trains, train))
            frames, mask = detector.read(int(train), some - first)
            frames = self._images(frames)
            bad = mask is not None and self._images(mask) != 0
            held = np.broadcast_to(self.present[some].reshape(len(some), -1, *(1,) * (len(self.framing.raw) - 1)),
                                   (len(some), *self.framing.raw))  # fmt: skip
            good = self._images(held) & np.isfinite(frames) & ~np.asarray(bad)
            for row, frame, one in zip(some, np.where(good, frames, 0), good, strict=True):
                yield f"shot {row}", frame, one

    def _images(self, values: NDArray[Any]) -> NDArray[Any]:
        return self.framing.images(self.framing.pick(values), 0)


def open_source(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Read everything but the pixels.

    Raises:
        ConfigError: options for stacks, or extra-data is not installed.
        DataError: no detector or several, or the shape of its frames does not say how they become images.
    """
    if replace(options.keys, photon_energy=None) != StackKeys():
        raise ConfigError(f"{paths[0]}: run folders take no keys; ids are train and pulse")
    parts, words = zip(*(_part(path, options) for path in paths), strict=True)
    detector = run_detector(paths[0])
    pixels, mask = (key.replace(".", "/") for key in (detector.image, detector.mask))
    choices = {
        "images": f"{pixels} of the modules" + (f", {words[0]}" if words[0] else ""),
        "ids": f"trainId:{detector.pulse}",
        "mask": f"{mask} where it is there, NaN, and modules that are missing in a train",
    }
    return frame_source(parts, options, reporter, kind=KIND, recognised=TITLE, choices=choices)


def _part(path: Path, options: SourceOptions) -> tuple[FramePart, str]:
    """The shots of one run, and how modules become images."""
    detector = run_detector(path)
    trains, pulses, shape = detector.trains, detector.pulses(), detector.shape
    raw = len(shape) == 4 and options.frames.channel is None and shape[1] == PLANES
    said = replace(options.frames, channel=0) if raw else options.frames
    if shape[0] == 1 and not options.frames.stack_modules and options.frames.geometry is None:
        said = replace(said, index=said.index or 0)  # one module needs no arrangement
    framing = framing_of(f"{path}: {detector.image.replace('.', '/')}", shape, said)
    part = FramePart(
        path=path,
        frames=RunFrames(path, framing, detector.present()),
        count=len(trains),
        shape=framing.shape,
        ids=identifiers([(f"{path}: trainId", trains), (f"{path}: {detector.pulse}", pulses)]),
        events={"trainId": trains, detector.pulse: pulses},
        masked=True,
        mask_words="the detector's mask other than 0, missing modules and NaN masked",
        itemsize=4,
        files=tuple(Path(file.filename) for file in detector.component.data.files)
        + (() if options.frames.geometry is None else (options.frames.geometry,)),
    )
    return part, framing.words
