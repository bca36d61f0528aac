"""The detectors of version 2: the conditions of one shot, from its data set, its run and itself.

A simulator of version 2 is given conditions and makes a shot with them: it asks for `photon_energy`, `size`, `frame`,
computes the noise-free pattern on `frame.geometry`, and has it detected by `detect`. `truth` holds what is stored of
data set, run and shot; the simulator adds what it draws itself, with `true_labels` and the same keys in every shot.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airybench.physics.fixed_frame import bloom, camera
from airybench.physics.helium.visibility import Frame
from airybench.physics.optics.detector import SmallAngleDetector
from airybench.physics.optics.detector_stages import (
    Image,
    amplify,
    blur_phosphor,
    detect_photons,
    digitise,
    efficiency_gradient,
    expected_photons,
)
from airybench.physics.optics.geometry import Geometry
from airybench.physics.optics.random import Stream, shot_generator
from airybench.physics.runs import RunSettings, run_of, run_settings, shot_beam
from airybench.physics.shot import Truth


@dataclass(frozen=True)
class _Conditions:
    """What both detectors have.

    Attributes:
        run: of the shot.
        geometry: of the detector, with the beam of the shot.
        stray_factor: of the shot on the stray light of its run.
    """

    run: RunSettings
    geometry: Geometry
    stray_factor: float

    @property
    def photon_energy(self) -> float:
        """Of the run, eV."""
        return self.run.photon_energy

    @property
    def size(self) -> float:
        """Factor of the run on the sizes of droplets."""
        return self.run.size

    @property
    def frame(self) -> Frame:
        """Where the pattern falls, what is sensitive, and the stray light in photons per pixel."""
        return Frame(self.geometry, self.run.settings.frame.sensitive, self.stray_factor * self.run.stray)

    def truth(self) -> Truth:
        """Numbers of data set, run and shot as they are stored."""
        run = self.run
        return run.settings.frame.truth() | {
            "gain": run.gain,
            "offset": run.offset,
            "read_noise": run.read_noise,
            "stray_photons": self.stray_factor * run.stray_photons,
            "stray_width": run.stray_width,
            "run_row_shift": run.geometry.row_shift,
            "run_column_shift": run.geometry.column_shift,
            "row_shift": self.geometry.row_shift,
            "column_shift": self.geometry.column_shift,
        }

    def _photons(self, pattern: Image, photons: float, rng: np.random.Generator) -> Image:
        """Photon numbers of particle and stray light together; `photons` is NaN without a particle."""
        frame = self.frame
        wanted = expected_photons(pattern, 0.0 if np.isnan(photons) else photons, frame.sensitive)
        return detect_photons((wanted + frame.stray).astype(np.float32), rng)

    def _read(self, counts: Image, rng: np.random.Generator, largest: int) -> NDArray[np.uint16]:
        run = self.run
        read = camera(counts, run.settings.frame, rng, offset=run.offset, noise=run.read_noise)
        return digitise(read, largest)


class WideAngleConditions(_Conditions):
    """Plate, phosphor and camera: stray photons go the same way as those of the droplet."""

    def detect(self, pattern: Image, photons: float, rng: np.random.Generator) -> NDArray[np.uint16]:
        """The counts of a pattern.

        Args:
            pattern: noise-free intensity on `frame.geometry`, on any scale, shape (size, size).
            photons: of the droplet on the sensitive area; NaN without a droplet.
            rng: of the noise of the shot.
        """
        run = self.run
        pulses = amplify(self._photons(pattern, photons, rng), rng, gamma=run.gamma, gain=run.gain)
        light = blur_phosphor(pulses, run.blur) * efficiency_gradient(run.geometry, run.gradient, run.gradient_angle)
        return self._read((light * run.settings.frame.flat).astype(np.float32), rng, np.iinfo(np.uint16).max)

    def truth(self) -> Truth:
        """Numbers of data set, run and shot as they are stored."""
        run = self.run
        return super().truth() | {
            "size_factor": run.size,
            "gamma": run.gamma,
            "blur": run.blur,
            "gradient": run.gradient,
            "gradient_angle": run.gradient_angle,
        }


class SmallAngleConditions(_Conditions):
    """A pnCCD: full pixels bloom along their columns."""

    def detect(self, pattern: Image, photons: float, rng: np.random.Generator) -> NDArray[np.uint16]:
        """The counts of a pattern; arguments as those of `WideAngleConditions.detect`."""
        frame, full = self.run.settings.frame, SmallAngleDetector().saturation
        charge = np.where(frame.sensitive, self._photons(pattern, photons, rng), 0) * self.run.gain * frame.flat
        return self._read(bloom(charge.astype(np.float32), frame, full), rng, full)


def wide_angle_conditions(seed: int, index: int) -> WideAngleConditions:
    """The conditions of a helium shot, which depend on seed and number only.

    >>> wide_angle_conditions(1612, 0).run is wide_angle_conditions(1612, 1).run
    True
    """
    run = run_settings("helium", seed, run_of(seed, index))
    return WideAngleConditions(run, *shot_beam(run, shot_generator(seed, index, Stream.DETECTOR)))


def small_angle_conditions(seed: int, index: int) -> SmallAngleConditions:
    """The conditions of a small-angle shot, which depend on seed and number only."""
    run = run_settings("cxidb", seed, run_of(seed, index))
    return SmallAngleConditions(run, *shot_beam(run, shot_generator(seed, index, Stream.DETECTOR)))
