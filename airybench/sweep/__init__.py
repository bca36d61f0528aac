"""Sweeps: the space, the study that searches it, and the workers that run its trials."""
