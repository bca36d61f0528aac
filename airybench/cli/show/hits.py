"""Hit finding on stdout: the network beside what needs none."""

import math
from collections.abc import Mapping

from airybench.analysis.notes import FEW_HITS, hit_mark
from airybench.analysis.number_text import interval_text, score_text
from airybench.cli.show.grid import Grid
from airybench.inference.hits import HIT_METRICS

HEADINGS = ("precision", "recall", "balanced", "AUC", "AP", "95 % of AP")


def hit_table(title: str, rows: Mapping[str, Mapping[str, float]]) -> Grid | None:
    """A table of hit finding; None where no row has scores of it.

    Args:
        title: of the table.
        rows: by name, the scores by metric of HIT_METRICS, with `hit_ap/low` and `hit_ap/high` where known.
    """
    table = Grid(title)
    table.column("hit or miss by", left=True, key=True)
    for heading in HEADINGS:
        table.column(heading, joined=heading == HEADINGS[-1])
    for name, scores in rows.items():
        if all(metric in scores for metric in HIT_METRICS):
            low, high = (scores.get(f"hit_ap/{end}", math.nan) for end in ("low", "high"))
            numbers = (score_text(scores[metric]) for metric in HIT_METRICS)
            table.row(name, *numbers, interval_text(low, high) + hit_mark(scores))
    if any(map(hit_mark, rows.values())):
        table.caption = FEW_HITS
    return table if table.rows else None


def below(prefix: str, metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics whose keys begin with a prefix, without it.

    >>> below("test/", {"test/hit_ap": 0.5, "val/hit_ap": 0.4})
    {'hit_ap': 0.5}
    """
    return {key.removeprefix(prefix): value for key, value in metrics.items() if key.startswith(prefix)}
