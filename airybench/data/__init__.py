"""Data: files of other programs, stores, data sets by name, splits, and the batches that a network sees."""
