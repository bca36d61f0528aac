"""Training: objective, schedule, metrics and the loop."""
