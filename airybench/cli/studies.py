"""`airybench studies`: what is on disk."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, Json, Storage, StudyArguments, TrackingUri
from airybench.cli.options.completion import study_names
from airybench.errors import EXIT_DONE, StudyError

if TYPE_CHECKING:
    from airybench.sweep.saved_studies import SavedStudy

app = App(help="List, show, delete and clean up studies, and find those that were moved.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(help="Study with its data set, such as quick@helium.", metavar="STUDY", autocompletion=study_names),
]

ShownName = Annotated[
    str,
    typer.Argument(
        help="Study: NAME for those of all its data sets, or NAME@DATASET.",
        metavar="STUDY",
        autocompletion=study_names,
    ),
]


@app.command("list")
def list_studies(storage: Storage = None, as_json: Json = False, debug: Debug = False) -> int:
    """List studies with trials by state, size and time of the last change."""
    from airybench.cli.show.console import notice
    from airybench.cli.show.output import print_result
    from airybench.cli.show.studies import print_studies
    from airybench.sweep import look_up

    studies = look_up.list_studies(storage)
    if not studies and not as_json:
        notice("no studies yet; airybench sweep --dataset helium makes one")
        return EXIT_DONE
    print_result(studies, as_json=as_json, data=lambda all_: [_facts(one) for one in all_], text=print_studies)
    return EXIT_DONE


@app.command()
def show(
    name: ShownName,
    yaml: Annotated[
        bool, typer.Option("--yaml", help="Print its settings as an experiment, which sweep --config takes.")
    ] = False,
    storage: Storage = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Show a study: its space, where its runs are, and its trials."""
    from airybench.cli.show.output import print_result
    from airybench.cli.show.studies import print_each, print_yaml
    from airybench.sweep.look_up import find_studies

    found = find_studies(name, storage)
    if yaml:
        print_yaml(found)
        return EXIT_DONE

    def data(studies: "list[SavedStudy]") -> Any:
        all_ = [
            _facts(one) | {"definition": one.attributes.get("definition"), "trials": one.trials()} for one in studies
        ]
        return all_[0] if len(all_) == 1 else all_

    print_result(found, as_json=as_json, data=data, text=print_each)
    return EXIT_DONE


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    runs: Annotated[
        bool, typer.Option("--runs", help="Also delete its MLflow runs and the models that they logged.")
    ] = False,
    storage: Storage = None,
    debug: Debug = False,
) -> int:
    """Delete a study permanently.

    Its MLflow runs are kept unless --runs is given.
    """
    import sys

    from airybench.cli.show.console import notice
    from airybench.passwords import set_apart
    from airybench.sweep.look_up import find_study
    from airybench.tracking.studies import delete_runs

    study = find_study(name, storage)
    also = " and its MLflow runs" if runs else ""
    if not yes:
        if not sys.stdin.isatty():
            raise StudyError(f"deleting study {study.name}{also} needs a yes; give --yes")
        typer.confirm(f"Delete study {study.name} with {study.summary()}{also}?", abort=True, err=True)
    if runs and study.attributes.get("tracking_uri"):
        uri = set_apart(study.attributes["tracking_uri"])
        gone = delete_runs(uri, str(study.attributes["experiment_id"]), study.name)
        notice(
            f"{gone.runs} runs deleted in {uri}, and {gone.models} logged models; their disk is freed by "
            f"mlflow gc --backend-store-uri {uri} --tracking-uri {uri}"
        )
    study.delete()
    notice(f"study {study.name} deleted")
    return EXIT_DONE


@app.command()
def gc(
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    runs: Annotated[
        bool, typer.Option("--runs", help="Also delete runs and models of studies that are gone, which can be of use.")
    ] = False,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """List what nothing refers to, with its size, and delete it after a yes.

    That is: studies whose runs are gone, checkpoints and unfinished files of studies and trials that are gone, and the
    files of runs and models that were deleted in MLflow, which cannot be restored after that. Only files of airybench
    are touched, in the data folder and beside the tracking stores in use, and nothing while a sweep runs.
    """
    import sys

    from airybench.cli.show.console import notice
    from airybench.cli.show.garbage import garbage_json, print_garbage, total
    from airybench.cli.show.output import print_result
    from airybench.jobs.garbage import OF_USE, delete_garbage, find_garbage
    from airybench.tracking.store import tracking_uri as chosen

    uri = chosen(tracking_uri)
    found = find_garbage(uri, storage)
    print_result(found, as_json=as_json, data=garbage_json, text=print_garbage)
    deleted = [one for one in found if runs or one.what not in OF_USE]
    if not deleted:
        return EXIT_DONE
    if not yes:
        if not sys.stdin.isatty():
            notice("nothing is deleted without a yes; give --yes")
            return EXIT_DONE
        typer.confirm(f"Delete {total(deleted)}?", abort=True, err=True)
    notice(f"{delete_garbage(deleted, uri, storage) / 1e6:.1f} MB deleted")
    return EXIT_DONE


@app.command()
def relocate(
    names: StudyArguments = None,
    storage: Storage = None,
    tracking_uri: TrackingUri = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Tell studies where their runs are, after the tracking store was moved.

    A store that was moved together with the data folder, or that is in use, is found without this. Studies whose runs
    are not in the store stay as they are.
    """
    from airybench.cli.show.output import print_result
    from airybench.jobs.relocate import Relocated
    from airybench.jobs.relocate import relocate as relocated
    from airybench.tracking.store import tracking_uri as chosen

    def text(all_: list[Relocated]) -> None:
        for one in all_:
            print(f"{one.study}: {one.now}" + (f" (was {one.before})" if one.before != one.now else ""))

    found = relocated(chosen(tracking_uri), names or (), storage)
    print_result(found, as_json=as_json, data=lambda all_: [vars(one) for one in all_], text=text)
    return EXIT_DONE


def _facts(study: "SavedStudy") -> dict[str, Any]:
    """A study in short, with the disk that its runs take."""
    return study.overview() | {"run_bytes": study.run_bytes}
