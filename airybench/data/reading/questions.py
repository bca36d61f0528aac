"""What only the user of a source can know, asked in one message: with one command that answers all of it."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from airybench.data.reading.conversion import with_conversion
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.invalid_values import InvalidValues
from airybench.data.reading.shot_source import Block, ShotSource
from airybench.data.reading.tally import Suspect, Tally
from airybench.errors import MissingOptionError

ENERGY_OPTION = "--photon-energy EV"
"""What to add to a command that lacks an energy."""

FEWEST = 4
"""Shots that are needed to say that a value sits on the same pixels in nearly every shot."""

_SAMPLED = 16
_MOST = 6
_MEANINGS = {
    "negative": "below 0",
    "nan": "no number",
    "above": "above 65535, the most that a store holds",
    "value": "as detectors write it in place of a count",
}


def together(questions: Sequence[MissingOptionError]) -> MissingOptionError:
    """One error for several questions.

    Args:
        questions: at least one.

    >>> several = together([MissingOptionError("no energy", "--energy KEY"), MissingOptionError("gaps", "--clip")])
    >>> str(several), several.option
    ('no energy; add --energy KEY; and gaps; add --clip', '--energy KEY --clip')
    """
    last = questions[-1]
    found = "; and ".join([*map(str, questions[:-1]), last.found])
    return MissingOptionError(found, " ".join(dict.fromkeys(one.option for one in questions)), last.remedy)


def no_energy(source: ShotSource) -> list[MissingOptionError]:
    """The question for the energy; none where it is known."""
    if source.photon_energy is not None:
        return []
    remedy = f"give --energy KEY, or {ENERGY_OPTION} for all shots"
    return [MissingOptionError(f"{source.path}: no photon energy", ENERGY_OPTION, remedy)]


def sampled(source: ShotSource) -> tuple[list[Block], float]:
    """Some shots, spread evenly over a source.

    Returns:
        Blocks of them, and the seconds that each took but the first, before which files are opened.

    Raises:
        DataError: a value is not a plain count, or the source cannot be read.
    """
    rows = np.unique(np.linspace(0, source.count - 1, _SAMPLED).astype(np.int64))
    sample, times = [], []
    for block in source.read.blocks(rows):
        sample.append(block)
        times.append(time.perf_counter())
    return sample, (times[-1] - times[0]) / max(1, len(rows) - len(sample[0].counts))


def first_look(source: ShotSource) -> float:
    """Look at a few shots before the long part, and ask for everything that only the user can know.

    Args:
        source: of any format.

    Returns:
        The seconds that a shot takes to be read.

    Raises:
        MissingOptionError: there is no photon energy, values are no counts, or look like gaps.
        DataError: the source cannot be read.
    """
    try:
        sample, seconds = sampled(source)
        sound = not gaps(source, _tally(sample)) and source.photon_energy is not None
    except MissingOptionError:
        sound = False
    if not sound:
        raise together(list(questions(source)))
    return seconds


def questions(source: ShotSource) -> Iterator[MissingOptionError]:
    """All that is asked about a source: the energy, what looks like gaps, and then what else is no count.

    Args:
        source: of any format.

    Raises:
        DataError: the source cannot be read.
    """
    found = no_energy(source)
    yield from found
    looking = with_conversion(source.read, lambda one: replace(one, survey=True))
    for question in gaps(source, _tally(sampled(replace(source, read=looking))[0])):
        found.append(question)
        yield question
    for _ in range(_MOST):
        try:
            sampled(_under(source, _answers(question.option for question in found)))
            return
        except MissingOptionError as error:
            if error.option in {question.option for question in found}:
                return  # it does not answer what it asks for
            found.append(error)
            yield error


def gaps(source: ShotSource, tally: Tally) -> list[MissingOptionError]:
    """What is asked about values that look like gaps: they sit on the same pixels in nearly every shot.

    Args:
        source: for messages.
        tally: of some of its shots, or of all.
    """
    found = tally.suspects() if tally.shots >= FEWEST else []
    return [_question(source, one, tally) for one in found[:_MOST]]


def _question(source: ShotSource, one: Suspect, tally: Tally) -> MissingOptionError:
    meaning = _MEANINGS.get(one.kind, f"the largest value of {tally.dtype}")
    option = f"--invalid {'max' if one.kind == 'max' else _number(one.value)}"
    return MissingOptionError(
        f"{source.path}: {one.value} is in the same {one.pixels} pixels of at least {one.shots} of {tally.shots} shots "
        f"({meaning}), as gaps and switched-off pixels are",
        option,
        f"mask them with {option}, give the detector's own --mask, or take them as counts with --invalid none",
    )


def _number(value: float) -> str:
    """A number that is read again as itself."""
    short = f"{value:.12g}"
    return short if float(short) == value or not math.isfinite(value) else repr(value)


def _tally(sample: Iterable[Block]) -> Tally:
    whole = Tally()
    for block in sample:
        if block.tally is not None:
            whole.add(block.tally)
    return whole


def _under(source: ShotSource, rule: CountsRule) -> ShotSource:
    """A source whose values become counts by one more rule."""
    read = with_conversion(source.read, lambda one: replace(one, rule=one.rule.with_more(rule)))
    return replace(source, read=read)


def _answers(options: Iterable[str]) -> CountsRule:
    """The rule that the options of questions name."""
    said = [option.partition(" ") for option in options]
    names = {name for name, _, _ in said}
    return CountsRule(
        nan_mask="--nan" in names,
        invalid=InvalidValues.of(value for name, _, value in said if name == "--invalid"),
        counts_per_photon=float("--counts-per-photon" in names),
        clip="--clip" in names,
    )
