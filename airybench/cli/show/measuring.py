"""A benchmark that is run and printed."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from airybench.cli.options.benchmark import require_csv

if TYPE_CHECKING:
    import torch

    from airybench.bench.measure import Measurement
    from airybench.reporter import Reporter

    Measure = Callable[[torch.device, Reporter], Iterable[Measurement]]


def measure_and_print(
    name: str, measure: "Measure", device: str, output: str | None, as_json: bool, markdown: bool = False
) -> None:
    """Run a benchmark and print what it measured.

    Args:
        name: of the benchmark.
        measure: takes the device and what shows progress.
        device: as `choose_device` takes it.
        output: a CSV file to write as well, or `csv`.
        as_json: print JSON.
        markdown: print a table in Markdown.

    Raises:
        InputError: the file cannot be written.
        ConfigError: there is no such device, or a size makes no sense.
    """
    from airybench.cli.show.console import ConsoleReporter
    from airybench.cli.show.measurements import Form, print_measurements
    from airybench.training.device import choose_device

    require_csv(output)
    on = choose_device(device)
    form: Form = "json" if as_json else "markdown" if markdown else "csv" if output == "csv" else "table"
    print_measurements(name, measure(on, ConsoleReporter()), str(on), None if output == "csv" else output, form)
