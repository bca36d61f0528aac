"""Small-angle shots of single particles: the particles, and whole shots."""
