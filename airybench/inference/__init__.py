"""Use of trained networks: predictions, evaluation, Grad-CAM, export, and weights on disk."""
