"""Words by which the writer of a label says that he did not know, and the options about them."""

from airybench.data.reading.options import LabelOptions
from airybench.errors import ConfigError, unknown

UNSURE = ("unlabelled", "class", "refuse")
"""What `--unsure` may be."""

_DOUBTS = """maybe unsure unknown undecided unclear ambiguous unlabelled unlabeled undefined nan na n/a n.a. n.a #n/a
<na> none null nil tbd todo - -- --- \u2013 \u2014 . unsicher vielleicht"""
_WORDS = frozenset(_DOUBTS.split()) | {"not sure"}


def is_unsure(word: str) -> bool:
    """Whether a word says that its writer did not know; an empty one does.

    >>> is_unsure("MAYBE"), is_unsure("Round?"), is_unsure("n/a"), is_unsure("Empty")
    (True, True, True, False)
    """
    return not word or "?" in word or word.casefold() in _WORDS


def check_word_options(options: LabelOptions) -> None:
    """Refuse options about words that mean nothing.

    Raises:
        ConfigError: naming the option.
    """
    if options.unsure is not None and options.unsure not in UNSURE:
        raise unknown("--unsure", options.unsure, UNSURE)
    if any(character.isalnum() or character.isspace() for character in options.separators):
        raise ConfigError(f"--label-separators is {options.separators!r}, expected signs such as '|,'")
