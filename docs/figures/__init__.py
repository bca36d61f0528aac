"""Draws the figures of the documentation: `python -m docs.figures`."""
