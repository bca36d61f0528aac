"""Comparisons in a notebook: as a table, and as a plot."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airybench.analysis.compare import Comparison
from airybench.analysis.comparison_figures import bar
from airybench.analysis.number_text import with_interval
from airybench.analysis.parameter_effect import ParameterEffect
from airybench.api.plots import plot_rows
from airybench.config.objective import axis_ends
from airybench.errors import unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class ParameterComparison:
    """What one parameter changes in a study, as a table and as a plot.

    Attributes:
        study: the study's name.
        effect: differences with 95 % intervals, pair by pair and on average.
    """

    study: str
    effect: ParameterEffect

    def to_pandas(self) -> "pd.DataFrame":
        """One row per pair of cells: value and reference of the parameter, and the difference with its interval."""
        import pandas as pd

        rows: list[dict[str, Any]] = [
            {
                "cell": pair.first.label,
                "against": pair.second.label,
                self.effect.parameter: pair.value,
                "seeds": min(pair.difference.seeds),
                "difference": pair.difference.value,
                "low": pair.difference.low,
                "high": pair.difference.high,
            }
            for pair in self.effect.pairs
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        """The table."""
        return str(self.to_pandas())

    def _repr_html_(self) -> str:
        mean = self.effect.mean
        text = (
            f"{self.study}: {self.effect.parameter} against {self.effect.reference}, test {self.effect.metric}; mean "
            f"difference {with_interval(mean.value, mean.low, mean.high, '+')}"
        )
        return f"<p>{text}</p>{self.to_pandas().to_html(index=False)}"

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw every difference with its 95 % interval over test shots and seeds.

        Args:
            ax: axes to draw on; new ones by default, which a notebook shows.
        """
        effect = self.effect
        pairs = [bar(f"{pair.first.label}\nagainst {pair.second.label}", pair.difference) for pair in effect.pairs]
        label = f"test {effect.metric}, difference from {effect.parameter} = {effect.reference}"
        return plot_rows([*pairs, bar("mean of these", effect.mean, marked=True)], label, self.study, ax, zero=True)


@dataclass(frozen=True)
class StudyComparison:
    """Cells of several studies on the same test shots, as a table and as a plot.

    Attributes:
        comparison: cells with 95 % intervals, data set by data set.
    """

    comparison: Comparison

    def to_pandas(self) -> "pd.DataFrame":
        """One row per cell, best on the validation split first."""
        import pandas as pd

        rows: list[dict[str, Any]] = [
            {
                "dataset": one.dataset,
                "study": cell.study,
                "cell": cell.label,
                "seeds": cell.seeds,
                "val": cell.val,
                "test": cell.test.value,
                "low": cell.test.low,
                "high": cell.test.high,
            }
            for one in self.comparison.datasets
            for cell in one.cells
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        """The table."""
        return str(self.to_pandas())

    def _repr_html_(self) -> str:
        return f"<p>test {self.comparison.metric}</p>{self.to_pandas().to_html(index=False)}"

    def plot(self, dataset: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw the test scores of every cell with their 95 % intervals.

        Args:
            dataset: which data set; the first one by default.
            ax: axes to draw on; new ones by default, which a notebook shows.

        Raises:
            ConfigError: no such data set among them.
        """
        found = {one.dataset: one for one in self.comparison.datasets}
        if dataset is not None and dataset not in found:
            raise unknown("data set", dataset, found)
        chosen = next(iter(found.values())) if dataset is None else found[dataset]
        bars = [bar(cell.label, cell.test) for cell in chosen.cells]
        drawn = plot_rows(bars, f"test {self.comparison.metric}", chosen.dataset, ax)
        drawn.set_xlim(axis_ends(self.comparison.metric))
        return drawn
