"""The formats that are known."""

from airybench.data.formats import (
    cxi,
    deposit,
    dragonfly,
    eiger,
    euxfel_cxi,
    euxfel_run,
    fermi,
    numpy_file,
    pictures,
    sacla,
    stack,
    store_source,
    swissfel,
)
from airybench.data.formats.format import Format
from airybench.data.formats.hdf5_format import HDF5Format

FORMATS: tuple[Format, ...] = (
    store_source,
    euxfel_run,
    HDF5Format(euxfel_cxi),
    HDF5Format(cxi),
    HDF5Format(eiger),
    HDF5Format(fermi),
    HDF5Format(sacla),
    HDF5Format(swissfel),
    deposit,
    dragonfly,
    numpy_file,
    pictures,
    HDF5Format(stack, stack.named),
)
"""The first that recognises a file reads it. The more a format asks of a file, the earlier it is tried: a virtual file
of European XFEL is a CXI stack with trains and pulses, and a CXI stack has the groups of a deposit too. A new format is
a module in this folder, and its name in this list."""

KINDS = tuple(one.KIND for one in FORMATS)
"""What `--kind` names."""
