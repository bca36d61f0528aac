"""`airybench doctor`."""

from airybench.cli.layout import App
from airybench.cli.options.common import Debug, Json, TrackingUri
from airybench.errors import EXIT_DONE, EXIT_FAILED

app = App()


@app.command()
def doctor(tracking_uri: TrackingUri = None, as_json: Json = False, debug: Debug = False) -> int:
    """Check this machine.

    Device, versions, data folder, tracking store, free disk and extras are checked. Every problem is shown with its
    remedy. The exit code is 1 if something that a sweep needs fails.
    """
    from dataclasses import asdict

    from airybench.cli.show.findings import print_findings
    from airybench.cli.show.output import print_result
    from airybench.jobs.doctor import examine

    found = examine(tracking_uri)
    usable = all(one.state != "fail" for one in found)
    print_result(
        found,
        as_json=as_json,
        data=lambda findings: {"usable": usable, "findings": [asdict(one) for one in findings]},
        text=print_findings,
    )
    return EXIT_DONE if usable else EXIT_FAILED
