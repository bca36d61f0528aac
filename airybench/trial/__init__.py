"""One trial, which is one cell with one seed: prepare its data, train it, log it; no study needed."""
