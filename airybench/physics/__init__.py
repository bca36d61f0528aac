"""The physics behind both data sets: fields, particles, detector counts and label populations."""
