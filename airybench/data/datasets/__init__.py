"""Data sets by name: the catalog, and stores that are simulated on first use."""
