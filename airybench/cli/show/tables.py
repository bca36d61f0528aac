"""What printed results share: numbers with their intervals, and closing lines."""

import math
import shlex
from collections.abc import Mapping, Sequence

from rich.console import Console

from airybench.analysis.notes import label_ceiling, simulated_data, unscored_classes
from airybench.analysis.number_text import with_interval
from airybench.provenance import Provenance
from airybench.tracking.store import tracking_uri


def logged_score(metrics: Mapping[str, float], key: str) -> str:
    """A logged metric with its interval in brackets, from `KEY`, `KEY/low` and `KEY/high`.

    >>> logged_score({"test/mcc": 0.62, "test/mcc/low": 0.537, "test/mcc/high": 0.667}, "test/mcc")
    '0.620 [0.537 .. 0.667]'
    """
    return with_interval(metrics[key], metrics.get(f"{key}/low", math.nan), metrics.get(f"{key}/high", math.nan))


def print_caveats(console: Console, unscored: Sequence[str], origin: Provenance, part: str = "test") -> None:
    """Name the classes that are not scored, and say so where the data are simulated."""
    if unscored:
        console.print(unscored_classes(unscored, part), soft_wrap=True)
    if origin.simulated:
        console.print(simulated_data(origin.simulator), soft_wrap=True)


def print_ceiling(console: Console, metric: str, value: float | None, part: str = "test") -> None:
    """The label ceiling, where the true labels are known."""
    if value is not None:
        console.print(label_ceiling(metric, value, part), soft_wrap=True)


def print_whereabouts(console: Console, uri: str, model_uri: str = "") -> None:
    """Where the model is, and where to look at the runs."""
    if model_uri:
        console.print(f"Model: {model_uri}", soft_wrap=True)
    other = "" if uri == tracking_uri() else f" --tracking-uri {shlex.quote(uri)}"
    where = f"at {uri}" if uri.startswith("http") else f"airybench ui{other}"
    console.print(f"Compare runs: {where}", soft_wrap=True)
