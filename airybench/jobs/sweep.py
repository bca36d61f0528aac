"""The main job: one study a data set, from names to summaries."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from airybench.config import SweepConfig
from airybench.data.datasets.catalog import display_name
from airybench.errors import AirybenchError, NothingFinishedError, StudyError
from airybench.jobs.summary import StudySummary, summarise_study
from airybench.paths import data_folder
from airybench.reporter import Reporter
from airybench.sweep.definition import recorded, refuse_early
from airybench.sweep.engines import Engine
from airybench.sweep.engines import engine as local_engine
from airybench.sweep.forecast import forecast
from airybench.sweep.runner import StudyObserver, run_study
from airybench.sweep.space import check as check_space
from airybench.sweep.storage import StudyStorage, open_storage
from airybench.tracking.register import check_name
from airybench.tracking.run import Run
from airybench.tracking.store import check as check_tracking
from airybench.tracking.store import connect, tracking_uri
from airybench.training.checkpoint import EVERY
from airybench.trial.prepare import prepare


@dataclass(frozen=True)
class Plan:
    """One study to be run: its data set, its name, and where it logs."""

    dataset: str
    name: str
    sweep: SweepConfig
    uri: str
    experiment_id: str | None
    resumed: bool


def benchmark(
    sweep: SweepConfig,
    datasets: Sequence[str],
    study: str,
    watch: StudyObserver,
    reporter: Reporter,
    *,
    engine: Engine | None = None,
    storage: str | None = None,
    uri: str | None = None,
    fresh: bool = False,
    register_as: str | None = None,
    checkpoint_every: float = EVERY,
    tell: Callable[[StudySummary], None] = lambda summary: None,
) -> list[StudySummary]:
    """Run one study a data set and summarise each; what can be refused is refused before anything starts.

    Args:
        sweep: base, space and sampler.
        datasets: names or paths.
        study: NAME; studies are `NAME@D`.
        watch: who looks on while trials run.
        reporter: receives notices and progress before the study begins.
        engine: where trials run; by default in this process, on the first GPU where there is one.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.
        uri: tracking URI asked for, if any.
        fresh: archive studies of the same name first.
        register_as: registered model that each winner becomes a version of.
        checkpoint_every: seconds between two checkpoints of a trial at least.
        tell: handed each summary as soon as its study ends.

    Raises:
        AirybenchError: a study came to no finished trial; the others were run all the same.
    """
    check_space(sweep)
    if register_as is not None:
        check_name(register_as)
    labels = [display_name(dataset) for dataset in datasets]
    twice = {name for name in labels if labels.count(name) > 1}
    if twice:
        raise StudyError(
            f"two data sets would share the study {study}@{twice.pop()}; run them under two names (--study)"
        )
    engine = engine or local_engine("local", "auto", 1, 1)
    home = open_storage(storage, data_folder() / "studies")
    joined = os.environ.get("MLFLOW_RUN_ID")
    check_tracking(tracking_uri(uri), existing=bool(joined))
    plans = [_plan(sweep, dataset, study, home, uri, fresh=fresh) for dataset in datasets]
    if engine.remote:
        _refuse_local(plans)
    alone = len(plans) == 1 and not plans[0].resumed
    sources = []
    for index, plan in enumerate(plans):
        source = prepare(plan.dataset, plan.sweep.base, engine.device, reporter)
        sources.append(source)
        base = plan.sweep.base.replace(source.logged)
        plans[index] = replace(plan, sweep=plan.sweep.model_copy(update={"base": base}))
        before = None if fresh else home
        reporter.notify(forecast(plans[index].sweep, plan.name, source, before, engine, plan.uri))
    # A run that `mlflow run` made is the parent of a single new study, else a link to the parents.
    launch = None
    if joined and not alone:
        launch = Run.join(connect(tracking_uri(uri)), joined, f"launch {study}", "launch", {})
    summaries: list[StudySummary] = []
    empty: AirybenchError | None = None
    try:
        for plan, source in zip(plans, sources, strict=True):
            with home.lock("tracking"):  # MLflow makes its tables without a lock, and fails where two processes do
                tracking = connect(plan.uri)
            if plan.experiment_id:
                tracking = replace(tracking, experiment_id=plan.experiment_id)
            join = joined if alone else None
            try:
                with run_study(
                    plan.sweep, plan.name, source, tracking, home, watch, engine=engine.make, join=join, fresh=fresh,
                    checkpoint_every=checkpoint_every,
                ) as ran:  # fmt: skip
                    summaries.append(summarise_study(ran, register_as=register_as))
                    if not ran.complete:
                        reporter.notify(
                            f"{plan.name}: the time limit was reached with {len(ran.records)} of {ran.study.total()} "
                            "trials finished; the same command goes on from there"
                        )
            except NothingFinishedError as error:
                empty = error
                reporter.notify(str(error))
            else:
                tell(summaries[-1])
    except BaseException as error:
        if launch:
            launch.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    if launch:
        parents = ",".join(summary.parent_run for summary in summaries)
        launch.end("failed" if empty else "finished", {"airybench.parents": parents})
    if empty:
        raise empty
    return summaries


def _plan(sweep: SweepConfig, dataset: str, study: str, home: StudyStorage, uri: str | None, *, fresh: bool) -> Plan:
    name = f"{study}@{display_name(dataset)}"
    known = {} if fresh else recorded(home, name)
    chosen = tracking_uri(uri)
    there = known.get("tracking_uri")
    if there and uri and there != chosen:
        raise StudyError(f"study {name} logs to {there}, not to {chosen}; leave out --tracking-uri, or use --fresh")
    check_tracking(there or chosen, existing=bool(there))
    refuse_early(name, known, sweep)
    return Plan(dataset, name, sweep, there or chosen, known.get("experiment_id"), bool(known.get("parent_run_id")))


def _refuse_local(plans: Sequence[Plan]) -> None:
    for plan in plans:
        if plan.uri.startswith("sqlite:"):
            raise StudyError(
                f"tracking URI {plan.uri} is a file of this machine, which trials on other hosts cannot write; start "
                "an MLflow server that they reach and give its address with --tracking-uri"
            )
