"""Figures in one style: arrays (a gallery: a store) in, matplotlib figures out."""
