"""`airybench doctor`."""

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, Json, TrackingUri
from airybench.errors import EXIT_DONE, EXIT_FAILED

app = App()

COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


@app.command()
def doctor(tracking_uri: TrackingUri = None, as_json: Json = False, debug: Debug = False) -> int:
    """Check this machine: device, versions, data folder, tracking store, free disk and extras.

    Every problem is shown with its remedy. The exit code is 1 if something that a sweep needs fails.
    """
    from dataclasses import asdict

    from airybench.cli.show.console import print_json
    from airybench.jobs.doctor import examine

    found = examine(tracking_uri)
    usable = all(one.state != "fail" for one in found)
    if as_json:
        print_json({"usable": usable, "findings": [asdict(one) for one in found]})
        return EXIT_DONE if usable else EXIT_FAILED
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for one in found:
        console.print(f"[{COLORS[one.state]}]{one.state:4}[/]  {one.subject:12}", end="")
        console.print(one.found, markup=False, end=f"\n{'':20}-> " if one.remedy else "\n")
        if one.remedy:
            console.print(one.remedy, markup=False)
    console.print("Fit for sweeps." if usable else "Not fit for sweeps: see what fails above.")
    return EXIT_DONE if usable else EXIT_FAILED
