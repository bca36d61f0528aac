"""One trial, a cell with one seed: prepare its data, execute it, say what it came to; no study needed."""
