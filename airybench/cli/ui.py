"""`airybench ui`."""

import os
import sys
import webbrowser
from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, TrackingUri
from airybench.cli.options.completion import study_names
from airybench.errors import EXIT_DONE

app = App()


@app.command()
def ui(
    study: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Open the leaderboard of this study: NAME, or NAME@DATASET.",
            show_default="the latest study",
            autocompletion=study_names,
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--no-browser",
            help="Open the leaderboard in the browser.",
            show_default="on a terminal with a display",
        ),
    ] = None,
    tracking_uri: TrackingUri = None,
    debug: Debug = False,
) -> int:
    """Open the MLflow user interface on the tracking store in use.

    It is served on 127.0.0.1, to this machine only, until Ctrl-C. The addresses that are printed open the leaderboards
    of the latest studies: rank, scores with their intervals, and what varies. With --study it is the store that this
    study logged to.
    """
    from airybench.cli.show.console import notice
    from airybench.jobs.model_store import tracking_of
    from airybench.tracking.serve import Pages, serve
    from airybench.tracking.store import tracking_uri as chosen

    def announce(pages: Pages) -> None:
        print(pages.address, flush=True)
        boards = [f"leaderboard of {study}: {address}" for study, address in pages.leaderboards.items()]
        for place in pages.lost:
            notice(f"artifacts are not in {place}, so that no page shows them; put mlruns beside the database")
        notice("\n".join([*boards, f"all runs: {pages.runs}", "end it with Ctrl-C"]))
        if browser or (browser is None and _has_display()):
            webbrowser.open(pages.first)

    try:
        serve(chosen(tracking_uri or (tracking_of(study) if study else None)), port, announce, study)
    except KeyboardInterrupt:
        notice("ended")
    return EXIT_DONE


def _has_display() -> bool:
    """Whether a user sits before a terminal and a display."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
