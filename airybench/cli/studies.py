"""`airybench studies`: what is on disk."""

from typing import Annotated

import typer

from airybench.cli.options import Debug, Json, Storage
from airybench.errors import EXIT_DONE, StudyError

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name with data set, such as quick@helium.", metavar="STUDY")]


@app.command("list")
def list_studies(storage: Storage = None, as_json: Json = False, debug: Debug = False) -> int:
    """List the studies: trials by state, size, when they were last written."""
    from airybench.cli.show.console import notice, print_json
    from airybench.cli.show.studies import print_studies
    from airybench.sweep.inventory import inventory

    found = inventory(storage)
    if as_json:
        print_json([one.facts() for one in found])
    elif found:
        print_studies(found)
    else:
        notice("no studies yet; airybench sweep --dataset helium makes one")
    return EXIT_DONE


@app.command()
def show(name: Name, storage: Storage = None, as_json: Json = False, debug: Debug = False) -> int:
    """Show one study: what it searches, where its runs are, its trials."""
    from airybench.cli.show.console import print_json
    from airybench.cli.show.studies import print_study
    from airybench.sweep.inventory import look_up

    found = look_up(name, storage)
    if as_json:
        print_json(found.facts() | {"definition": found.known.get("definition"), "trials": found.trials()})
    else:
        print_study(found)
    return EXIT_DONE


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    runs: Annotated[bool, typer.Option("--runs", help="Its MLflow runs as well (restorable until mlflow gc).")] = False,
    storage: Storage = None,
    debug: Debug = False,
) -> int:
    """Delete a study, for good; its MLflow runs stay unless --runs is given."""
    import sys

    from airybench.cli.show.console import notice
    from airybench.sweep.inventory import look_up
    from airybench.tracking.studies import delete_runs

    found = look_up(name, storage)
    also = " and its MLflow runs" if runs else ""
    if not yes:
        if not sys.stdin.isatty():
            raise StudyError(f"deleting study {found.name}{also} needs a yes; give --yes")
        typer.confirm(f"Delete study {found.name} with {found.summary()}{also}?", abort=True, err=True)
    if runs and found.known.get("tracking_uri"):
        count = delete_runs(found.known["tracking_uri"], str(found.known["experiment_id"]), found.name)
        notice(f"{count} runs deleted in {found.known['tracking_uri']}; mlflow gc frees their disk")
    found.delete()
    notice(f"study {found.name} deleted")
    return EXIT_DONE
