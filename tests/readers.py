"""What reader processes run in tests: it lies here because they import it by name."""

import os
import signal
from dataclasses import dataclass

import numpy as np

from airybench.data.formats.shot_source import ShotReader
from airybench.errors import DataError


def squares(number: int) -> np.ndarray:
    """Three times the square of a number that is not negative."""
    if number < 0:
        raise DataError(f"{number}: negative")
    return np.full(3, number**2)


@dataclass(frozen=True)
class Dying:
    """Reads up to a shot, at which its process is killed."""

    read: ShotReader
    at: int

    def __call__(self, start: int, stop: int) -> np.ndarray:
        """Read, or die."""
        if start >= self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.read(start, stop)
