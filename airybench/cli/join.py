"""`airybench join`."""

from pathlib import Path
from typing import Annotated

import typer

from airybench.cli.options import Debug, Json

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def join(
    output: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `airybench predict --shard` was given as --output.")
    ],
    csv: Annotated[bool, typer.Option("--csv", help="Write a CSV file beside it as well.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Join the parts that the shards of a prediction left, once all are there."""
    from airybench.cli.show.console import ConsoleReporter, print_json
    from airybench.inference.parts import Parts
    from airybench.paths import require_absent

    parts = Parts(output)
    require_absent(output, force=force, remedy="add --force to replace it")
    plan = parts.join(table=csv, reporter=ConsoleReporter())
    if as_json:
        print_json({"output": parts.output, "shots": plan.count})
    else:
        print(parts.output)
