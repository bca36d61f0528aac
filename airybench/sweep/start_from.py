"""Beginning a study with the best cells of others: which of them its space holds, and what stays behind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from airybench.config import SECTIONS, SweepConfig, TrialConfig, Value
from airybench.config.typed import typed
from airybench.errors import ConfigError, StudyError
from airybench.study_name import StudyName
from airybench.sweep.definition import stored_attributes
from airybench.sweep.ranking import ranked
from airybench.sweep.run_names import cell_label, varying
from airybench.sweep.saved_studies import SavedStudy, names, read
from airybench.sweep.space import Cell, OutsideError, place
from airybench.sweep.start_cells import StudyStart, recorded_start
from airybench.sweep.storage import StudyStorage

BEST = 5
"""Cells that are taken of each study."""

MOST_NAMED = 3
"""Cells left out that a sentence names."""


def full_names(wanted: Sequence[str], name: str) -> tuple[str, ...]:
    """Full names of the studies to start from; NAME alone stands for the data set of the new study.

    >>> full_names(["pilot", "other@cxidb"], "quick@helium")
    ('pilot@helium', 'other@cxidb')
    """
    dataset = StudyName.parse(name).dataset
    full = (one if StudyName.parse(one).dataset else str(StudyName(one, dataset)) for one in wanted)
    return tuple(dict.fromkeys(full))


def plan_start(
    wanted: Sequence[str], name: str, sweep: SweepConfig, storage: StudyStorage, *, fresh: bool = False
) -> StudyStart | None:
    """What a study is to begin with; None where that is nothing of others.

    A study that has begun keeps what it began with, whatever has become of the others since.

    Args:
        wanted: `NAME@D` of other studies, or NAME for those on the same data set.
        name: `NAME@D` of the new study.
        sweep: its base and space.
        storage: where all of them are.
        fresh: whether it starts again.

    Raises:
        StudyError: there is no such study, or the new one has begun with something else.
        ConfigError: no cell of theirs lies in the space.
    """
    studies = full_names(wanted, name)
    if not studies:
        return None
    attributes = {} if fresh else stored_attributes(storage, name)
    if attributes and SavedStudy(name, storage, attributes).counts():
        recorded = recorded_start(attributes)
        began = recorded.studies if recorded else ()
        if began == studies:
            return recorded
        way = f"--start-from {','.join(began)}" if began else "no --start-from"
        raise StudyError(
            f"study {name} has begun with {way}; leave the option out to go on, or take another --study NAME or --fresh"
        )
    if name in studies and not fresh:
        raise StudyError(f"--start-from {name} is the study itself; name another one")
    found = [_Best(read(storage, one), sweep) for one in names(storage, studies)]
    cells = {cell.digest: cell for cell in _in_turn([list(one.cells()) for one in found])}
    left_out = "; ".join(text for one in found if (text := one.left_out()))
    if not cells:
        raise ConfigError(f"{name} cannot start from {' or '.join(studies)}: {left_out}")
    axes = varying(sweep)
    labels = tuple(cell_label(cell.config, axes) for cell in cells.values())
    count = f"the best {len(labels)} cells" if len(labels) > 1 else "the best cell"
    sentence = f"Starts from {count} of {' and '.join(studies)}: {', '.join(labels)}"
    points = tuple(cell.point for cell in cells.values())
    return StudyStart(studies, labels, points, f"{sentence}; {left_out}" if left_out else sentence)


def _in_turn(several: list[list[Cell]]) -> Iterator[Cell]:
    """The best of each study, then the second of each, and so on."""
    return (cell for cell in chain.from_iterable(zip_longest(*several)) if cell is not None)


@dataclass
class _Best:
    """The best cells of a study that lie in another space.

    Attributes:
        study: the study.
        sweep: base and space of the other one.
        outside: labels of better cells that do not lie there, and why.
        fixed: parameters that are not varied there, with their value there, where a cell has another.
    """

    study: SavedStudy
    sweep: SweepConfig
    outside: list[str] = field(default_factory=list)
    fixed: dict[str, Value] = field(default_factory=dict)

    def cells(self) -> Iterator[Cell]:
        """At most BEST of them.

        Raises:
            StudyError: no trial has finished.
        """
        if not self.study.finished:
            raise StudyError(f"study {self.study.name} has no finished trial to start from; run it first")
        there = varying(self.study.sweep)
        taken: set[str] = set()
        for trials in ranked(self.study.finished, self.study.sweep.study.objectives):
            values = _values(trials[0].config)
            try:
                cell = place(values, self.sweep)
            except OutsideError as error:
                self.outside.append(f"{trials[0].label} ({error})")
                continue
            now = _values(cell.config)
            self.fixed |= {name: now[name] for name in there if now[name] != values[name]}
            if cell.digest not in taken:
                taken.add(cell.digest)
                yield cell
            if len(taken) == BEST:
                return

    def left_out(self) -> str:
        """What stays behind, in words; empty where nothing does."""
        named = self.outside[:MOST_NAMED]
        if len(self.outside) > MOST_NAMED:
            named.append(f"{len(self.outside) - MOST_NAMED} more")
        fixed = ", ".join(f"{name} {typed((value,))}" for name, value in self.fixed.items())
        parts = [f"left out of {self.study.name}: {', '.join(named)}"] if named else []
        return "; ".join(parts + [f"{self.study.name} varied what is fixed here: {fixed}"] * bool(fixed))


def _values(config: TrialConfig) -> Mapping[str, Value]:
    """Every parameter as it was set, not as it takes effect: that is what axes hold."""
    sections = (getattr(config, section).model_dump() for section in SECTIONS)
    return {name: value for section in sections for name, value in section.items()}
