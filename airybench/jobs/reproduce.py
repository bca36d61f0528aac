"""A question answered again: its experiment is run, and its answers stand beside the published ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airybench.config import StudyConfig, SweepConfig, TrialConfig, Value
from airybench.config.baseline import BaselineConfig
from airybench.config.experiments import experiment_of, load_experiment
from airybench.config.question import DATA, words
from airybench.errors import ConfigError, DataError
from airybench.jobs.baseline import run_baselines
from airybench.jobs.options import DEFAULTS, RunOptions
from airybench.jobs.sweep import run_sweep
from airybench.paths import data_folder
from airybench.report.agreement import Agreement, agreement
from airybench.report.answers import StudyAnswers, answer_study, together
from airybench.report.baselines import GIVEN
from airybench.report.publish import results_of
from airybench.report.results import Results, experiment_digest, published, read_results
from airybench.report.searches import answer_searches
from airybench.reporter import SILENT, Reporter
from airybench.sweep.definition import full_name, refuse_early, stored_attributes
from airybench.sweep.engines import Engine
from airybench.sweep.engines import engine as local_engine
from airybench.sweep.observer import UNOBSERVED, StudyObserver
from airybench.sweep.saved_studies import SavedStudy, read
from airybench.sweep.space import cells, finite
from airybench.sweep.storage import StudyStorage, open_storage
from airybench.tracking.find import tags_and_metrics
from airybench.tracking.store import reopen
from airybench.tracking.tags import Tag

SETS = ("helium", "cxidb")
"""Data sets of a question that nothing is published on."""


SEARCHES = 3
"""Searches of each sampler, where two are compared."""


@dataclass(frozen=True)
class Question:
    """What is to be answered.

    Attributes:
        name: of the question.
        size: that it comes in.
        datasets: names or paths; by default those that are published.
        study: NAME of its studies; None takes that of the experiment. Studies that exist go on, or are taken as they
            are where nothing is missing.
        changes: parameters that are to be different from those of the experiment, by name.
        against: file of the published answers; None takes those that are shipped.
    """

    name: str
    size: str = "quick"
    datasets: tuple[str, ...] = ()
    study: str | None = None
    changes: Mapping[str, Value] = field(default_factory=dict)
    against: Path | None = None


def reproduce(
    question: Question,
    *,
    write: Path | None = None,
    engine: Engine | None = None,
    storage: str | None = None,
    options: RunOptions = DEFAULTS,
    observer: StudyObserver = UNOBSERVED,
    reporter: Reporter = SILENT,
) -> tuple[Results, Agreement | None]:
    """Run the experiment of a question as far as it has not been run, and compare its answers with the published ones.

    An experiment whose space has ranges is a question to its sampler: it searches against random search, each as often
    as SEARCHES says, in a study of its own for every search.

    Args:
        question: what is to be answered.
        write: file to write the answers to.
        engine: where trials run; by default in this process.
        storage: where studies are kept, a folder or a PostgreSQL URL; by default journals in the data folder.
        options: where it logs, and which differences do not matter.
        observer: follows the trials.
        reporter: receives notices and progress.

    Returns:
        The answers; and how they stand beside the published ones, None where none are.

    Raises:
        InputError: something given cannot be used; nothing was started.
        AirybenchError: the study, its data or its runs cannot be used.
    """
    name = experiment_of(question.name, question.size)
    theirs = _published(question, needed=write is None)
    sweep = _experiment(question, write)
    names = question.datasets or (tuple(one.dataset for one in theirs.datasets) if theirs else SETS)
    engine = engine or local_engine("local", "auto", 1, 1)
    home = open_storage(storage, data_folder() / "studies")
    label = question.study or name
    parts = {label: sweep} if finite(sweep) else searches(label, sweep)
    for part, one in parts.items():
        missing = [name for name in names if options.fresh or not _is_complete(home, full_name(part, name), one, name)]
        if missing:
            run_sweep(
                one, missing, study=part, engine=engine, storage=storage, options=options, observer=observer,
                reporter=reporter,
            )  # fmt: skip
    answered = []
    for dataset in names:
        saved = [read(home, full_name(part, dataset)) for part in parts]
        scored = _with_baselines(saved[0], dataset, engine, reporter)
        answered.append(scored if finite(sweep) else answer_searches(saved, scored))
    found = results_of(question.name, name, experiment_digest(sweep), together(answered, options.delta), options.delta)
    if write is not None:
        _write(write, found)
    return found, agreement(theirs, found) if theirs else None


def searches(label: str, sweep: SweepConfig) -> dict[str, SweepConfig]:
    """The searches that are compared, by name of their studies: those of the experiment's sampler, then random ones.

    No two of them share a seed, so that random trials with which a sampler begins are not those of the other.
    """
    own = sweep.study.sampler
    seed, found = sweep.base.training.seed, {}
    for place, sampler in enumerate((own, "random")):
        for repeat in range(SEARCHES):
            one = sweep.customised({"seed": (seed + place * SEARCHES + repeat,)}, (), {"sampler": sampler})
            found[f"{label}-{sampler}-{repeat + 1}"] = one.model_copy(
                update={"study": one.study.model_copy(update={"seeds": 1, "confirm": 0})}
            )
    return found


def _published(question: Question, *, needed: bool) -> Results | None:
    if question.against is not None:
        found = read_results(question.against)
        if found.question != question.name:
            raise ConfigError(f"{question.against} answers {found.question!r}, not {question.name!r}")
        return found
    known = published()
    if question.name in known:
        return read_results(known[question.name])
    if needed:
        there = ", ".join(known) or "none yet"
        raise ConfigError(
            f"nothing is published on question {question.name!r}; published: {there}. Name a file with --against, or "
            "write one with --write"
        )
    return None


def _experiment(question: Question, write: Path | None) -> SweepConfig:
    """The experiment with its changes; a file is written of a shipped experiment alone."""
    shipped = load_experiment(experiment_of(question.name, question.size))
    search = {name: value for name, value in question.changes.items() if name in StudyConfig.model_fields}
    others = {name: (value,) for name, value in question.changes.items() if name not in search}
    sweep = shipped.customised(others, (), search)
    if write is not None and experiment_digest(sweep) != experiment_digest(shipped):
        raise ConfigError("--write keeps the answers of a shipped experiment; leave out --set, or --write")
    if write is not None and not write.absolute().parent.is_dir():
        raise DataError(f"{write}: there is no such folder", "name one that exists with --write")
    return sweep


def _is_complete(home: StudyStorage, full: str, sweep: SweepConfig, dataset: str) -> bool:
    """Whether a study of these very cells has every training and was summarised.

    Raises:
        StudyError: the study of that name has another content.
    """
    facts = stored_attributes(home, full)
    refuse_early(full, facts, sweep, dataset)
    if "parent_run_id" not in facts:
        return False
    saved, wanted = read(home, full), sweep.study
    folds = saved.sweep.base.data.fold_count if sweep.base.data.every_fold else 1
    trainings = len(cells(sweep)) * folds * wanted.seeds if finite(sweep) else wanted.trials or 1
    if len({(one.config.cell(), one.repeat) for one in saved.finished}) < trainings:
        return False
    if wanted.confirm and not saved.confirmations:
        return False
    tags, _ = tags_and_metrics(
        reopen(str(facts["tracking_uri"]), str(facts["experiment_id"])), str(facts["parent_run_id"])
    )
    return Tag.WINNER in tags


def _with_baselines(study: SavedStudy, dataset: str, engine: Engine, reporter: Reporter) -> StudyAnswers:
    """The answers of a study; where it has one split, with support vectors on the shots that each cell was given."""
    answered = answer_study(study)
    if study.sweep.base.data.every_fold:
        return answered
    known = {tuple(one.params.items()) for one in answered.baseline_scores if one.key == "svm" and one.predictions}
    varied = [name for name in GIVEN if len({cell.config.params()[name] for cell in answered.cells}) > 1]
    wanted = {}
    for cell in answered.cells:
        params = {name: cell.config.params()[name] for name in varied if name != "noise_seed"}
        wanted[tuple(params.items())] = params
    missing = [params for key, params in wanted.items() if key not in known]
    for params in missing:
        config: TrialConfig = study.sweep.base.replace({"every_fold": False, **params})
        try:
            run_baselines(
                config, BaselineConfig.quick(), dataset, device=engine.device, study=study,
                tracking_uri=str(study.attributes["tracking_uri"]), reporter=reporter,
            )  # fmt: skip
        except DataError as error:
            reporter.notify(f"support vectors are left out{_context(params)}: {error}")
    return answer_study(study) if missing else answered


def _context(params: Mapping[str, Value]) -> str:
    return "".join(f", {words(name, value)}" for name, value in params.items() if name in DATA)


def _write(path: Path, found: Results) -> None:
    try:
        path.write_text(found.to_json(), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})", "choose another --write") from error
