"""The main job: one study per data set, from names to summaries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from airybench.analysis.notes import not_resolved
from airybench.config import SweepConfig
from airybench.config.keep import KEEP_NONE
from airybench.config.space import Range
from airybench.data.datasets.catalog import CATALOG, display_name
from airybench.errors import ConfigError, NothingFinishedError, StudyError
from airybench.jobs.description import describe_study
from airybench.jobs.options import DEFAULTS, RunOptions
from airybench.jobs.power import measured_power
from airybench.jobs.precision import settled_study
from airybench.jobs.summary import StudySummary, summarise_study
from airybench.jobs.verdicts import log_verdicts
from airybench.paths import data_folder
from airybench.report.rerun import DATA_FILE
from airybench.reporter import SILENT, Reporter
from airybench.study_name import StudyName, check_study_name
from airybench.sweep.definition import (
    full_name,
    refuse_early,
    stored_attributes,
    with_recorded_precision,
)
from airybench.sweep.engines import Engine
from airybench.sweep.engines import engine as local_engine
from airybench.sweep.forecast import forecast
from airybench.sweep.observer import UNOBSERVED, StudyObserver
from airybench.sweep.runner import StudyOptions, run_study
from airybench.sweep.space import check as check_space
from airybench.sweep.start_cells import StudyStart
from airybench.sweep.start_from import plan_start
from airybench.sweep.storage import StudyStorage, open_storage
from airybench.sweep.worker_count import workers_on_cpu
from airybench.tracking.model_name import check_name
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, connect
from airybench.tracking.store import check as check_tracking
from airybench.tracking.tags import Tag
from airybench.tracking.target import TrackingTarget
from airybench.trial.prepare import prepare
from airybench.trial.prepared import PreparedDataset


@dataclass(frozen=True)
class StudyPlan:
    """One study to be run.

    Attributes:
        dataset: name or path of its data set.
        name: `NAME@D`.
        sweep: base, space and sampler.
        uri: the tracking store that it logs to.
        experiment_id: its MLflow experiment; None for a new study.
        resumed: whether it has a parent run already.
        begun: whether there is a study of that name.
        start: the cells of other studies that it begins with.
    """

    dataset: str
    name: str
    sweep: SweepConfig
    uri: str
    experiment_id: str | None
    resumed: bool
    begun: bool = False
    start: StudyStart | None = None


@dataclass(frozen=True)
class Ready:
    """A study that can begin.

    Attributes:
        plan: what is run.
        dataset: its data.
        engine: where its trials run.
    """

    plan: StudyPlan
    dataset: PreparedDataset
    engine: Engine


def run_sweep(
    sweep: SweepConfig,
    datasets: Sequence[str],
    *,
    study: str,
    engine: Engine | None = None,
    storage: str | None = None,
    options: RunOptions = DEFAULTS,
    observer: StudyObserver = UNOBSERVED,
    reporter: Reporter = SILENT,
) -> list[StudySummary]:
    """Run one study per data set and summarise each; what can be refused is refused before anything starts.

    Args:
        sweep: base, space and sampler.
        datasets: names or paths.
        study: NAME; the studies are called `NAME@D`, and one that exists resumes.
        engine: where trials run; by default in this process, on the first GPU where there is one.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.
        options: where it logs, and how it starts and saves.
        observer: follows the trials.
        reporter: receives notices, progress, and each summary as soon as its study ends.

    Raises:
        InputError: something given cannot be used; nothing was started.
        NothingFinishedError: a study ended without a finished trial; the others were run all the same.
    """
    check_study_name(study)
    check_space(sweep)
    if options.register_as is not None:
        check_name(options.register_as)
    _refuse_same_name(datasets, study)
    engine = engine or local_engine("local", "auto", 1, 1)
    home = open_storage(storage, data_folder() / "studies")
    target = TrackingTarget.chosen(options.tracking_uri)
    if target.remark:
        reporter.notify(target.remark)
    plans = [_plan(sweep, dataset, full_name(study, dataset), home, target, options) for dataset in datasets]
    if engine.remote:
        _refuse_local_tracking(plans)
    ready: list[Ready] = []
    for plan in plans:
        ready.append(_prepared(plan, None if options.fresh else home, engine, reporter))
        reporter.notify(measured_power(ready[-1].plan.sweep, ready[-1].dataset, home, delta=options.delta).sentence())
    # A run that `mlflow run` made becomes the parent of a single new study; else it links to the parents.
    alone = len(plans) == 1 and not plans[0].resumed
    how = StudyOptions(target.joined if alone else None, options.fresh, options.checkpoint_every)

    def run_one(one: Ready) -> StudySummary:
        plan = one.plan
        with run_study(
            plan.sweep, plan.name, one.dataset, _connected(plan, home), home,
            make_executor=one.engine.make, observer=observer, options=replace(how, start=plan.start),
        ) as finished:  # fmt: skip
            if plan.dataset not in CATALOG:
                finished.study.set_attribute(DATA_FILE, Path(plan.dataset).name)
            summary = summarise_study(finished, register_as=options.register_as, reporter=reporter)
            log_verdicts(finished, summary.leaderboard, home, options.delta, reporter)
            describe_study(finished, summary, home)
            if finished.weights:
                reporter.notify(finished.weights)
            if not finished.complete:
                confirmed = f" and {len(finished.confirmations)} of the confirmation" if finished.confirmations else ""
                reporter.notify(
                    f"{plan.name}: the time limit was reached with {len(finished.trials)} of {finished.study.total()} "
                    f"trials finished{confirmed}; the same command resumes it"
                )
        return summary

    if alone or not target.joined:
        return _run_all(ready, run_one, reporter)
    link = Run.join(target.connect(), target.joined, f"launch {study}", "launch", {})
    with link.ending():
        return _run_all(ready, run_one, reporter, link)


def _run_all(
    ready: Sequence[Ready],
    run_one: Callable[[Ready], StudySummary],
    reporter: Reporter,
    link: Run | None = None,
) -> list[StudySummary]:
    """Run the studies one after the other; one without a finished trial does not keep the others from running.

    Raises:
        NothingFinishedError: of the last such study, after all have run.
    """
    summaries: list[StudySummary] = []
    unfinished: NothingFinishedError | None = None
    for one in ready:
        try:
            summaries.append(run_one(one))
        except NothingFinishedError as error:
            unfinished = error
            reporter.notify(str(error))
        else:
            reporter.result(summaries[-1])
    if link:
        link.tag({Tag.PARENTS: ",".join(summary.parent_run for summary in summaries)})
    if unfinished:
        raise unfinished
    return summaries


def _refuse_same_name(datasets: Sequence[str], study: str) -> None:
    labels = [display_name(dataset) for dataset in datasets]
    repeated = {name for name in labels if labels.count(name) > 1}
    if repeated:
        raise StudyError(
            f"two data sets would share the study {StudyName(study, repeated.pop())}; run them under two names "
            "(--study)"
        )


def _plan(
    sweep: SweepConfig, dataset: str, name: str, home: StudyStorage, target: TrackingTarget, options: RunOptions
) -> StudyPlan:
    """Look up the study of that name, and refuse what does not fit it."""
    known = {} if options.fresh else stored_attributes(home, name)
    stored_uri = known.get("tracking_uri")
    if stored_uri and options.tracking_uri and stored_uri != target.uri:
        raise StudyError(
            f"study {name} logs to {stored_uri}, not to {target.uri}; leave out --tracking-uri, or use --fresh"
        )
    uri = stored_uri or target.uri
    check_tracking(uri, existing=bool(stored_uri))
    if options.register_as is not None and (sweep.study.keep or known.get("keep")) == KEEP_NONE:
        raise ConfigError(f"--register {options.register_as} needs weights, and --keep none keeps none; leave out one")
    sweep, begun = with_recorded_precision(sweep, known), "definition" in known
    refuse_early(name, known, sweep, dataset)
    start = plan_start(options.start_from, name, sweep, home, fresh=options.fresh)
    resumed = bool(known.get("parent_run_id"))
    return StudyPlan(dataset, name, sweep, uri, known.get("experiment_id"), resumed, begun, start)


def _refuse_local_tracking(plans: Sequence[StudyPlan]) -> None:
    for plan in plans:
        if plan.uri.startswith("sqlite:"):
            raise StudyError(
                f"tracking URI {plan.uri} is a file of this machine, which trials on other hosts cannot write; start "
                "an MLflow server that they reach and give its address with --tracking-uri"
            )


def _prepared(plan: StudyPlan, home: StudyStorage | None, engine: Engine, reporter: Reporter) -> Ready:
    """Prepare the data of a study, complete its configuration from them, and report what it is going to take."""
    dataset = prepare(plan.dataset, plan.sweep.base, engine.device, reporter, every_fold=True)
    base = plan.sweep.base.replace(dataset.logged)
    for smallest in _smallest_fractions(plan.sweep):
        for one in dataset.by_fold:
            one.training_rows(base.replace({"fraction": smallest}).data)  # one of one class alone is refused here
    plan = replace(plan, sweep=plan.sweep.model_copy(update={"base": base}))
    if engine.on_cpu and not plan.begun:
        plan = replace(plan, sweep=settled_study(plan.sweep, dataset, reporter))
    if engine.with_workers:
        chosen = workers_on_cpu(plan.sweep, dataset.store)
        reporter.notify(f"{plan.name}: {chosen.workers} worker{'s' * (chosen.workers > 1)} ({chosen.reason})")
        engine = engine.with_workers(chosen.workers)
    if plan.start:
        reporter.notify(f"{plan.name}: {plan.start.sentence}")
    reporter.notify(forecast(plan.sweep, plan.name, dataset, home, engine, plan.uri))
    if missing := not_resolved(dataset.store.class_names, base.data.image_size):
        reporter.notify(missing)
    return Ready(plan, dataset, engine)


def _smallest_fractions(sweep: SweepConfig) -> Iterator[float]:
    """The smallest share of the training shots on each axis that has several; larger ones hold its shots."""
    for grid in sweep.space:
        axis = grid.get("fraction")
        if axis is not None:
            yield axis.low if isinstance(axis, Range) else min(float(value) for value in axis)


def _connected(plan: StudyPlan, home: StudyStorage) -> Tracking:
    with home.lock("tracking"):  # MLflow creates its tables without a lock, and fails where two processes do so
        tracking = connect(plan.uri)
    return replace(tracking, experiment_id=plan.experiment_id) if plan.experiment_id else tracking
