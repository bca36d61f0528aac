"""Prepared views of MLflow's table of runs: which rows and columns, in which order.

MLflow keeps a shared view as a tag of the experiment, `mlflow.sharedViewState.KEY`, and opens it where the address of
the page says `viewStateShareKey=KEY`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun

from airybench.errors import StudyError, unknown
from airybench.tracking.filters import every, of_study, status_is, tag_is
from airybench.tracking.find import parents, studies
from airybench.tracking.pages import address, runs_place
from airybench.tracking.store import Tracking, client_of
from airybench.tracking.tags import Tag

SCORE = "score/"
"""What the metrics of cells begin with."""

MOST_SEARCHED = 100
"""Parent runs among which the latest studies are looked for."""

MOST_AXES = 8

_SHOWN = {"rank": 90, "val": 80, "val_low": 100, "val_high": 104, "test": 85, "test_low": 110, "test_high": 115,
          "test_rank": 115, "seeds": 100}  # fmt: skip
"""Metrics of cells in the order of the columns, with the width of each, pixels."""

_PARAMETER_WIDTH = 100
_FIRST = {"1": 73, "attributes.`Run Name`": 235}
_LAST = {"runDateAndNestInfo": 110, "duration": 80}
"""Columns that MLflow's table always has, by the names that it gives them; its own order has these before scores."""


@dataclass(frozen=True)
class StudyView:
    """The leaderboard of a study as a table of runs.

    Attributes:
        study: `NAME@D`.
        axes: parameters that vary.
        lower_is_better: whether the least value of the objective stands first.
        trials: objective of a study whose cells have no runs: its trials are the rows.
    """

    study: str
    axes: tuple[str, ...]
    lower_is_better: bool = False
    trials: str | None = None

    @property
    def key(self) -> str:
        """By which the address names it."""
        return hashlib.sha256(self.study.encode()).hexdigest()[:12]

    @classmethod
    def of(cls, study: str, kept: Mapping[str, str]) -> "StudyView | None":
        """The view of a study among those that an experiment keeps, by key; None where it has none of cells.

        Args:
            study: `NAME@D`.
            kept: states by key.
        """
        try:
            state = json.loads(kept[cls(study, ()).key])
            if not state["orderByKey"].endswith(f"{SCORE}val`"):
                return None
            columns = state["selectedColumns"]
            axes = [name.removeprefix("params.`")[:-1] for name in columns if name.startswith("params.")]
            return cls(study, tuple(axes), lower_is_better=bool(state["orderByAsc"]))
        except (KeyError, TypeError, AttributeError, ValueError):
            return None  # there is none, or somebody has written another

    def state(self) -> str:
        """As MLflow's page keeps it, JSON."""
        kind, score = ("cell", f"{SCORE}val") if self.trials is None else ("trial", f"best/{self.trials}")
        shown = {f"{SCORE}{name}": width for name, width in _SHOWN.items()} if self.trials is None else {score: 120}
        columns = {f"metrics.`{name}`": width for name, width in shown.items()}
        columns |= dict.fromkeys((f"params.`{name}`" for name in self.axes), _PARAMETER_WIDTH)
        widths = _FIRST | columns | _LAST
        return json.dumps(
            {
                "searchFilter": every(of_study(self.study, kind=kind), status_is("FINISHED")),
                "orderByKey": f"metrics.`{score}`",
                "orderByAsc": self.lower_is_better,
                "selectedColumns": list(columns),
                "columnOrder": list(widths),
                "columnWidths": widths,
            }
        )


def log_view(tracking: Tracking, view: StudyView) -> None:
    """Keep a view in the experiment; one of the same study is replaced."""
    client_of(tracking.uri).set_experiment_tag(tracking.experiment_id, Tag.VIEW + view.key, view.state())


def latest_studies(tracking: Tracking, most: int) -> list[StudyView]:
    """The views of the studies in an experiment, latest first; also of those whose cells have no runs.

    Args:
        tracking: the experiment.
        most: how many.
    """
    client = client_of(tracking.uri)
    kept = _kept(client, tracking.experiment_id)
    sweeps = client.search_runs(
        [tracking.experiment_id],
        tag_is(Tag.KIND, "sweep"),
        order_by=["attributes.start_time DESC"],
        max_results=MOST_SEARCHED,
    )
    views: dict[str, StudyView] = {}
    for run in sweeps:
        study = run.data.tags.get(Tag.STUDY, "")
        if study and study not in views and len(views) < most:
            views[study] = _view(client, tracking, run, kept)
    return list(views.values())


def views_of(tracking: Tracking, study: str) -> list[tuple[Tracking, StudyView]]:
    """The view of a study, or those of its data sets, each with the experiment that it is in.

    Args:
        tracking: the store; every experiment in it is searched.
        study: `NAME@D`, or NAME for its studies of every data set.

    Raises:
        StudyError: there is none of that name.
    """
    client, found = client_of(tracking.uri), []
    for run in parents(tracking, study):
        own = Tracking(tracking.uri, run.info.experiment_id)
        found.append((own, _view(client, own, run, _kept(client, own.experiment_id))))
    if not found:
        raise unknown("study", study, studies(tracking) or ["none in this store; --tracking-uri names another"],
                      error=StudyError)  # fmt: skip
    return found


def _kept(client: MlflowClient, experiment_id: str) -> dict[str, str]:
    """The states that an experiment keeps, by key."""
    tags = client.get_experiment(experiment_id).tags
    return {key.removeprefix(Tag.VIEW): text for key, text in tags.items() if key.startswith(Tag.VIEW)}


def _view(client: MlflowClient, tracking: Tracking, parent: MlflowRun, kept: Mapping[str, str]) -> StudyView:
    """The view of a study: the kept one, or one of its trials with the parameters in which they differ."""
    study = parent.data.tags[Tag.STUDY]
    known = StudyView.of(study, kept)
    if known is not None:
        return known
    metric, _, direction = parent.data.params.get("objective", "macro_ap").partition(",")[0].partition(":")
    trials = client.search_runs([tracking.experiment_id], of_study(study, kind="trial"), max_results=100)
    values: dict[str, set[str]] = {}
    for run in trials:
        for name, value in run.data.params.items():
            values.setdefault(name, set()).add(value)
    axes = tuple(name for name, found in sorted(values.items()) if len(found) > 1)[:MOST_AXES]
    return StudyView(study, axes, lower_is_better=direction == "min", trials=metric)


def view_address(pages: str, experiment_id: str, view: StudyView) -> str:
    """The address of a view.

    Args:
        pages: address of MLflow's pages.
        experiment_id: the experiment.
        view: that was kept.
    """
    return address(pages, runs_place(experiment_id, view.key))


def runs_address(pages: str, experiment_id: str) -> str:
    """The address of the table of all runs of an experiment."""
    return address(pages, runs_place(experiment_id))
