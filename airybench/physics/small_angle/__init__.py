"""Small-angle patterns of particles: the particles and one shot."""
