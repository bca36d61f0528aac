"""One value for each shot, numbers or text, between HDF5 and memory."""

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray


def read_column(data: h5py.Dataset, rows: slice = slice(None)) -> NDArray[Any]:
    """Values of a data set; text of any kind becomes an array of NumPy's unicode type.

    Args:
        data: numbers or text, shape (N, ...).
        rows: which of them.
    """
    if h5py.check_string_dtype(data.dtype) is None:
        return np.asarray(data[rows] if data.shape else data[()])
    # Text that is no UTF-8 is kept as its escaped bytes: different texts stay different.
    text = np.asarray(data.asstr("utf-8", "backslashreplace")[rows if data.shape else ()])
    return text.astype(np.str_)


def as_text(values: NDArray[Any]) -> NDArray[Any]:
    """Text as NumPy's unicode type, whether it came as that, as bytes or as objects; anything else as it is.

    >>> as_text(np.array([b"a", b"bc"]))
    array(['a', 'bc'], dtype='<U2')
    """
    if values.dtype.kind not in "SO":
        return values
    decoded = [
        str(one, "utf-8", "backslashreplace") if isinstance(one, bytes) else str(one) for one in values.reshape(-1)
    ]
    return np.array(decoded, np.str_).reshape(values.shape)


def storable(values: NDArray[Any]) -> NDArray[Any]:
    """Values as h5py writes them: text becomes UTF-8 of variable length."""
    text = as_text(values)
    return text.astype(h5py.string_dtype()) if text.dtype.kind == "U" else values


def fixed_text(values: NDArray[Any]) -> NDArray[Any]:
    """The same with text as UTF-8 of one length, which checksums and filters of HDF5 can be put on."""
    text = as_text(values)
    if text.dtype.kind != "U":
        return values
    encoded = np.char.encode(text, "utf-8")
    return encoded.astype(h5py.string_dtype("utf-8", max(encoded.dtype.itemsize, 1)))
