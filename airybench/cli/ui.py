"""`airybench ui`."""

from typing import Annotated

import typer

from airybench.cli.options import Debug, TrackingUri
from airybench.errors import EXIT_DONE

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
    tracking_uri: TrackingUri = None,
    debug: Debug = False,
) -> int:
    """Open MLflow's pages on the store in use, for this machine alone, until Ctrl-C."""
    from airybench.cli.show.console import notice
    from airybench.tracking.serve import serve
    from airybench.tracking.store import tracking_uri as chosen

    def tell(address: str, runs: str) -> None:
        print(address, flush=True)
        notice(f"the runs: {runs}\nCtrl-C ends it")

    try:
        serve(chosen(tracking_uri), port, tell)
    except KeyboardInterrupt:
        notice("ended")
    return EXIT_DONE
