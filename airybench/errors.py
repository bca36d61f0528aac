"""The errors a user may meet; each message says what was found, what was expected and what to do."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_INPUT = 2
EXIT_PARTIAL = 3
EXIT_INTERRUPTED = 130


class AirybenchError(Exception):
    """Base of every error with a message meant for the user.

    `exit_code` is what the command line returns: 1 when work had begun and failed.
    """

    exit_code = EXIT_FAILED


class InputError(AirybenchError):
    """Something given by the user cannot be used; nothing was started."""

    exit_code = EXIT_INPUT


class ConfigError(InputError):
    """An option, a YAML file or a grid holds a name or number that cannot be."""


class DataError(InputError):
    """A store, deposit or folder is missing, damaged or breaks the schema.

    Args:
        found: what is wrong, and where.
        remedy: what to do about it; a part of `found` when left out.

    >>> str(DataError("a.cxi: truncated", "get a whole copy"))
    'a.cxi: truncated; get a whole copy'
    """

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(f"{found}; {remedy}" if remedy else found)
        self.found, self.remedy = found, remedy


class LabelError(DataError):
    """The labels of a source break a rule; everything else about it is sound."""


class TrackingError(InputError):
    """The MLflow tracking server or store cannot be reached or written."""


class StudyError(InputError):
    """A study of that name exists with another content, or is in use by another process."""


class StorageError(AirybenchError):
    """The database in which a study is kept went away while it ran."""


class ReaderError(AirybenchError):
    """A process that reads shots for the network was killed."""


class NothingFinishedError(AirybenchError):
    """No trial of a study finished, so that there is nothing to rank."""


class TrialError(AirybenchError):
    """A single trial failed; the sweep goes on. `kind` becomes the tag `airybench.failure`."""

    kind = "error"


class DivergedError(TrialError):
    """The loss left the finite numbers."""

    kind = "diverged"


class OutOfMemoryError(TrialError):
    """The device had no room for the network and one batch."""

    kind = "out-of-memory"


def config_error(report: Mapping[str, Any], names: Collection[str], *, name: str = "") -> AirybenchError:
    """An error of one line from an entry of pydantic's report: the parameter, what was found, what is valid.

    Args:
        report: the entry.
        names: names of parameters, to tell them from pydantic's own names in the location of the entry.
        name: the parameter, if the location does not name it.
    """
    where = [part for part in report["loc"] if isinstance(part, int) or part in names]
    name = next((str(part) for part in reversed(where) if not isinstance(part, int)), name or "configuration")
    message, found = report["msg"].removeprefix("Value error, "), report.get("input")
    if report["type"] == "extra_forbidden":
        return unknown("parameter", report["loc"][-1], sorted(names))
    if report["type"] in ("value_error", "missing"):
        place = ".".join(map(str, where))
        return ConfigError(f"{place}: {message}" if place and place not in message else message)
    if report["type"] == "literal_error" and isinstance(found, str):
        return unknown(name, found, re.findall("'([^']*)'", report["ctx"]["expected"]))
    return ConfigError(f"{name}: found {found!r}; {message[0].lower()}{message[1:]}")


def already_exists(path: Path, *, other_output: bool = True) -> DataError:
    """The refusal to overwrite a file.

    Args:
        path: the file.
        other_output: whether the command has an option `--output` to name another file with.
    """
    other = ", or name another file with --output" if other_output else ""
    return DataError(f"{path}: exists already", f"add --force to replace it{other}")


def explained(error: BaseException) -> tuple[str, str]:
    """Kind and reason of a failure, as runs and trials keep them; the reason is one line."""
    kind = error.kind if isinstance(error, TrialError) else "error"
    return kind, " ".join(str(error).split()) or type(error).__name__


def unknown(
    what: str, found: object, valid: Iterable[object], *, error: type[AirybenchError] = ConfigError
) -> AirybenchError:
    """An error for a name that is none of `valid`, with the nearest one suggested."""
    names = [str(name) for name in valid]
    near = get_close_matches(str(found), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return error(f"unknown {what} {str(found)!r}; valid: {', '.join(names)}.{hint}")
