"""The cells of other studies that a study begins with, as it records them: they stay when it resumes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from optuna.trial import FixedTrial

from airybench.config import SweepConfig, Value
from airybench.errors import ConfigError, StudyError
from airybench.sweep.space import Cell, suggest

STARTED_FROM = "started_from"
"""The attribute of a study that holds them; it is no part of the definition."""


@dataclass(frozen=True)
class StudyStart:
    """What a study begins with.

    Attributes:
        studies: full names of the studies whose best cells come first.
        cells: their labels in the new study, in their order.
        points: the parameters of Optuna that lead to them.
        sentence: which cells they are, and what stayed behind.
    """

    studies: tuple[str, ...]
    cells: tuple[str, ...]
    points: tuple[Mapping[str, Value], ...]
    sentence: str

    def content(self) -> dict[str, Any]:
        """As a study stores it."""
        return asdict(self)

    def cells_in(self, sweep: SweepConfig) -> list[Cell]:
        """The cells, from the base of a study, which its data complete.

        Raises:
            StudyError: a point is none of its space.
        """
        try:
            return [Cell(suggest(FixedTrial(dict(point)), sweep), dict(point)) for point in self.points]
        except (ValueError, ConfigError) as error:
            raise StudyError(
                f"the cells that the study began with are damaged ({error}); --fresh starts again"
            ) from None


def recorded_start(attributes: Mapping[str, Any]) -> StudyStart | None:
    """What a study began with; None where it began with nothing of others.

    Args:
        attributes: of the study.

    Raises:
        StudyError: it is damaged.
    """
    known = attributes.get(STARTED_FROM)
    if known is None:
        return None
    try:
        studies, cells, points, sentence = (known[name] for name in ("studies", "cells", "points", "sentence"))
        return StudyStart(tuple(map(str, studies)), tuple(map(str, cells)), tuple(map(dict, points)), str(sentence))
    except (LookupError, TypeError, ValueError):
        raise StudyError(f"{STARTED_FROM} of the study is {known!r}; --fresh starts again") from None
