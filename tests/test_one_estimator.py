"""There is one estimator of intervals and one place that rounds them."""

import re
from pathlib import Path

import airybench

PACKAGE = Path(airybench.__file__).parent
QUANTILE = re.compile(r"\.ppf\(|\.isf\(|percentile\(|quantile\(|1\.96|\.sem\(|proportion_ci|stats\.bootstrap")
OWN_INTERVAL = re.compile(r"f\}? ?(\.\.|to) ?\{[^}]*f\}")

QUANTILES = {
    "inference/spread.py": "the t interval, and that of a share",
    "analysis/estimate.py": "whether one variance of two seeds is larger than that of the study",
    "analysis/power.py": "the difference that a study to come can tell",
    "inference/lit_pixels.py": "the threshold of the rule is made of quartiles of counts",
}
"""Modules that use quantiles, and for what."""


def sources() -> dict[str, str]:
    """Code that speaks of scores, by path; pictures and detectors have quantiles of counts."""
    rooms = ("analysis", "api", "cli", "figures", "inference", "jobs", "report", "sweep", "trial")
    files = [path for room in rooms for path in sorted((PACKAGE / room).rglob("*.py"))]
    found = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in files}
    return {name: text for name, text in found.items() if name not in ("figures/gallery.py", "figures/plot_data.py")}


def test_no_second_interval_is_computed() -> None:
    assert {name for name, text in sources().items() if QUANTILE.search(text)} == QUANTILES.keys()


def test_no_second_place_rounds_an_interval() -> None:
    assert OWN_INTERVAL.search('f"{low:.2f} .. {high:.2f}"')
    assert [name for name, text in sources().items() if OWN_INTERVAL.search(text)] == []
