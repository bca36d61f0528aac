"""`airybench sweep`."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import (
    DATASET_HELP,
    CheckpointEvery,
    Config,
    Debug,
    Delta,
    Device,
    Json,
    Register,
    Settings,
    Storage,
    Threads,
    TrackingUri,
    split_names,
    unless_config,
)
from airybench.cli.options.completion import DATASETS, choices, study_names
from airybench.cli.options.early import loading, require_datasets
from airybench.cli.options.panels import PLACE, START, STUDY
from airybench.cli.options.parameters import AXES, given_parameters, single_values, takes_config
from airybench.config import StudyConfig, SweepConfig
from airybench.config.experiments import load_experiment
from airybench.config.margin import margin
from airybench.errors import EXIT_DONE, EXIT_PARTIAL, ConfigError, unknown

if TYPE_CHECKING:
    from airybench.sweep.start_cells import StudyStart
    from airybench.sweep.storage import StudyStorage

FIRST = ("arch", "depth", "log_activation", "alpha", "leakiness")
"""What a network is, as help shows it first."""

app = App()


@app.command()
@takes_config(repeated=(*AXES, "objective"), first=(*FIRST, "seeds"), study=True)
def sweep(
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{DATASET_HELP} Repeatable: each data set makes a study.",
            metavar="NAME|PATH,...",
            show_default="the experiment's",
            autocompletion=DATASETS,
            rich_help_panel=START,
        ),
    ] = None,
    config: Config = "quick",
    study: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the study. The name of an existing study resumes it.",
            show_default="the experiment's name",
            autocompletion=study_names,
            rich_help_panel=START,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print the cells, time, disk and the smallest difference that can be told. Runs nothing.",
            rich_help_panel=START,
        ),
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Archive the existing study of this name and start a new one.", rich_help_panel=STUDY
        ),
    ] = False,
    start_from: Annotated[
        list[str] | None,
        typer.Option(
            "--start-from",
            metavar="STUDY,...",
            help="Begin a new study with the best cells of others: NAME on the same data set, or NAME@DATASET.",
            autocompletion=study_names,
            rich_help_panel=STUDY,
        ),
    ] = None,
    settings: Settings = None,
    device: Device = "auto",
    threads: Threads = None,
    workers: Annotated[
        str | None,
        typer.Option(
            help="Trials that run at the same time, each in its own process. auto: by cores, memory and a short trial.",
            metavar="NUMBER|auto",
            autocompletion=choices("auto", "1", "2", "4"),
            show_default="1; on Ray as many as its resources allow",
            rich_help_panel=PLACE,
        ),
    ] = None,
    trials_per_device: Annotated[
        int, typer.Option(help="Trials that may share one GPU.", metavar="NUMBER", rich_help_panel=PLACE)
    ] = 1,
    checkpoint_every: CheckpointEvery = 60.0,
    engine: Annotated[
        str,
        typer.Option(
            help="What runs the trials: local, ray, or ray://HOST:PORT for a running cluster.",
            metavar="ENGINE",
            autocompletion=choices("local", "ray", "ray://"),
            rich_help_panel=PLACE,
        ),
    ] = "local",
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    register: Register = None,
    delta: Delta = None,
    as_json: Json = False,
    debug: Debug = False,
    **options: Any,
) -> int:
    """Compare networks on a data set.

    Every cell of the experiment's space is trained once per seed and tracked in MLflow. Cells are ranked on the
    validation split, and the winner is scored on the test split. After an interruption the same command resumes.

    --arch, --depth, --alpha, --leakiness and --log-activation replace the experiment's space by the grid of the values
    given. Values are comma lists, or ranges such as --alpha 0.05:1:log with a sampler other than grid. Any other
    parameter of a trial that is given several values becomes a further axis of the space.

    Brackets say where a value comes from when its option is left out.
    """
    from airybench.cli.show.console import ConsoleReporter, print_json
    from airybench.cli.show.finished_before import print_finished
    from airybench.jobs.finished_before import finished_before
    from airybench.paths import data_folder
    from airybench.study_name import check_study_name
    from airybench.sweep.definition import full_name, refuse_all_early
    from airybench.sweep.space import check
    from airybench.sweep.start_from import plan_start
    from airybench.sweep.storage import open_storage
    from airybench.tracking.model_name import check_name

    changes = given_parameters(options, settings)
    search = single_values({name: changes.pop(name) for name in list(changes) if name in StudyConfig.model_fields})
    experiment = load_experiment(config).customised(changes, AXES, search)
    datasets = _datasets(dataset) or [experiment.base.data.dataset]
    require_datasets(datasets)
    at_once = _workers(workers)
    smallest = margin(delta)
    typed = unless_config(study)
    name = typed or Path(config).stem
    check_study_name(name, "" if typed else config)
    if register is not None:
        check_name(register)
    first = split_names(start_from)
    with loading():
        home = open_storage(storage, data_folder() / "studies")
        starts = [plan_start(first, full_name(name, one), experiment, home, fresh=fresh) for one in datasets]
        if not (dry_run or fresh):
            refuse_all_early(experiment, datasets, name, home)
            if not (as_json or register):
                ended = finished_before(experiment, datasets, name, home, smallest, tracking_uri)
                if ended:
                    print_finished(ended, storage)
                    return EXIT_DONE
        check(experiment)
    if dry_run:
        return _dry_run(
            experiment,
            datasets,
            device,
            at_once if isinstance(at_once, int) else 1,
            (home, tracking_uri),
            starts,
            delta=smallest,
            as_json=as_json,
        )
    with loading():
        from airybench.cli.show.console import notice
        from airybench.cli.show.results import front_json, summary_json
        from airybench.cli.show.summaries import print_summaries
        from airybench.cli.show.watch import StudyWatch
        from airybench.jobs.options import RunOptions
        from airybench.jobs.summary import StudySummary
        from airybench.jobs.sweep import run_sweep
        from airybench.sweep.engines import engine as engine_of
        from airybench.sweep.job_end import RESERVE_SECONDS, seconds_left

    if not experiment.study.time_limit and seconds_left() < math.inf:
        minutes = RESERVE_SECONDS / 60
        notice(f"no trial begins in the last {minutes:.0f} minutes of this Slurm job; --time-limit sets another end")
    summaries: list[StudySummary] = []

    def keep(summary: StudySummary) -> None:
        summaries.append(summary)
        watch.pause()
        if len(datasets) > 1:
            notice(f"{summary.study}: done, the winner is {summary.leaderboard.rows[0].label}")

    try:
        with StudyWatch(experiment.study.objectives[0]) as watch:
            run_sweep(
                experiment,
                datasets,
                study=name,
                engine=engine_of(engine, device, at_once, trials_per_device),
                storage=storage,
                options=RunOptions(tracking_uri, fresh, checkpoint_every, register, smallest, tuple(first)),
                observer=watch,
                reporter=ConsoleReporter(keep),
            )
    finally:  # where a later study is interrupted or fails, those before it have their results
        if summaries and not as_json:
            print_summaries(summaries, experiment.study.objectives, storage)
    if as_json:
        print_json([summary_json(one) | front_json(one, experiment.study.objectives) for one in summaries])
    return EXIT_PARTIAL if any(one.failures for one in summaries) else EXIT_DONE


def _workers(word: str | None) -> int | Literal["auto"] | None:
    if word is None or word == "auto":
        return word  # type: ignore[return-value]
    if not (word.isascii() and word.isdigit()):
        raise ConfigError(f"workers is {word!r}, expected a number or auto")
    return int(word)


def _datasets(words: list[str] | None) -> list[str]:
    if any(not name.strip() for word in words or () for name in word.split(",")):
        raise unknown("data set", "", ("helium", "cxidb", "a file", "a folder"))
    return list(dict.fromkeys(split_names(words)))


def _dry_run(
    experiment: SweepConfig,
    datasets: list[str],
    device: str,
    workers: int,
    where: "tuple[StudyStorage, str | None]",
    starts: "Sequence[StudyStart | None]",
    *,
    delta: float,
    as_json: bool,
) -> int:
    """Print the cells of every data set, the time and disk they are estimated to take, and what they can tell."""
    with loading():
        from airybench.cli.show.console import notice, print_json
        from airybench.cli.show.dry_run import DryRun, cells_json, print_cells
        from airybench.data.datasets.outline import outline
        from airybench.jobs.power import planned_power
        from airybench.sweep.confirmation import most_confirmations
        from airybench.sweep.cost import cell_costs
        from airybench.sweep.disk import disk_plan
        from airybench.sweep.space import cells, ends, finite
        from airybench.sweep.trial_list import TrialList
        from airybench.tracking.store import tracking_uri
        from airybench.training.device import choose_device

    storage, uri = where[0], tracking_uri(where[1])
    chosen = choose_device(device)
    shown = []
    for name, start in zip(datasets, starts, strict=True):
        known = outline(name, experiment.base.data)
        if experiment.base.data.folds == "all":
            experiment = experiment.customised({"folds": (known.groups_apart(),)}, (), {})
        if not finite(experiment):
            notice("the space has a range; the cells shown are those at its ends")
        costs = cell_costs(cells(ends(experiment)), *known.size, chosen)
        power = planned_power(experiment, name, known, storage, delta=delta)
        trials = (TrialList(experiment).total(), most_confirmations(experiment))
        disk = disk_plan(experiment, [one.cost for one in costs], known.size, trials, workers, uri)
        plan = DryRun(experiment, name, costs, power, disk, workers, start)
        shown.append(cells_json(plan))
        if not as_json:
            print_cells(plan)
        if not disk.fits:
            notice(f"{name}: the disk of {disk.folder} is too small for that; a sweep would be refused")
    if as_json:
        print_json(shown)
    return EXIT_DONE
