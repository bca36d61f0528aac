"""`airybench reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import (
    DATASET_HELP,
    FROM_CONFIG,
    Debug,
    Delta,
    Device,
    Json,
    Settings,
    Storage,
    Threads,
    TrackingUri,
    split_names,
    unless_config,
)
from airybench.cli.options.completion import DATASETS, choices, question_names
from airybench.cli.options.early import loading, require_datasets
from airybench.cli.options.panels import OUTPUT, PLACE, START
from airybench.cli.options.parameters import given_parameters, single_values
from airybench.config.experiments import experiment_of
from airybench.config.margin import margin
from airybench.errors import EXIT_DONE, EXIT_FAILED, InputError

app = App()


@app.command()
def reproduce(
    question: Annotated[
        str,
        typer.Argument(metavar="QUESTION", help="Question, such as headline.", autocompletion=question_names),
    ],
    size: Annotated[
        str,
        typer.Option(
            help="Size of the experiment: quick, small, medium or full.",
            metavar="SIZE",
            autocompletion=choices("quick", "small", "medium", "full"),
            rich_help_panel=START,
        ),
    ] = "quick",
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{DATASET_HELP} Repeatable.",
            metavar="NAME|PATH,...",
            show_default="those of the published answer",
            autocompletion=DATASETS,
            rich_help_panel=START,
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            help="Name of its studies. Existing ones are taken as they are, or resumed.",
            metavar="NAME",
            show_default="the experiment's name",
            callback=unless_config,
            rich_help_panel=START,
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Archive existing studies of this name and start again.", rich_help_panel=START),
    ] = False,
    settings: Settings = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Published answers to compare with.",
            metavar="FILE.json",
            show_default="those that come with airybench",
            rich_help_panel=START,
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            help="Write the answers, as they are published: scores of every training, intervals, claims and where they "
            "come from.",
            metavar="FILE.json",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    workers: Annotated[
        int,
        typer.Option(
            help="Trials that run at the same time, each in its own process.", metavar="NUMBER", rich_help_panel=PLACE
        ),
    ] = 1,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    delta: Delta = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Answer a question again, and compare with the published answer.

    The experiment of the question is run in the given size on every data set, as far as it has not been run. Then each
    number stands beside the published one. The exit code is 0 where all agree and 1 where one does not.

    A question to a sampler, such as optuna, runs three searches of it and three random ones with as many trials, each
    with another seed, and compares their winners.

    A claim agrees where it has the published sign or, where nothing was told apart, where the two intervals overlap. A
    cell agrees where its score lies in the published interval; that is asked only of the same experiment on the same
    shots. After an interruption the same command resumes.
    """
    from airybench.study_name import check_study_name

    if write is not None and write.suffix != ".json":
        raise InputError(f"--write {write}: give a file ending in .json")
    size = "quick" if size == FROM_CONFIG else size
    experiment_of(question, size)
    if study:
        check_study_name(study)
    changes = single_values(given_parameters({}, settings))
    datasets = split_names(dataset)
    require_datasets(datasets)
    smallest = margin(delta)
    with loading():
        from airybench.cli.show.agreement import agreement_json, print_agreement
        from airybench.cli.show.console import ConsoleReporter, notice, print_json
        from airybench.cli.show.watch import StudyWatch
        from airybench.config.objective import Objective
        from airybench.jobs.options import RunOptions
        from airybench.jobs.reproduce import Question, reproduce
        from airybench.sweep.engines import engine as engine_of

    asked = Question(question, size, tuple(datasets), study, changes, against)
    with StudyWatch(Objective.of("macro_ap")) as watch:
        found, compared = reproduce(
            asked,
            write=write,
            engine=engine_of("local", device, workers, 1),
            storage=storage,
            options=RunOptions(tracking_uri, fresh, delta=smallest),
            observer=watch,
            reporter=ConsoleReporter(),
        )
    if write is not None:
        notice(f"written: {write}")
    if as_json:
        print_json(agreement_json(found, compared))
    else:
        print_agreement(found, compared)
    return EXIT_DONE if compared is None or compared.agrees else EXIT_FAILED
