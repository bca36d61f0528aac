"""The version, which every run, model and file records."""

__version__ = "0.1.0"
