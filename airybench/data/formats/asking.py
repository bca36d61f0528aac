"""All that has to be asked about a source that cannot be opened yet, in one message with one command."""

import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from airybench.data.reading.options import SourceOptions
from airybench.data.reading.questions import no_energy, questions
from airybench.data.reading.shot_source import ShotSource
from airybench.errors import InputError, MissingOptionError

_ANY_ENERGY = 1000.0
_MOST = 4
_CONVENTIONS = ("cxi", "good-is-one")
"""What a mask may mean: one of the two leaves pixels."""


def further_questions(
    first: MissingOptionError, options: SourceOptions, open_with: Callable[[SourceOptions], ShotSource]
) -> list[MissingOptionError]:
    """The question at which opening a source ended, and those that would follow once it is answered.

    Args:
        first: that question.
        options: under which it was asked.
        open_with: opens the source under other options.
    """
    found = [first]
    for _ in range(_MOST):
        answered = _answered(options, found[-1].option)
        if answered is None:
            break
        options, sure = answered
        try:
            source = open_with(options)
            # By a convention that is only supposed, gaps could not be told from values.
            found += questions(source) if sure else no_energy(source)
            break
        except MissingOptionError as error:
            found.append(error)
        except InputError:  # a supposed answer need not be the right one
            if options.keys.mask_convention != _CONVENTIONS[0] or sure:
                break
            options = replace(options, keys=replace(options.keys, mask_convention=_CONVENTIONS[1]))
            with suppress(InputError):
                found += no_energy(open_with(options))
            break
    return found


def _answered(options: SourceOptions, option: str) -> tuple[SourceOptions, bool] | None:
    """Options that suppose some answer, and whether values are read so in the end; None without such an answer."""
    words, sure = shlex.split(option), True
    keys, frames, labels, selection = options.keys, options.frames, options.labels, options.selection
    for name, value in zip(words, [*words[1:], ""], strict=True):
        if name == "--stack-modules":
            frames = replace(frames, stack_modules=True)
        elif name == "--channel":
            frames = replace(frames, channel=int(value))
        elif name == "--axis":
            frames = replace(frames, axis=value)
        elif name == "--images":
            keys = replace(keys, images=value)
        elif name == "--ids":
            keys = replace(keys, ids=(value,))
        elif name in ("--energy", "--wavelength", "--photon-energy"):
            keys = replace(keys, energy=None, wavelength=None, unit=None, photon_energy=_ANY_ENERGY)
        elif name == "--keep":
            selection = replace(selection, keep=(*selection.keep, value))
        elif name == "--class-names":
            labels = replace(labels, class_names=tuple(value.split(",")))
        elif name == "--mask-convention":
            keys, sure = replace(keys, mask_convention=_CONVENTIONS[0]), False
        elif name.startswith("--") and name != "--unit":
            return None
    return replace(options, keys=keys, frames=frames, labels=labels, selection=selection), sure
