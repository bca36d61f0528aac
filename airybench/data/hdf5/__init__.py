"""HDF5 files: opened safely, listed, and their links followed only where that is allowed."""
