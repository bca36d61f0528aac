"""What both simulators share: bodies, scattering and interference, the detector, polar maps, random streams."""
