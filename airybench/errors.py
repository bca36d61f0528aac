"""Errors for the user, and the exit codes they lead to; a message says what was found, expected, and what to do."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from airybench.passwords import hidden

EXIT_DONE = 0
EXIT_FAILED = 1
"""The work had begun, and failed."""

EXIT_INPUT = 2
"""The input is invalid; nothing was started."""

EXIT_PARTIAL = 3
"""A sweep finished, but some of its trials failed."""

EXIT_INTERRUPTED = 130
"""Ctrl-C or SIGTERM; the same command resumes the work."""


class AirybenchError(Exception):
    """Base of all errors whose message is meant for the user.

    Attributes:
        exit_code: of the command line.

    >>> issubclass(DataError, AirybenchError), DataError.exit_code
    (True, 2)
    """

    exit_code = EXIT_FAILED

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process: as it is, whatever arguments its class takes."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[AirybenchError], args: tuple[Any, ...], state: dict[str, Any]) -> AirybenchError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class InputError(AirybenchError):
    """The user's input cannot be used; nothing was started."""

    exit_code = EXIT_INPUT


class ConfigError(InputError):
    """An option, a YAML file or a grid contains an unknown name or an invalid value."""


class DataError(InputError):
    """A store, deposit or folder is missing, damaged or breaks the schema.

    Args:
        found: what is wrong, and where.
        remedy: what to do about it, if `found` does not say so.

    >>> str(DataError("a.cxi: truncated", "get a whole copy"))
    'a.cxi: truncated; get a whole copy'
    """

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(f"{found}; {remedy}" if remedy else found)
        self.found, self.remedy = found, remedy


class MissingOptionError(DataError):
    """A source does not say something that only its user can know.

    Args:
        found: what is missing, and where.
        option: what to add to the command, such as `--photon-energy EV`.
        remedy: what to do, where there are several ways; by default to add the option.

    >>> str(MissingOptionError("a.h5: no photon energy", "--photon-energy EV"))
    'a.h5: no photon energy; add --photon-energy EV'
    """

    def __init__(self, found: str, option: str, remedy: str = "") -> None:
        super().__init__(found, remedy or f"add {option}")
        self.option = option


class LabelError(DataError):
    """The labels of a source break a rule; everything else about it is sound."""


class TrackingError(InputError):
    """The MLflow tracking server or store cannot be reached or written."""


class StudyError(InputError):
    """A study of that name exists with another content, or is in use by another process."""


class StorageError(AirybenchError):
    """The database of a study became unavailable while the study ran."""


class ReaderError(AirybenchError):
    """A process that reads shots for the network was killed."""


class NothingFinishedError(AirybenchError):
    """No trial of a study has finished, so there is nothing to rank."""


class TrialError(AirybenchError):
    """A single trial failed; the sweep continues.

    Attributes:
        kind: of failure, logged as the tag `airybench.failure`.
    """

    kind = "error"


class DivergedError(TrialError):
    """The loss became infinite or NaN."""

    kind = "diverged"


class OutOfMemoryError(TrialError):
    """The network and one batch do not fit into the memory of the device."""

    kind = "out-of-memory"


def config_error(report: Mapping[str, Any], names: Collection[str], *, name: str = "") -> AirybenchError:
    """An error of one line from an entry of pydantic's report: the parameter, what was found, what is valid.

    Args:
        report: the entry.
        names: names of parameters, to tell them from pydantic's own names in the location of the entry.
        name: the parameter, if the location does not name it.
    """
    where = [part for part in report["loc"] if isinstance(part, int) or part in names]
    place = ".".join(map(str, where)) or name
    name = next((str(part) for part in reversed(where) if not isinstance(part, int)), name or "configuration")
    message, found = report["msg"].removeprefix("Value error, "), report.get("input")
    if report["type"] == "extra_forbidden":
        return unknown("parameter", report["loc"][-1], sorted(names))
    if report["type"] in ("value_error", "missing"):
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
    """Kind and reason of a failure, as runs and trials record them; the reason is one line.

    >>> explained(DivergedError("the loss became nan"))
    ('diverged', 'the loss became nan')
    """
    kind = error.kind if isinstance(error, TrialError) else "error"
    return kind, " ".join(hidden(str(error)).split()) or type(error).__name__


def unknown(
    what: str, found: object, valid: Iterable[object], *, error: type[AirybenchError] = ConfigError
) -> AirybenchError:
    """An error for a name that is not among the valid ones, which suggests the most similar one.

    Args:
        what: kind of thing that is named, such as `model`.
        found: the unknown name.
        valid: all valid names.
        error: class of the error.

    >>> str(unknown("arch", "resnext", ["resnet", "vgg"]))
    "unknown arch 'resnext'; valid: resnet, vgg. Did you mean 'resnet'?"
    """
    names = [str(name) for name in valid]
    near = get_close_matches(str(found), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return error(f"unknown {what} {str(found)!r}; valid: {', '.join(names)}.{hint}")
