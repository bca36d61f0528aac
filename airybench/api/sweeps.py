"""A sweep in a notebook: the same study as on the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from airybench.api.arguments import StudySettings, given
from airybench.api.datasets import Dataset
from airybench.api.observing import default_observer
from airybench.api.reporting import default_reporter
from airybench.api.studies import Study, open_study
from airybench.config import SweepConfig
from airybench.config.experiments import load_experiment
from airybench.jobs import sweep as sweep_job
from airybench.jobs.options import RunOptions
from airybench.reporter import Reporter
from airybench.sweep.observer import StudyObserver


def run_sweep(
    sweep: SweepConfig | str,
    data: Dataset | str | Path,
    *,
    study: str,
    tracking_uri: str | None = None,
    fresh: bool = False,
    start_from: Study | str | Sequence[Study | str] = (),
    reporter: Reporter | None = None,
    observer: StudyObserver | None = None,
    **settings: Unpack[StudySettings],
) -> Study:
    """Train and rank every cell of a sweep on one data set, tracked in MLflow.

    A study of the same name resumes: finished trials are kept. What the command line prints for
    `airybench sweep --study NAME` is the same study.

    Args:
        sweep: base, space and sampler, as `load_experiment` returns them; or the name or path of an experiment.
        data: a data set, or its name or path.
        study: NAME of the study, which is called `NAME@DATASET`.
        tracking_uri: MLflow store; by default MLFLOW_TRACKING_URI, else `mlflow.db` in the working folder.
        fresh: archive an existing study of that name first.
        start_from: studies, or names, whose best cells a new study begins with; NAME is the one on the same data set.
        reporter: receives notices and progress; bars in a notebook by default.
        observer: follows the trials; a bar in a notebook by default.
        **settings: in place of the sweep's own: `seeds` per cell, `confirm` for fresh seeds of the chosen cells,
            `trials`, `sampler`, `pruner`, `objective`, `time_limit`, `trial_time_limit`, `stress` and `keep`, as the
            options of the same name. `seeds`, `confirm` and `trials` may grow when a study resumes.

    Raises:
        ConfigError: a space that cannot be searched, or a setting that there is not.
        StudyError: the name stands for other data or another configuration.
        NothingFinishedError: every trial failed.

    Example:
        >>> import airybench as ab
        >>> study = ab.run_sweep(ab.load_experiment("quick"), data, study="demo", confirm=3)  # doctest: +SKIP
        >>> study.name  # doctest: +SKIP
        'demo@helium'
    """
    if not isinstance(sweep, SweepConfig):
        sweep = load_experiment(str(sweep))
    if isinstance(data, Dataset):
        sweep = sweep.model_copy(update={"base": sweep.base.replace(data.settings)})
    sweep = sweep.customised({}, (), given(settings))
    several = [start_from] if isinstance(start_from, Study | str) else start_from
    first = [one.name if isinstance(one, Study) else one for one in several]
    summaries = sweep_job.run_sweep(
        sweep,
        [data.reference if isinstance(data, Dataset) else str(data)],
        study=study,
        options=RunOptions(tracking_uri=tracking_uri, fresh=fresh, start_from=tuple(first)),
        observer=observer or default_observer(),
        reporter=reporter or default_reporter(),
    )
    return open_study(summaries[0].study, tracking_uri=summaries[0].tracking_uri)
