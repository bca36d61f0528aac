"""Which shots train, validate and test: by shot, by group, by folds, and fractions of the training part."""
