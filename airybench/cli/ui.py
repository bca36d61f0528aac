"""`airybench ui`."""

from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, TrackingUri
from airybench.errors import EXIT_DONE

app = App()


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
    tracking_uri: TrackingUri = None,
    debug: Debug = False,
) -> int:
    """Open the MLflow user interface on the tracking store in use.

    It is served on 127.0.0.1, to this machine only, until Ctrl-C.
    """
    from airybench.cli.show.console import notice
    from airybench.tracking.serve import serve
    from airybench.tracking.store import tracking_uri as chosen

    def announce(address: str, runs: str) -> None:
        print(address, flush=True)
        notice(f"the runs: {runs}\nend it with Ctrl-C")

    try:
        serve(chosen(tracking_uri), port, announce)
    except KeyboardInterrupt:
        notice("ended")
    return EXIT_DONE
