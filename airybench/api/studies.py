"""Studies in a notebook: open them, rank their cells, compare them, and report."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from airybench.analysis.intervals import compared_metric
from airybench.analysis.leaderboard import Leaderboard, rank
from airybench.analysis.parameter_effect import parameter_effect
from airybench.analysis.tidy import cell_rows
from airybench.api.arguments import whole
from airybench.api.comparison import ParameterComparison, StudyComparison
from airybench.api.reporting import default_reporter
from airybench.config.baseline import NAMES
from airybench.config.margin import margin
from airybench.errors import NothingFinishedError
from airybench.inference.predictions import Predictions
from airybench.jobs import report as report_job
from airybench.jobs.compare import compare_studies
from airybench.reporter import Reporter
from airybench.sweep.look_up import find_study
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.find import tags_and_metrics
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, reopen, tracking_uri

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Study:
    """A finished study: its cells ranked on the validation split, and what can be asked of them.

    Attributes:
        saved: the study as it is stored.
        tracking_uri: the MLflow store that holds its runs.
    """

    saved: SavedStudy
    tracking_uri: str

    def __repr__(self) -> str:
        """Name and number of trials in one line."""
        return f"<Study {self.name}: {self.saved.summary()}>"

    def _repr_html_(self) -> str:
        return f"<p>{self.name}: {self.saved.summary()}</p>{self.leaderboard.to_html(index=False)}"

    @property
    def name(self) -> str:
        """Full name, `NAME@DATASET`."""
        return self.saved.name

    @property
    def winner(self) -> str:
        """What `load_model` calls the best model of the study."""
        return f"winner:{self.name}"

    @property
    def run_id(self) -> str:
        """The study's parent run in MLflow."""
        return str(self.saved.attributes["parent_run_id"])

    @cached_property
    def board(self) -> Leaderboard:
        """The ranking as values: rows with configurations, trials and intervals."""
        return rank(
            self.saved.finished, self.saved.sweep.study.objectives, lambda trial: self._predictions(trial, "val")
        )

    @cached_property
    def leaderboard(self) -> "pd.DataFrame":
        """One row per cell, best first, as `airybench table` prints: val and test with 95 % intervals, and more."""
        import pandas as pd

        metric = compared_metric(self.saved.sweep.study.metric)
        return pd.DataFrame(cell_rows(self.name, self.board, metric, lambda trial: self._predictions(trial, "test")))

    @cached_property
    def baselines(self) -> "pd.DataFrame":
        """What is reached without a network on the same shots: one row per baseline, its metrics on val and test."""
        import pandas as pd

        _, metrics = tags_and_metrics(self._tracking, self.run_id)
        rows = [
            {
                "name": title,
                **{
                    f"{part}_{key.split('/', 2)[2]}": value
                    for part in ("val", "test")
                    for key, value in metrics.items()
                    if key.startswith(f"{name}/{part}/") and key.count("/") == 2
                },
            }
            for name, title in NAMES.items()
        ]
        return pd.DataFrame([row for row in rows if len(row) > 1])

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """One row per trial, finished or not: number, state, cell, seed, objectives, run."""
        import pandas as pd

        return pd.DataFrame(self.saved.trials())

    def compare(self, parameter: str, *, metric: str | None = None) -> ParameterComparison:
        """Compare the cells that differ in one parameter alone, on the test shots.

        Args:
            parameter: flat name, such as `log_activation`, `alpha` or `leakiness`.
            metric: what to compare by; the study's objective by default.

        Raises:
            ConfigError: no such parameter or metric, or no two cells that differ in it alone.

        Example:
            >>> import airybench as ab
            >>> study.compare("log_activation").effect.reference  # doctest: +SKIP
            False
        """
        chosen = compared_metric(self.saved.sweep.study.metric, metric)
        effect = parameter_effect(
            self.saved.finished, parameter, chosen, lambda trial: self._predictions(trial, "test")
        )
        return ParameterComparison(self.name, effect)

    def _predictions(self, trial: FinishedTrial, part: str) -> Predictions:
        return predictions(Run(self._tracking, trial.run_id), part)

    @property
    def _tracking(self) -> Tracking:
        return reopen(self.tracking_uri, str(self.saved.attributes.get("experiment_id", "")))


def open_study(name: str, *, tracking_uri: str | None = None, storage: str | None = None) -> Study:
    """Open a study that was run before, here or on the command line.

    Args:
        name: `NAME@DATASET`, or NAME where there is one data set.
        tracking_uri: MLflow store that holds its runs; by default the one that it logged to.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.

    Raises:
        StudyError: there is no such study, or it cannot be read.
        NothingFinishedError: no trial of it is finished.

    Example:
        >>> import airybench as ab
        >>> ab.open_study("demo@helium").winner  # doctest: +SKIP
        'winner:demo@helium'
    """
    saved = find_study(name, storage)
    if not saved.finished:
        raise NothingFinishedError(f"study {saved.name} has no finished trial; run it with run_sweep first")
    return Study(saved, _resolve_uri(tracking_uri, saved))


def _resolve_uri(wanted: str | None, saved: SavedStudy) -> str:
    return tracking_uri(wanted or saved.attributes.get("tracking_uri"))


def compare(
    *studies: Study | str,
    metric: str | None = None,
    top: int = 10,
    delta: float | None = None,
    reporter: Reporter | None = None,
) -> StudyComparison:
    """Compare the cells of several studies on test; studies of one data set must share their split.

    Args:
        studies: studies, or names; all studies in the data folder where none is given.
        metric: what to compare by; by default the objective that the studies share, else macro_ap.
        top: how many cells of each data set are scored.
        delta: largest difference that does not matter; 0.02 by default.
        reporter: receives notices; shown below the cell in a notebook by default.

    Raises:
        StudyError: no such study, or studies that differ in data or split.

    Example:
        >>> import airybench as ab
        >>> list(ab.compare(study).to_pandas().columns)  # doctest: +SKIP
        ['dataset', 'study', 'cell', 'seeds', 'val', 'test', 'low', 'high']
    """
    wanted = [study.name if isinstance(study, Study) else study for study in studies]
    found = compare_studies(
        wanted,
        metric=metric,
        top=whole("top", top, 1),
        delta=margin(delta),
        reporter=reporter or default_reporter(),
    )
    return StudyComparison(found)


def write_report(
    studies: Study | str | Sequence[Study | str] = (),
    output: str | Path = "report.html",
    *,
    pictures: bool = True,
    delta: float | None = None,
    reporter: Reporter | None = None,
) -> Path:
    """Write an HTML page, and Markdown beside it: every claim that the studies can test, with its interval.

    Args:
        studies: studies or names; all studies in the data folder by default.
        output: the HTML file.
        pictures: show shots that were classified rightly and wrongly.
        delta: largest difference that does not matter; 0.02 by default.
        reporter: receives notices; shown below the cell in a notebook by default.

    Returns:
        The HTML file.

    Raises:
        StudyError: no such study, or none with a finished trial.
        DataError: the file cannot be written.

    Example:
        >>> import airybench as ab
        >>> ab.write_report(study, "report.html").name  # doctest: +SKIP
        'report.html'
    """
    several = [studies] if isinstance(studies, Study | str) else list(studies)
    wanted = [study.name if isinstance(study, Study) else study for study in several]
    page = Path(output)
    report_job.write_report(
        wanted, page, pictures=pictures, delta=margin(delta), reporter=reporter or default_reporter()
    )
    return page
