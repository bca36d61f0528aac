"""What every format shares: options, the rule for counts, and the reader of stacks, which yields a `ShotSource`."""
