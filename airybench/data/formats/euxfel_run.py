"""Run folders of European XFEL: the files of all modules of a detector, read through extra-data."""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.conversion import RawImage
from airybench.data.reading.frame_source import FramePart, Frames, frame_source
from airybench.data.reading.frames import Framing, framing_of
from airybench.data.reading.identifiers import identifiers
from airybench.data.reading.options import SourceOptions, StackKeys
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import ConfigError, DataError
from airybench.reporter import Reporter

KIND, TITLE = "euxfel-run", "run folder of European XFEL"
DETECTORS = ("AGIPD1M", "AGIPD500K", "DSSC1M", "LPD1M")
"""Classes of extra-data whose shots have a train and a pulse."""

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
        from extra_data import by_id

        detector = _detector(self.path)
        owners = detector.train_ids_perframe[rows]
        for train in np.unique(owners):
            some, first = rows[owners == train], int(np.searchsorted(detector.train_ids_perframe, train))
            selected = detector.select_trains(by_id[[int(train)]])
            try:
                frames = self._frames(selected["image.data"], 0, some - first)
                bad = "image.mask" in selected and self._frames(selected["image.mask"], 0, some - first) != 0
            except (OSError, ValueError) as error:
                raise DataError(f"{self.path}: train {train} cannot be read ({error})", "get a whole copy") from error
            held = np.broadcast_to(self.present[some].reshape(len(some), -1, *(1,) * (len(self.framing.raw) - 1)),
                                   (len(some), *self.framing.raw))  # fmt: skip
            good = self.framing.images(self.framing.pick(held), 0) & np.isfinite(frames) & ~np.asarray(bad)
            for row, frame, one in zip(some, np.where(good, frames, 0), good, strict=True):
                yield f"shot {row}", frame, one

    def _frames(self, data: Any, fill: float, some: NDArray[np.int64]) -> NDArray[Any]:
        values = data.ndarray(module_gaps=True, fill_value=fill)[:, some].swapaxes(0, 1)
        return self.framing.images(self.framing.pick(values), fill)


def open_source(paths: Sequence[Path], options: SourceOptions, reporter: Reporter) -> ShotSource:
    """Read everything but the pixels.

    Raises:
        ConfigError: options for stacks, or extra-data is not installed.
        DataError: no detector or several, or the shape of its frames does not say how they become images.
    """
    if replace(options.keys, photon_energy=None) != StackKeys():
        raise ConfigError(f"{paths[0]}: run folders take no keys; ids are train and pulse")
    parts, words = zip(*(_part(path, options) for path in paths), strict=True)
    choices = {
        "images": f"image/data of the modules, {words[0]}",
        "ids": "trainId:pulseId",
        "mask": "image/mask where it is there, NaN, and modules that are missing in a train",
    }
    return frame_source(parts, options, reporter, kind=KIND, recognised=TITLE, choices=choices)


def _part(path: Path, options: SourceOptions) -> tuple[FramePart, str]:
    """The shots of one run, and how modules become images."""
    detector = _detector(path)
    data, trains = detector["image.data"], detector.train_ids_perframe
    modules, _, *frame = data.buffer_shape(module_gaps=True)
    raw = len(frame) == 3 and options.frames.channel is None
    said = replace(options.frames, channel=0) if raw else options.frames
    framing = framing_of(f"{path}: image/data", (modules, *frame), said)
    pulses = data.pulse_id_coordinates()
    present = np.zeros((len(trains), modules), bool)
    for number, source in detector.modno_to_source.items():
        counts = detector.data.get_data_counts(source, "image.data").reindex(detector.train_ids, fill_value=0)
        place = number - detector._modnos_start_at
        present[:, place] = np.repeat(counts.to_numpy() > 0, detector.frame_counts.to_numpy().astype(np.int64))
    part = FramePart(
        path=path,
        frames=RunFrames(path, framing, present),
        count=len(trains),
        shape=framing.shape,
        ids=identifiers([(f"{path}: trainId", trains), (f"{path}: pulseId", pulses)]),
        events={"trainId": trains, "pulseId": pulses},
        masked=True,
        mask_words="image/mask other than 0, missing modules and NaN masked",
        itemsize=4,
        files=tuple(Path(file.filename) for file in detector.data.files)
        + (() if options.frames.geometry is None else (options.frames.geometry,)),
    )
    return part, framing.words


@lru_cache(maxsize=2)
def _detector(path: Path) -> Any:
    """The one detector of a run, as extra-data reads it; kept, since opening a run reads the head of every file."""
    try:
        from extra_data import RunDirectory, components
    except ImportError as error:
        raise ConfigError(f"{path}: {TITLE} needs extra-data; pip install 'airybench[euxfel]'") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # raw modules are read as such
            run = RunDirectory(str(path))
            kinds = [getattr(components, name) for name in DETECTORS]
            found = [(kind, name) for kind in kinds for name in sorted(kind._find_detector_names(run))]
            if len(found) == 1:
                return found[0][0](run, found[0][1])
    except Exception as error:  # extra-data raises errors of many kinds for damaged files
        why = str(error).split("\n")[0]
        raise DataError(f"{path}: extra-data cannot read this run ({why})", "get a whole copy") from error
    names = ", ".join(name for _, name in found) or "none"
    raise DataError(
        f"{path}: detectors {names}; one of {', '.join(DETECTORS)} is expected", "keep the files of one in a folder"
    )
