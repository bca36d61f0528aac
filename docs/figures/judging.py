"""How differences are judged: the words, what a sweep can tell before it runs, and the calibration."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from airybench.analysis.calibration import VerdictCounts
from airybench.analysis.calibration_draw import Setting, label_sets
from airybench.analysis.estimate import Estimate
from airybench.analysis.power import SEED_SD, detectable, expected_test
from airybench.analysis.verdicts import judged
from airybench.config.margin import DELTA
from airybench.figures.style import BLUE, GREEN, GREY, ORANGE, new_figure
from airybench.inference.spread import Spread
from airybench.jobs.calibrate import CalibrationRow, picture

COUNTED = Path(__file__).parents[1] / "statistics"
"""What `airybench calibrate --synthetic --output` wrote."""

EXAMPLES = ((0.08, 0.018, 20, True), (-0.06, 0.02, 20, True), (0.004, 0.007, 30, True), (0.035, 0.03, 12, True),
            (0.05, 0.015, 153, False))  # fmt: skip
"""Difference, standard error, degrees of freedom, and whether there are seeds enough."""

SEEDS = range(2, 11)


def verdicts() -> Figure:
    """One interval for each word, with the margin."""
    estimates = []
    for value, error, df, certain in EXAMPLES:
        spread = Spread(error, df)
        low, high = spread.ends(value)
        p = spread.p(value) if certain else float("nan")
        estimates.append(Estimate(value, low, high, p=p, df=df, error=error, certain=certain))
    words = [one.verdict for one in judged(estimates)]
    figure = new_figure(7.0, 2.7)
    axes = figure.subplots()
    axes.axvspan(-DELTA, DELTA, color=GREY, alpha=0.15, lw=0)
    axes.axvline(0, color=GREY, lw=0.8)
    for row, (one, word) in enumerate(zip(estimates, words, strict=True)):
        color = {"better": BLUE, "worse": ORANGE, "no difference that matters": GREEN}.get(word, GREY)
        axes.plot([one.low, one.high], [row, row], color=color, lw=1.2)
        if one.certain:
            axes.plot(one.ends(0.90), [row, row], color=color, lw=3.5, solid_capstyle="butt")
        axes.plot(one.value, row, "o", color=color, ms=5)
    axes.set_yticks(range(len(words)), words)
    axes.set_ylim(len(words) - 0.4, -0.6)
    axes.set_xlabel("difference of macro AP\nthin: 95 % interval, thick: 90 %; grey: differences that do not matter")
    print("verdicts: " + ", ".join(words))
    return figure


def power() -> Figure:
    """Smallest difference that is found in four of five studies, for several test splits."""
    members, weights = label_sets()
    shares = weights @ members
    figure = new_figure(7.0, 3.0)
    left, right = figure.subplots(1, 2, sharey=True)
    for shots, color in ((154, BLUE), (1090, ORANGE), (5000, GREEN)):
        test = expected_test((shots * shares).tolist(), shots)
        assert test is not None
        # Two seeds are judged with the spread pooled over eight cells.
        found = [detectable(test, seeds, freedom=8 if seeds == 2 else None) for seeds in SEEDS]
        left.plot(SEEDS, found, "o-", ms=3, color=color, label=f"{shots} test shots")
        print(f"power: {shots} shots, " + ", ".join(f"{found[s - 2]:.3f} with {s} seeds" for s in (2, 3, 5, 10)))
    for runs, color in ((5, BLUE), (20, ORANGE), (0, GREEN)):
        test = expected_test((1090 * shares).tolist(), 1090, runs=runs)
        assert test is not None
        found = [detectable(test, seeds, freedom=8 if seeds == 2 else None) for seeds in SEEDS]
        print(f"power: {runs} runs, " + ", ".join(f"{found[s - 2]:.3f} with {s} seeds" for s in (2, 3, 5, 10)))
        right.plot(SEEDS, found, "o-", ms=3, color=color, label=f"{runs} runs" if runs else "shots without runs")
    left.set_ylabel("difference found in 80 % of studies")
    left.set_title(f"one claim, seed sd {SEED_SD:g}")
    right.set_title("1090 test shots in runs")
    for axes in (left, right):
        axes.set_xlabel("seeds of each cell")
        axes.set_ylim(0, 0.2)
        axes.grid(axis="y")
        axes.legend()
    return figure


def calibration() -> Figure:
    """Coverage and false verdicts of the last calibration, and its table as Markdown."""
    rows = []
    for path in sorted(COUNTED.glob("calibration*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        grid = [Setting(**one) for one in content["asked"]["grid"]]
        rows += [
            CalibrationRow(grid[row["place"]], row["seeds"], VerdictCounts(**row["tally"]))
            for row in content["rows"]
            if row["tally"]["drawn"]
        ]
    rows.sort(key=lambda row: (row.setting.shots, row.setting.runs, row.setting.correlation, row.setting.seed_sd))
    print("| test shots | runs | seed sd | benchmarks | false verdicts, % | coverage, % | of a score, % |")
    print("|---|---|---|---|---|---|---|")
    for setting in dict.fromkeys(row.setting for row in rows):
        tallies = [row.tally for row in rows if row.setting == setting]
        shares = [(one.verdicts, one.coverage, one.score_coverage) for one in tallies]
        cells = " | ".join(", ".join(f"{100 * share:.1f}" for share in column) for column in zip(*shares, strict=True))
        runs = f"{setting.runs}, correlation {setting.correlation:g}" if setting.runs else "none"
        print(f"| {setting.shots} | {runs} | {setting.seed_sd:g} | {tallies[0].drawn} | {cells} |")
    return picture(rows)
