"""The simulators of both data sets, and the correlation maps and features that are computed from patterns."""
