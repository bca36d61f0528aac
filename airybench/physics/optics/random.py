"""Random numbers of one shot, which depend only on the seed, the number of the shot and their purpose."""

from enum import IntEnum

import numpy as np

from airybench.errors import InputError

_LIMIT = 1 << 64


class Stream(IntEnum):
    """Purpose of random numbers: each has a stream of its own, so that another draw for one leaves the others alone."""

    LABELS = 0
    PARAMETERS = 1
    DETECTOR = 2
    NOISE = 3
    ROBUSTNESS = 4
    DATA_SET = 5
    RUN_BOUNDARY = 6
    RUN = 7


def shot_generator(seed: int, index: int, stream: Stream) -> np.random.Generator:
    """A counter-based generator (Philox) with the key (seed, index).

    The numbers of a shot do not depend on which other shots are drawn, in which order or in which process.

    Args:
        seed: of the series of shots.
        index: number of the shot in the series.
        stream: purpose of the numbers.

    Raises:
        InputError: seed or index is negative or does not fit 64 bits.

    >>> first = shot_generator(1612, 3, Stream.NOISE).random()
    >>> first == shot_generator(1612, 3, Stream.NOISE).random()
    True
    """
    for name, value in (("seed", seed), ("shot index", index)):
        if not 0 <= value < _LIMIT:
            raise InputError(f"{name} {value} found; a whole number from 0 to 2^64 - 1 is needed.")
    counter = np.array([0, 0, 0, int(stream)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(counter=counter, key=np.array([seed, index], dtype=np.uint64)))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A random number whose logarithm is uniformly distributed between those of `low` and `high`."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
