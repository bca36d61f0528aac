"""Where CXI files keep things, below the group of an entry."""

IMAGE = "instrument_1/detector_1/data"
ENERGY = "instrument_1/source_1/energy"
IDS = ("experimental_identifier", "experiment_identifier")
"""Both spellings occur."""
