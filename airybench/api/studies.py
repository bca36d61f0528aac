"""Studies in a notebook: run a sweep, rank its cells, compare them, and report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airybench.analysis.compare import Comparison, DatasetComparison
from airybench.analysis.leaderboard import Leaderboard
from airybench.analysis.parameter_effect import ParameterEffect, parameter_effect
from airybench.api.datasets import Dataset
from airybench.api.reporting import default_observer, default_reporter
from airybench.config import SweepConfig
from airybench.errors import NothingFinishedError
from airybench.inference.predictions import Predictions
from airybench.jobs import compare as compare_job
from airybench.jobs import report as report_job
from airybench.jobs import sweep as sweep_job
from airybench.jobs.options import RunOptions
from airybench.paths import data_folder
from airybench.reporter import Reporter
from airybench.sweep.observer import StudyObserver
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy, names, read
from airybench.sweep.storage import open_storage
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, reopen

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
