"""`airybench runs`: runs and studies between tracking stores."""

from typing import TYPE_CHECKING, Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, Json, Storage, StudyNames, TrackingUri, split_names
from airybench.cli.options.early import loading
from airybench.errors import EXIT_DONE

if TYPE_CHECKING:
    from airybench.jobs.transfer import Transferred

app = App(help="Copy runs and studies between tracking stores.", no_args_is_help=True)


@app.command()
def push(
    to: Annotated[str, typer.Option(metavar="URI", help="Tracking store that receives the runs, such as a server.")],
    study: StudyNames = None,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Copy runs, models and studies to another tracking store, such as a server.

    Runs keep their times, curves, tags, files, data sets, models and places below one another, and get new ids. What is
    there already is not copied again; after an interruption the same command goes on.
    Without --study all runs of airybench are copied.
    """
    with loading():
        from airybench.cli.show.console import ConsoleReporter
        from airybench.jobs.transfer import push as pushed
        from airybench.tracking.store import tracking_uri as chosen

    done = pushed(chosen(tracking_uri), chosen(to), split_names(study), storage, ConsoleReporter())
    _print(done, as_json=as_json)
    return EXIT_DONE


@app.command()
def pull(
    source: Annotated[str, typer.Option("--from", metavar="URI", help="Tracking store that holds the runs.")],
    study: StudyNames = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Copy runs, models and studies from another tracking store into the one in use.

    As `push`, the other way. Studies that were pushed can then be compared, reported and resumed here.
    """
    with loading():
        from airybench.cli.show.console import ConsoleReporter
        from airybench.jobs.transfer import pull as pulled
        from airybench.tracking.store import tracking_uri as chosen

    done = pulled(chosen(source), chosen(tracking_uri), split_names(study), ConsoleReporter())
    _print(done, as_json=as_json)
    return EXIT_DONE


def _print(done: "Transferred", *, as_json: bool) -> None:
    from airybench.cli.show.output import print_result

    def text(all_: "Transferred") -> None:
        runs, registered = all_.runs, all_.registered
        print(f"{runs.new} runs copied, {runs.renewed} brought up to date, {runs.unchanged} unchanged; "
              f"{runs.models} models; studies: {', '.join(all_.studies) or 'none'}"
              + (f"; registered: {', '.join(registered)}" if registered else ""))  # fmt: skip

    def data(all_: "Transferred") -> dict[str, object]:
        return {**vars(all_.runs), "registered": all_.registered, "studies": all_.studies}

    print_result(done, as_json=as_json, data=data, text=text)
