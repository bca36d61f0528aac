"""Optics that both simulators share: geometry, convex bodies, scattering, interference, detector, polar maps."""
