"""What trained networks say: weights on disk, models from raw counts to probabilities, intervals, baselines."""
