"""From the parts of a prediction to one file."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py
import numpy as np

from airybench.data.hdf5.opening import open_hdf5, writing
from airybench.data.store.columns import read_column, storable
from airybench.errors import DataError
from airybench.inference.parts import EVENTS, Columns, Parts, create_column
from airybench.inference.plan import PART, Plan
from airybench.paths import flushed, locked
from airybench.reporter import SILENT, Reporter


def join(parts: Parts, *, table: bool = False, reporter: Reporter = SILENT) -> Plan:
    """Join all parts into the output file and remove them.

    Args:
        parts: of one output.
        table: also write a CSV file of ids, events, probabilities and answers beside the output.
        reporter: receives the progress over the parts.

    Returns:
        The plan that the parts were made for.

    Raises:
        DataError: parts are missing (the message names the first of their shots), or the disk is full.
    """
    with locked(parts.folder):
        plan = parts.plan()
        missing = parts.missing(plan, range(plan.parts))
        if missing:
            first, after = plan.rows(missing[0])
            raise DataError(
                f"{parts.output}: {len(missing)} of {plan.parts} parts are missing or were changed, the first of them "
                f"shots {first} to {after - 1}; run their shards"
            )
        unfinished = parts.output.with_name(f".{parts.output.name}.joining")
        with writing(parts.output, "prediction"):
            try:
                with (
                    _appending(unfinished, plan) as append,
                    reporter.progress(f"joining {parts.output.name}") as progress,
                ):
                    for number in range(plan.parts):
                        append(parts.read(number))
                        progress(number + 1, plan.parts)
                if table:
                    _write_table(plan, unfinished, parts.output.with_suffix(".csv"))
                flushed(unfinished)
                os.replace(unfinished, parts.output)
                flushed(parts.output.parent)  # the name as well, before the parts go
            finally:
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)
        parts.remove()
    return plan


def is_joined(parts: Parts, plan: Plan) -> bool:
    """Whether the output exists and holds this plan's answers: a process was killed before it removed the parts."""
    if not parts.output.exists():
        return False
    try:
        with open_hdf5(parts.output) as file:
            return all(np.array_equal(file.attrs.get(key), value) for key, value in plan.attributes().items())
    except DataError:
        return False


@contextmanager
def _appending(path: Path, plan: Plan) -> Iterator[Callable[[Columns], None]]:
    """Create a file; yields a function that appends the columns of one part to it."""
    with h5py.File(path, "w", rdcc_nbytes=0) as file:
        for key, value in plan.attributes().items():
            file.attrs[key] = value

        kinds: dict[str, str] = {}

        def append(columns: Columns) -> None:
            found = {key: values.dtype.kind for key, values in columns.items()}
            if found != (kinds or found):
                raise DataError(f"{path}: the parts hold different columns", "predict again with --force")
            kinds.update(found)
            for key, values in columns.items():
                kept = storable(values)
                if key not in file:
                    create_column(file, key, (0, *kept.shape[1:]), kept.dtype, growing=True)
                if len(kept):
                    data = file[key]
                    data.resize(len(data) + len(kept), axis=0)
                    data[-len(kept) :] = kept

        yield append


def _write_table(plan: Plan, joined: Path, path: Path) -> None:
    """Write ids, events, probabilities and answers of the joined file as CSV, one shot per line."""
    unfinished = path.with_name(f".{path.name}.joining")
    with open_hdf5(joined) as file, unfinished.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        events = file.get(EVENTS, {})
        writer.writerow(["id", *events, *(f"p {name}" for name in plan.class_names), "answer"])
        for start in range(0, plan.count, PART):
            rows = slice(start, start + PART)
            names = [read_column(data, rows) for data in (file["id"], *events.values())]
            for named, probabilities, predicted in zip(
                zip(*names, strict=True), file["probability"][rows], file["prediction"][rows], strict=True
            ):
                answer = ";".join(name for name, holds in zip(plan.class_names, predicted, strict=True) if holds)
                writer.writerow([*named, *(f"{p:.6g}" for p in probabilities), answer])
    flushed(unfinished)
    os.replace(unfinished, path)
