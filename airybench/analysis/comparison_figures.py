"""A comparison of studies as figures."""

from pathlib import Path

from matplotlib.figure import Figure

from airybench.analysis.compare import Comparison, DatasetComparison
from airybench.analysis.estimate import Estimate
from airybench.config.objective import axis_ends
from airybench.figures.comparison import Bar, interval_rows
from airybench.figures.style import save_for_print
from airybench.study_name import StudyName


def heading(one: DatasetComparison) -> str:
    """A data set of a comparison in one line."""
    made = "simulated, " if one.provenance.simulated else ""
    shown = len(one.cells)
    cells = f"{shown} of {one.cell_count} cells" if one.cell_count > shown else f"{one.cell_count} cells"
    return f"{one.dataset} ({made}{one.shots} test shots, {cells}, {', '.join(one.studies)})"


def cells_figure(comparison: Comparison) -> Figure:
    """The cells of every data set on test, the best on the validation split first."""
    several = any(len(one.studies) > 1 for one in comparison.datasets)
    panels = []
    for one in comparison.datasets:
        bars = []
        for place, cell in enumerate(one.cells):
            study = f", {StudyName.parse(cell.study).name}" if several else ""
            bars.append(bar(f"{cell.label} (n={cell.seeds}{study})", cell.test, marked=place == 0))
        panels.append((heading(one), bars))
    title = "Cells on test, ordered by val (orange: best on val)"
    return interval_rows(panels, label=f"test {comparison.metric}", title=title, ends=axis_ends(comparison.metric))


def log_activation_figure(comparison: Comparison) -> Figure | None:
    """What the logarithmic activation changes, network by network; None where no network was trained both ways."""
    panels = []
    for one in comparison.datasets:
        if one.mean is not None:
            bars = [bar(f"{pair.name} ({pair.on.config.network.activation})", pair.difference) for pair in one.pairs]
            panels.append((heading(one), [*bars, bar("mean of these", one.mean, marked=True)]))
    if not panels:
        return None
    label = f"test {comparison.metric}, on minus off"
    return interval_rows(panels, label=label, title="What the log activation changes", zero=True)


def write_figures(comparison: Comparison, folder: Path) -> list[Path]:
    """Write `compare.png`, and `log-activation.png` where there is something to show, also as PDF and SVG."""
    figures = {"compare.png": cells_figure(comparison), "log-activation.png": log_activation_figure(comparison)}
    written = []
    for name, figure in figures.items():
        if figure is not None:
            written += save_for_print(figure, folder / name)
    return written


def bar(name: str, estimate: Estimate, *, marked: bool = False) -> Bar:
    """An estimate as a row of a figure; `marked` makes it stand out."""
    return Bar(name, estimate.value, (estimate.low, estimate.high), marked)
