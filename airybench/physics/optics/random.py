"""Random numbers of one shot, from nothing but the seed, the shot's number and what they are for."""

from enum import IntEnum

import numpy as np

from airybench.errors import InputError

_LIMIT = 1 << 64


class Stream(IntEnum):
    """What numbers are drawn for; each has its own, so that one more draw for one shifts none of the others."""

    LABELS = 0
    PARAMETERS = 1
    DETECTOR = 2
    NOISE = 3
    ROBUSTNESS = 4


def shot_generator(seed: int, index: int, stream: Stream) -> np.random.Generator:
    """A counter-based generator keyed on (seed, index).

    The numbers of shot `index` are the same whatever other shots are drawn, in whatever order and process.

    Raises:
        InputError: seed or index is negative or does not fit 64 bits.
    """
    for name, value in (("seed", seed), ("shot index", index)):
        if not 0 <= value < _LIMIT:
            raise InputError(f"{name} {value} found; a whole number from 0 to 2^64 - 1 is needed.")
    counter = np.array([0, 0, 0, int(stream)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(counter=counter, key=np.array([seed, index], dtype=np.uint64)))
