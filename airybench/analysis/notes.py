"""Sentences that go with every result, in the terminal and in reports."""

from collections.abc import Sequence

SIMULATED_DATA = "The data are simulated: the results hold for the simulation, not for the experiment."


def label_ceiling(metric: str, value: float, part: str = "test") -> str:
    """What the true labels of simulated shots score against those that the labeller gave.

    Args:
        metric: `macro_ap`, ...
        value: of the metric.
        part: the part of the split, `train`, `val`, `test` or `all`.

    >>> label_ceiling("macro_ap", 0.934)
    'Label ceiling: macro_ap 0.934 on test, what the true labels score against the given ones, which err as people do.'
    """
    return (
        f"Label ceiling: {metric} {value:.3f} on {part}, what the true labels score against the given ones, which err "
        "as people do."
    )


def unscored_classes(names: Sequence[str], part: str = "test") -> str:
    """Which classes the macro averages leave out.

    Args:
        names: classes without a positive or without a negative shot; at least one.
        part: the part of the split, `train`, `val` or `test`.

    >>> unscored_classes(["Layered"])
    'Not scored, since test has only positive or only negative shots of: Layered.'
    """
    return f"Not scored, since {part} has only positive or only negative shots of: {', '.join(names)}."
