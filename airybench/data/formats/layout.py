"""What a layout tells about a file: where things are, how frames become images, which shots are left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from airybench.data.hdf5.opening import open_hdf5
from airybench.data.hdf5.tree import DatasetNode
from airybench.data.reading.options import FrameOptions, Selection, SourceOptions, StackKeys

T = TypeVar("T", FrameOptions, Selection)

MOST_FLAGGED = 0.5
"""Share of the pixels that a mask may set and still hold flags of faults; one that sets more may say what is good."""


@dataclass(frozen=True)
class Layout:
    """What is known of one file because of its layout. What the user says comes before it.

    Attributes:
        keys: where things are.
        frames: how one frame becomes one image.
        selection: which shots are left out.
        nan_mask: values that are not finite are missing, not faulty: they are masked.
        restarts: identifiers begin again in every run or file.
        notes: what people should know of the file, one line each, by the name of the key in `StackKeys` that it is
            about; it is not said where the user gives that key. What is about no such key has any other name.
    """

    keys: StackKeys
    frames: FrameOptions = field(default_factory=FrameOptions)
    selection: Selection = field(default_factory=Selection)
    nan_mask: bool = False
    restarts: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    def under(self, options: SourceOptions) -> SourceOptions:
        """The options of a user, with what they do not say taken from this layout.

        Shots that either of the two leaves out are left out.

        >>> layout = Layout(StackKeys(images="i"), selection=Selection(keep=("good",)))
        >>> layout.under(SourceOptions(selection=Selection(keep=("laser",)))).selection.keep
        ('good', 'laser')
        """
        mine, theirs, rule = self.selection, options.selection, options.rule
        selection = replace(
            _filled(theirs, mine),
            keep=tuple(dict.fromkeys((*mine.keep, *theirs.keep))),
            drop=tuple(dict.fromkeys((*mine.drop, *theirs.drop))),
        )
        return replace(
            options,
            keys=options.keys.completed(self.keys),
            frames=_filled(options.frames, self.frames),
            selection=selection,
            rule=replace(rule, nan_mask=rule.nan_mask or self.nan_mask),
        )

    def said(self, options: SourceOptions) -> Iterator[str]:
        """The notes that matter under the options of a user."""
        for key, note in self.notes.items():
            if not getattr(options.keys, key, None):
                yield note


def _filled(said: T, known: T) -> T:
    """What is said, with what is left at its default taken from what is known."""
    default = type(said)()
    left = [one.name for one in fields(said) if getattr(said, one.name) == getattr(default, one.name)]
    return replace(said, **{name: getattr(known, name) for name in left})


def flagged_share(path: Path, mask: DatasetNode) -> float:
    """Share of the pixels that a mask sets; of the first shot where each has its own.

    Args:
        path: the file.
        mask: of it.
    """
    return float(np.mean(_sample(path, mask) != 0))


def convention_unless_inverted(path: Path, mask: DatasetNode | None, convention: str) -> str | None:
    """The convention of a format, or None to ask for it: a mask that is mostly 1, and else 0, may say what is good.

    Args:
        path: the file.
        mask: of it; None where it is not known.
        convention: by which 0 is good.
    """
    values = np.zeros(1) if mask is None else _sample(path, mask)
    inverted = bool(np.isin(values, (0, 1)).all()) and float(np.mean(values != 0)) > MOST_FLAGGED
    return None if inverted and not (values != 0).all() else convention


def _sample(path: Path, mask: DatasetNode) -> NDArray[Any]:
    """A mask, or that of the first shot; one 0 where it cannot be read without a risk."""
    each = len(mask.shape) > 2
    if not mask.shape or 0 in mask.shape or mask.fault or mask.kind not in "biuf" or (each and mask.risky):
        return np.zeros(1)
    with open_hdf5(path) as file:
        return np.asarray(file[mask.key][0 if each else ()])
