"""Numbers that survive storage: the truth of a store holds float32."""

import numpy as np


def stored(value: float) -> float:
    """The float32 nearest to a drawn parameter, as a float.

    A pattern made from stored parameters is the pattern of the shot to the last bit only if the shot itself was made
    from numbers that float32 holds.

    >>> stored(0.1) == 0.1, stored(stored(0.1)) == stored(0.1)
    (False, True)
    """
    return float(np.float32(value))
