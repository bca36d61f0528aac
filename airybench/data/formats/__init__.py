"""Foreign files: one module a format, the rules that turn values into counts, and the import into a store."""
