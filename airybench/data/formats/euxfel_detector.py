"""The detector of one run of European XFEL, as extra-data reads it, whatever its type: shots, modules and pixels."""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airybench.errors import ConfigError, DataError

DETECTORS = ("AGIPD1M", "AGIPD500K", "DSSC1M", "LPD1M", "JUNGFRAU")
"""Classes of extra-data that are read."""

RUN = "run folder of European XFEL"

_NO_CELL = 255
_SINGLE = "JF500K"
"""In the name of a JUNGFRAU detector of one module, whatever its number is."""


@dataclass(frozen=True)
class RunDetector:
    """The N shots of a detector with M modules.

    Attributes:
        path: of the run.
        component: of extra-data.
        image: key of the pixels.
        mask: key of their mask.
        cells: shots of an entry of the files; AGIPD, DSSC and LPD have one entry for each shot, JUNGFRAU one for each
            train.
        pulse: what tells the shots of a train apart, `pulseId` or `memoryCell`.
    """

    path: Path
    component: Any
    image: str
    mask: str
    cells: int
    pulse: str

    @property
    def trains(self) -> NDArray[Any]:
        """Train of each shot, shape (N,)."""
        return np.repeat(self.component.train_ids_perframe, self.cells)

    def pulses(self) -> NDArray[Any]:
        """Number of each shot within its train, shape (N,)."""
        if self.pulse == "pulseId":
            return np.asarray(self.component[self.image].pulse_id_coordinates())
        places = np.tile(np.arange(self.cells), len(self.component.train_ids_perframe))
        if f"data.{self.pulse}" not in self.component:
            return places
        cells = self.component[f"data.{self.pulse}"].ndarray(fill_value=_NO_CELL).min(axis=0)
        apart = all(len(np.unique(one)) == len(one) for one in cells)
        return cells.reshape(-1).astype(np.int64) if apart else places

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one shot, (M, ...)."""
        modules, _, *rest = self.component[self.image].buffer_shape(module_gaps=True)
        return (modules, *(rest if self.pulse == "pulseId" else rest[1:]))

    def present(self) -> NDArray[np.bool_]:
        """Whether each module has each shot, shape (N, M)."""
        component = self.component
        frames = component.frame_counts.to_numpy().astype(np.int64) * self.cells
        present = np.zeros((frames.sum(), self.shape[0]), bool)
        for number, source in component.modno_to_source.items():
            counts = component.data.get_data_counts(source, self.image).reindex(component.train_ids, fill_value=0)
            present[:, number - component._modnos_start_at] = np.repeat(counts.to_numpy() > 0, frames)
        return present

    def read(self, train: int, some: NDArray[np.int64], fill: float = 0) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Pixels and mask of some shots of a train.

        Args:
            train: its id.
            some: numbers of shots within it, shape (n,).
            fill: what pixels of missing modules hold.

        Returns:
            Both of shape (n, M, ...); no mask where the run has none.

        Raises:
            DataError: a file is damaged.
        """
        from extra_data import by_id

        selected = self.component.select_trains(by_id[[train]])
        try:
            image = self._shots(selected[self.image], fill)[some]
            mask = self._shots(selected[self.mask], 0)[some] if self.mask in selected else None
        except (OSError, ValueError) as error:
            raise DataError(f"{self.path}: train {train} cannot be read ({error})", "get a whole copy") from error
        return image, mask

    def _shots(self, data: Any, fill: float) -> NDArray[Any]:
        values = data.ndarray(module_gaps=True, fill_value=fill)
        if self.pulse != "pulseId":
            values = values.reshape(len(values), -1, *values.shape[3:])
        return np.asarray(values.swapaxes(0, 1))


@lru_cache(maxsize=2)
def run_detector(path: Path) -> RunDetector:
    """The one detector of a run; kept, since opening a run reads the head of every file.

    Args:
        path: of the run folder.

    Raises:
        ConfigError: extra-data is not installed.
        DataError: the run cannot be read, or has no detector or several.
    """
    try:
        from extra_data import RunDirectory, components
    except ImportError as error:
        raise ConfigError(f"{path}: {RUN} needs extra-data; pip install 'airybench[euxfel]'") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # raw modules are read as such
            run = RunDirectory(str(path))
            kinds = [getattr(components, name) for name in DETECTORS]
            found = [(kind, name) for kind in kinds for name in sorted(kind._find_detector_names(run))]
            if len(found) == 1:
                return _opened(path, run, *found[0])
    except Exception as error:  # extra-data raises errors of many kinds for damaged files
        why = str(error).split("\n")[0]
        raise DataError(f"{path}: extra-data cannot read this run ({why})", "get a whole copy") from error
    names = ", ".join(name for _, name in found) or "none"
    raise DataError(
        f"{path}: detectors {names}; one of {', '.join(DETECTORS)} is expected", "keep the files of one in a folder"
    )


def _opened(path: Path, run: Any, kind: Any, name: str) -> RunDetector:
    if kind.__name__ != "JUNGFRAU":
        return RunDetector(path, kind(run, name), "image.data", "image.mask", 1, "pulseId")
    component = kind(run, name)
    if _SINGLE in name and len(component.modno_to_source) == 1:
        component = kind(run, name, first_modno=min(component.modno_to_source))
    return RunDetector(path, component, "data.adc", "data.mask", component._frames_per_entry, "memoryCell")
