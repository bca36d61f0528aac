"""The largest difference that does not matter."""

from airybench.errors import ConfigError

DELTA = 0.02
"""By default: of macro-AP."""


def margin(delta: float | None) -> float:
    """A margin that was given, or DELTA.

    Raises:
        ConfigError: it is not a number above 0 and below 1.
    """
    if delta is None:
        return DELTA
    if not 0 < delta < 1:
        raise ConfigError(f"delta is {delta:g}; give a number above 0 and below 1, such as {DELTA:g}")
    return delta
