"""Training: loss, schedule, metrics, checkpoints and the training loop; and the support-vector baseline."""
