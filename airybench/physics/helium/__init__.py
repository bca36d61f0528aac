"""Wide-angle helium nanodroplets: the rules of their labels, their shapes, a drawn droplet, one shot."""
