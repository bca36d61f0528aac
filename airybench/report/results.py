"""Published answers: what finished studies say on one question, as a small JSON file that is kept and compared with."""

import hashlib
import json
import math
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airybench.analysis.estimate import Estimate
from airybench.config import SweepConfig, Value
from airybench.config.values import Number
from airybench.errors import AirybenchError, ConfigError
from airybench.parsing import read_json

DIGITS = 6
"""Decimals that are kept."""

SITE = ("dataset", "simulator")
"""Parameters of the data that an experiment leaves to the command line."""


class _Published(BaseModel):
    """A part of the file; no parameter of the configuration, whose names error messages list."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Interval(_Published):
    """A value with its 95 % interval; None for what is undefined."""

    value: Number | None = None
    low: Number | None = None
    high: Number | None = None

    @classmethod
    def of(cls, one: Estimate) -> "Interval":
        """From an estimate."""
        return cls(value=kept(one.value), low=kept(one.low), high=kept(one.high))

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Value and ends; NaN for what is undefined."""
        value, low, high = (math.nan if one is None else one for one in (self.value, self.low, self.high))
        return value, low, high

    def contains(self, value: float) -> bool | None:
        """Whether a value lies in the interval, at the decimals that are kept; None where either is undefined.

        >>> Interval(value=0.5, low=0.4, high=0.6).contains(0.6), Interval(value=0.5).contains(0.5)
        (True, None)
        """
        _, low, high = self.numbers
        if math.isnan(value) or math.isnan(low) or math.isnan(high):
            return None
        return low <= round(value, DIGITS) <= high

    def overlaps(self, other: "Interval") -> bool | None:
        """Whether two intervals have a value in common; None where either is undefined."""
        ends = (*self.numbers[1:], *other.numbers[1:])
        if any(map(math.isnan, ends)):
            return None
        low, high, others_low, others_high = ends
        return low <= others_high and others_low <= high


class TrialResult(_Published):
    """One training."""

    seed: int
    fold: int | None = None
    val: Number | None
    test: Number | None
    epochs: int
    best_epoch: int
    seconds: Number


class CellScores(_Published):
    """One cell: the parameters in which the cells of its study differ, and the metric."""

    name: str
    digest: str
    params: dict[str, Value]
    val: Number | None
    test: Interval
    trials: tuple[TrialResult, ...]


class BaselineResult(_Published):
    """What is reached without a network; the parameters say on which shots, where a study varies them."""

    name: str
    params: dict[str, Value]
    test: Interval


class ClaimResult(_Published):
    """A claim; the difference is the first of each pair less the second, mean over pairs."""

    statement: str
    pairs: tuple[tuple[str, str], ...]
    difference: Interval
    p: Number | None
    p_holm: Number | None
    q: Number | None
    seeds: tuple[int, ...]
    shots: int
    runs: int
    verdict: str


class StressedCell(_Published):
    """One cell under changes of the detector; `changes` by change and strength."""

    name: str
    clean: Interval
    changed: Interval
    loss: Interval
    changes: dict[str, dict[str, Interval]]


class StressEffect(_Published):
    """What one choice costs under changes of the detector against its reference."""

    factor: str
    choice: str
    reference: str
    pairs: int
    loss: Interval
    changed: Interval
    p_holm: Number | None
    verdict: str


class StressResult(_Published):
    """The cells of a study under changes of the detector, and what costs them most."""

    cells: tuple[StressedCell, ...]
    effects: tuple[StressEffect, ...]
    advice: str


class SearchResult(_Published):
    """One search of a sampler: the best objective on val after each trial, and the network that won on val."""

    sampler: str
    seed: int
    best: tuple[Number | None, ...]
    winner: dict[str, Value]
    seconds: Number


class DatasetResult(_Published):
    """The study of one data set."""

    dataset: str
    source: str
    simulator: int
    data_sha256: str
    split_digest: str
    shots: int
    test_shots: int
    command: str
    airybench: str
    commit: str
    packages: dict[str, str]
    seconds: Number
    cells: tuple[CellScores, ...] = Field(min_length=1)
    baselines: tuple[BaselineResult, ...]
    claims: tuple[ClaimResult, ...]
    notes: tuple[str, ...]
    stress: StressResult | None = None
    searches: tuple[SearchResult, ...] = ()

    @property
    def budget(self) -> tuple[int, ...]:
        """Number of trials of each search; empty where the cells were named."""
        return tuple(len(one.best) for one in self.searches)

    @property
    def trainings(self) -> int:
        """Number of trainings, those of the searches included."""
        return sum(self.budget) or sum(len(cell.trials) for cell in self.cells)

    @property
    def simulated(self) -> bool:
        """Whether the shots were simulated."""
        return self.simulator > 0


class Results(_Published):
    """What the studies of one experiment say on its question.

    Attributes:
        schema_version: of this file.
        question: name of the question, such as `headline`.
        experiment: name of the shipped experiment, such as `headline-small`.
        config_sha256: see `experiment_digest`.
        text: the question in words.
        metric: of all scores.
        delta: largest difference that does not matter.
        image_size: side of the network's input, pixels.
        written: date, as 2026-11-27.
        machine: where the file was written.
        datasets: one study each.
    """

    schema_version: Literal[1] = 1
    question: str
    experiment: str
    config_sha256: str
    text: str
    metric: str
    delta: Number
    image_size: int
    written: str
    machine: str
    datasets: tuple[DatasetResult, ...] = Field(min_length=1)

    def to_json(self) -> str:
        """As the file holds it; a training or a claim is one line."""
        return _compact(self.model_dump(mode="json")) + "\n"


def kept(value: float) -> float | None:
    """A number as the file keeps it; None where it is undefined.

    >>> kept(0.12345678), kept(math.nan)
    (0.123457, None)
    """
    return round(value, DIGITS) if math.isfinite(value) else None


def experiment_digest(sweep: SweepConfig) -> str:
    """Hash over base and space of an experiment, whatever data set it is run on: two of one digest have the same cells.

    >>> experiment_digest(SweepConfig()) == experiment_digest(SweepConfig(question="Why?"))
    True
    """
    content = sweep.model_dump(mode="json", include={"base", "space"})
    for name in SITE:
        content["base"]["data"].pop(name)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def published() -> dict[str, Path]:
    """The published answers by question, from the wheel or from the checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "results", package.parent / "docs" / "results"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.json"))}
    return {}


def read_results(path: Path) -> Results:
    """Read published answers.

    Raises:
        ConfigError: no such file, or one of another kind.
    """
    try:
        return Results.model_validate(read_json(path))
    except OSError as error:
        raise ConfigError(f"results {path} cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg'].lower()}"
    except (ValueError, AirybenchError) as error:
        reason = " ".join(str(error).split())
    raise ConfigError(f"results {path}: {reason}; give a file that `airybench reproduce --write` made")


def _compact(content: object, depth: int = 0) -> str:
    """JSON whose short parts stand on one line, so that a change of one number changes one line."""
    line = json.dumps(content, ensure_ascii=False)
    if not isinstance(content, dict | list) or len(line) <= 300 or not content:
        return line
    space = " " * (depth + 1)
    if isinstance(content, dict):
        parts = [f"{json.dumps(key)}: {_compact(value, depth + 1)}" for key, value in content.items()]
        left, right = "{}"
    else:
        parts = [_compact(value, depth + 1) for value in content]
        left, right = "[]"
    inner = ",\n".join(space + part for part in parts)
    return f"{left}\n{inner}\n{' ' * depth}{right}"
