"""The store: reading, writing, checking and describing one HDF5 file of shots."""
