"""Labels and lists of shots from files beside the images."""
