"""Wide-angle shots of helium nanodroplets: label rules, droplet shapes, random droplets, and whole shots."""
