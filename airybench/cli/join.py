"""`airybench join`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.layout import App
from airybench.cli.options.common import Csv, Debug, Force, Json

app = App()


@app.command()
def join(
    output: Annotated[
        Path, typer.Argument(metavar="FILE", help="The --output that was given to `airybench predict --shard`.")
    ],
    csv: Csv = False,
    force: Force = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Join the parts of a sharded prediction, once all of them are written."""
    from airybench.cli.show.console import ConsoleReporter
    from airybench.cli.show.output import print_result
    from airybench.inference.join import join as join_parts
    from airybench.inference.parts import Parts
    from airybench.paths import require_new

    parts = Parts(output)
    require_new(output, force=force, other_output=False)
    plan = join_parts(parts, table=csv, reporter=ConsoleReporter())
    print_result(parts.output, as_json=as_json, data=lambda path: {"output": path, "shots": plan.count})
