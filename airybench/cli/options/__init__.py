"""Options that commands share: `common` ones, `parameters` of a trial, and those of a `source` or a `benchmark`."""
