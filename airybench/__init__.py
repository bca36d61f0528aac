"""airybench: which network sorts diffraction patterns best, by how much and how surely."""

__version__ = "0.1.0"
