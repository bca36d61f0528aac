"""Sweeps: the space, the study that searches it, and the trials."""
