"""`airybench sweep`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from airybench.cli.options import (
    AXES,
    Debug,
    Device,
    Json,
    Register,
    Settings,
    TrackingUri,
    given,
    single,
    takes_config,
)
from airybench.config import StudyConfig
from airybench.config.experiments import load_experiment
from airybench.errors import EXIT_DONE, EXIT_PARTIAL, ConfigError, unknown

MAX_NAME = 100  # it becomes part of file names

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
@takes_config(repeated=(*AXES, "objective"), study=True)
def sweep(
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="helium, cxidb, a store (.h5) or a deposit (.cxi); repeat it to compare both."),
    ] = None,
    config: Annotated[str, typer.Option(help="Experiment: a name (quick, paper, ...) or a .yaml file.")] = "quick",
    study: Annotated[str | None, typer.Option(help="Name of the study; the same name resumes. [the config's]")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Set an old study of this name aside.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print cells, parameters and time; run nothing.")] = False,
    settings: Settings = None,
    device: Device = "auto",
    workers: Annotated[
        int | None,
        typer.Option(help="Trials at once, each in a process. [one; on Ray what its resources take]", metavar="N"),
    ] = None,
    trials_per_device: Annotated[int, typer.Option(help="Trials that may share a GPU.", metavar="K")] = 1,
    checkpoint_every: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Least time between two checkpoints of a trial.")
    ] = 60.0,
    engine: Annotated[str, typer.Option(help="local, ray or ray://HOST:PORT.", metavar="ENGINE")] = "local",
    storage: Annotated[
        str | None,
        typer.Option(help="Where studies are kept: a folder, or postgresql://... for several hosts.", metavar="URL"),
    ] = None,
    tracking_uri: TrackingUri = None,
    register: Register = None,
    as_json: Json = False,
    debug: Debug = False,
    **options: Any,
) -> int:
    """Compare networks: one trial a cell of the space, tracked in MLflow, ranked on val, the winner scored on test.

    --arch, --depth, --alpha, --leakiness and --log-activation span a grid in place of the config's space; they may be
    repeated and take comma lists, and with a sampler other than the grid ranges, such as --alpha 0.05:1:log.
    Interrupted, the same command goes on where it stopped.
    """
    from airybench.cli.show.console import ConsoleReporter, print_json

    changes = given(options, settings)
    rule = single({name: changes.pop(name) for name in list(changes) if name in StudyConfig.model_fields})
    wanted = load_experiment(config).customised(changes, AXES, rule)
    datasets = _datasets(dataset) or [wanted.base.data.dataset]
    if dry_run:
        return _dry_run(wanted, datasets, device, workers or 1, as_json=as_json)
    from airybench.cli.show.results import front_json, print_front, print_summary, summary_json
    from airybench.cli.show.watch import StudyWatch
    from airybench.jobs.summary import StudySummary
    from airybench.jobs.sweep import benchmark
    from airybench.sweep.engines import engine as engine_of

    name = _study_name(study, config)

    def tell(summary: StudySummary) -> None:
        watch.pause()
        print_summary(summary)
        if len(wanted.study.objectives) > 1:
            print_front(summary, wanted.study.objectives)

    with StudyWatch(wanted.study.metric, wanted.study.direction) as watch:
        found = benchmark(
            wanted, datasets, name, watch, ConsoleReporter(),
            engine=engine_of(engine, device, workers, trials_per_device), storage=storage, uri=tracking_uri,
            fresh=fresh, register_as=register, checkpoint_every=checkpoint_every,
            tell=(lambda _: None) if as_json else tell,
        )  # fmt: skip
    if as_json:
        print_json([summary_json(one) | front_json(one, wanted.study.objectives) for one in found])
    return EXIT_PARTIAL if any(one.failures for one in found) else EXIT_DONE


def _datasets(given_names: list[str] | None) -> list[str]:
    words = [word.strip() for name in given_names or () for word in name.split(",")]
    if "" in words:
        raise unknown("data set", "", ("helium", "cxidb", "a store (FILE.h5)", "a deposit (FILE.cxi)"))
    return list(dict.fromkeys(word for word in words if word != "config"))


def _study_name(study: str | None, config: str) -> str:
    if study is None or study == "config":
        return Path(config).stem
    if len(study) > MAX_NAME:
        raise ConfigError(f"study name has {len(study)} characters, expected at most {MAX_NAME}")
    if not study.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigError(
            f"study name {study!r} has characters that a file name should not; use letters, digits, - _ ."
        )
    return study


def _dry_run(wanted: Any, datasets: list[str], device: str, workers: int, *, as_json: bool) -> int:
    from airybench.cli.show.console import notice, print_json
    from airybench.cli.show.dry_run import cells_json, print_cells
    from airybench.data.datasets.catalog import facts
    from airybench.sweep.estimate import estimate
    from airybench.sweep.space import cells, check, ends, finite
    from airybench.training.device import choose_device

    check(wanted)
    chosen = choose_device(device)
    shown = []
    for name in datasets:
        shots, classes = facts(name, wanted.base.data.count)
        if not finite(wanted):
            notice("the space has a range; its ends stand for it")
        estimates = estimate(wanted, cells(ends(wanted)), shots, classes, chosen)
        shown.append(cells_json(wanted, name, estimates, workers))
        if not as_json:
            print_cells(wanted, name, estimates, workers)
    if as_json:
        print_json(shown)
    return EXIT_DONE
