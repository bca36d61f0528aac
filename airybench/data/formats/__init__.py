"""Files of other programs: one module per format, the rules that turn values into counts, and the import."""
