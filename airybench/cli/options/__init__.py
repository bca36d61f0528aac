"""The options that commands share: `common` ones, those of a `source` of shots, and the `parameters` of a trial."""
