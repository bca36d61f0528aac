"""From a store to batches on a device: preprocessing, placement, prefetching, noise."""
