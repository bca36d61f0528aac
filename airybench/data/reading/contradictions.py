"""What a user says about a source is checked as a whole, before any file is opened."""

from collections.abc import Iterator
from pathlib import Path

from airybench.data.reading.masks import CONVENTIONS
from airybench.data.reading.options import LabelOptions, SourceOptions, StackKeys
from airybench.data.reading.photon_energy import UNITS, unit_named
from airybench.data.reading.unsure import UNSURE
from airybench.data.store.repeats import CHOICES
from airybench.errors import ConfigError, unknown

WORDS = {
    "--axis": ("first", "last"),
    "--unit": UNITS,
    "--unsure": UNSURE,
    "--on-conflict": CHOICES,
    "--mask-convention": CONVENTIONS,
}
"""Options that take one of a few words."""


def refuse_contradictions(options: SourceOptions) -> None:
    """Check the options of a source against each other.

    Raises:
        ConfigError: two that exclude each other, one that needs another, or a word that an option does not know.

    >>> from airybench.data.reading.options import StackKeys
    >>> refuse_contradictions(SourceOptions(keys=StackKeys(energy="e", photon_energy=20.0)))
    Traceback (most recent call last):
        ...
    airybench.errors.ConfigError: --energy and --photon-energy were both given; one is enough
    """
    for name, found in _words(options):
        if found is not None and found not in WORDS[name]:
            raise unknown(name, found, WORDS[name])
    for several in _exclusive(options):
        given = [name for name, value in several.items() if value is not None and value is not False]
        if len(given) > 1:
            raise ConfigError(f"{' and '.join(given[:2])} were both given; one is enough")
    for name, number in (("--index", options.frames.index), ("--channel", options.frames.channel)):
        if number is not None and number < 0:
            raise ConfigError(f"{name} is {number}, expected a number from 0")
    keys, selection = options.keys, options.selection
    if keys.photon_energy is not None and keys.unit:
        raise ConfigError("--photon-energy is in eV; --unit is for the key of --energy or --wavelength")
    if selection.skip and selection.every is None:
        raise ConfigError("--skip needs --every, the period of which it is the remainder")
    _refuse_words_without_labels(options)
    twice = set(selection.keep) & set(selection.drop)
    if twice:
        raise ConfigError(f"--keep and --drop both name {min(twice)}; one is enough")


def _refuse_words_without_labels(options: SourceOptions) -> None:
    """Refuse options about the words of labels where no words are read."""
    labels = options.labels
    said = {
        "--fold-case": labels.fold_case,
        "--label-separators": labels.separators != LabelOptions().separators,
        "--unsure": labels.unsure,
    }
    for name, value in said.items():
        if value and labels.csv is None and options.keys.labels is None:
            raise ConfigError(f"{name} is about the words of labels; give --labels KEY or --labels-csv FILE as well")


def refuse_without_labels(options: LabelOptions, path: Path) -> None:
    """Refuse options about labels where a source turned out to have none.

    Raises:
        ConfigError: naming the option.
    """
    for name, value in (("--class-names", options.class_names), ("--on-conflict", options.conflicts)):
        if value:
            raise ConfigError(f"{path}: {name} was given without labels; give --labels KEY or --labels-csv FILE")


def refuse_idle_keys(keys: StackKeys, path: Path) -> None:
    """Refuse what is said about something that is not read.

    Args:
        keys: of the user, with what the layout of the file tells.
        path: for the message.

    Raises:
        ConfigError: naming the option, and the one that it needs.
    """
    if keys.mask_convention and not keys.mask:
        raise ConfigError(f"{path}: --mask-convention says how a mask is read, and none is; give --mask KEY as well")
    if keys.unit and not (keys.energy or keys.wavelength):
        raise ConfigError(
            f"{path}: --unit is that of an energy, and none is read; give --energy KEY or --wavelength KEY as well"
        )


def _words(options: SourceOptions) -> Iterator[tuple[str, str | None]]:
    yield "--axis", options.frames.axis
    unit = options.keys.unit
    yield "--unit", unit and (unit_named(unit) or unit)
    yield "--unsure", options.labels.unsure
    yield "--on-conflict", options.labels.conflicts
    yield "--mask-convention", options.keys.mask_convention


def _exclusive(options: SourceOptions) -> Iterator[dict[str, object]]:
    """Options of which at most one is given."""
    keys, frames = options.keys, options.frames
    yield {"--energy": keys.energy, "--wavelength": keys.wavelength, "--photon-energy": keys.photon_energy}
    yield {"--groups": keys.groups, "--group-by": keys.group_by}
    yield {"--stack-modules": frames.stack_modules, "--geometry": frames.geometry, "--index": frames.index}
    yield {"--geometry": frames.geometry, "--shape": frames.shape}
    yield {"--labels": keys.labels, "--labels-csv": options.labels.csv}
    yield {"--swmr": options.swmr, "--wait": options.wait or None}
