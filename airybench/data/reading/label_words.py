"""Labels that are words: from what each shot is called to class names and label vectors."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from airybench.data.reading.options import LabelOptions
from airybench.data.reading.shot_source import LeftOut, ShotSource
from airybench.data.reading.unsure import check_word_options, is_unsure
from airybench.data.store.labels import kind_of_labels, named_once
from airybench.errors import DataError
from airybench.reporter import Reporter

_NUMBER = re.compile(r"[+-]?\d+([.,]0*)?")
_JOINTS = re.compile(r"\s*[+&/\\\s]\s*")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_LIST = re.compile(rf"[\[(]\s*(?:(?:{_QUOTED.pattern})[,\s]*)*[\])]")
_LIKELY = ",;|"
_LONGEST, _MANY = 100, 20

Place = Callable[[int], str]
"""What to call a row in messages."""


@dataclass(frozen=True)
class WordLabels:
    """Labels of n shots.

    Attributes:
        class_names: C names.
        values: 0 or 1, uint8, shape (n, C).
        unsure: shots that are to be left out since their writer did not know, bool, shape (n,).
        notices: what people should know about how they were read.
    """

    class_names: tuple[str, ...]
    values: NDArray[np.uint8]
    unsure: NDArray[np.bool_]
    notices: tuple[str, ...] = ()

    def counts(self) -> str:
        """Number of shots of every class, for people."""
        sums = self.values[~self.unsure].sum(axis=0)
        return ", ".join(f"{name} {number}" for name, number in zip(self.class_names, sums, strict=True))


def labels_from_text(cells: Sequence[str], options: LabelOptions, where: str, place: Place) -> WordLabels:
    """Class names and label vectors from one word, or several, for every shot.

    Class numbers are words as well: `--class-names` names them in order.

    Args:
        cells: what each of n shots is called; trimmed.
        options: class names, separators, and what is done about case and about words such as `MAYBE`.
        where: file and column, for messages.
        place: what to call a row in messages.

    Raises:
        ConfigError: an option is impossible.
        DataError: a word that may mean several things, a class that was not named, or what is refused.

    >>> labels = labels_from_text(["Round", "Empty", "Round;Streak"], LabelOptions(), "l.csv", "line {}".format)
    >>> labels.class_names, labels.values.tolist()
    (('Empty', 'Round', 'Streak'), [[0, 1, 0], [1, 0, 0], [0, 1, 1]])
    """
    check_word_options(options)
    counts = Counter(cells)
    first = dict(zip(reversed(cells), range(len(cells) - 1, -1, -1), strict=True))
    at = {cell: f"{place(row)}" for cell, row in first.items()}
    given = options.class_names or ()
    notices: list[str] = []
    words: dict[str, tuple[str, ...]]
    numbers = _class_numbers(counts, given, where, at)
    if numbers is not None:
        words = {cell: (numbers[cell],) if cell in numbers else () for cell in counts}
        if not given:
            taken = ", ".join(sorted(set(numbers.values()), key=int))
            notices.append(f"class numbers {taken} are taken as names; --class-names A,B,... gives others")
    else:
        words = {cell: _split(cell, given, options.separators) for cell in counts}
        _refuse_doubtful(words, given, options.separators, where, at)
    unsure = {cell for cell in counts if _says_unsure(cell, words[cell], given, numbers)}
    if "" in unsure and any(len(some) > 1 for some in words.values()):
        unsure.discard("")  # where shots have several labels, some have none
        notices.append(f"{counts['']} blank labels are shots of no class")
    _ask(unsure, counts, options.unsure, where, at)
    out = unsure if options.unsure == "unlabelled" else set()
    if options.unsure == "class":
        words |= {cell: words[cell] or ((cell,) if cell else ()) for cell in unsure}
        doubts = {word for cell in unsure for word in words[cell] if numbers is not None or is_unsure(word)}
        own = sorted(doubts - set(given))
        if given and own:
            notices.append(f"{', '.join(own)} of --unsure class after the classes of --class-names")
            given = (*given, *own)
    kept, folded = _one_spelling({c: w for c, w in words.items() if c not in out}, counts, options, where)
    words |= kept
    names = _names(kept, counts, given, where, at)
    columns = {name: column for column, name in enumerate(names)}
    vectors = np.zeros((len(counts), len(names)), np.uint8)
    index = {cell: number for number, cell in enumerate(counts)}
    for cell, some in kept.items():
        vectors[index[cell], [columns[word] for word in some]] = 1
    rows = np.fromiter(map(index.__getitem__, cells), np.int64, len(cells))
    left = np.array([cell in out for cell in counts], bool)
    return WordLabels(names, vectors[rows], left[rows], (*notices, *folded))


def with_labels(
    source: ShotSource, labels: WordLabels, where: str, reporter: Reporter, remarks: Iterable[str] = ()
) -> ShotSource:
    """A source with labels; shots whose labels are unsure are left out. What was found is said.

    Args:
        source: of n shots.
        labels: of the same shots.
        where: file and column, for people.
        reporter: receives notices.
        remarks: what to say before, in lines of their own.

    Raises:
        DataError: class names repeat or are blank, or every shot is unsure.
    """
    names = named_once(labels.values.shape[1], labels.class_names, where)
    for remark in (*remarks, *(f"{where}: {notice}" for notice in (*labels.notices, f"classes {labels.counts()}"))):
        reporter.notify(remark)
    left = source.left_out
    values = labels.values
    if labels.unsure.any():
        reporter.notify(f"{where}: {int(labels.unsure.sum())} unsure shots are left out")
        if labels.unsure.all():
            raise DataError(f"{where}: every shot is unsure", "give the labels of some")
        ids = tuple(str(one) for one in source.ids[labels.unsure])
        left = (*left, LeftOut("whose label is unsure", ids))
        source, values = source.select(np.flatnonzero(~labels.unsure)), values[~labels.unsure]
    return replace(
        source,
        labels=values,
        class_names=names,
        label_kind=kind_of_labels(values, names),
        choices={**source.choices, "labels": f"{where}: {labels.counts()}"},
        left_out=left,
    )


def _class_numbers(
    counts: Iterable[str], given: Sequence[str], where: str, at: dict[str, str]
) -> dict[str, str] | None:
    """The class of each number where all cells are numbers; None where they are not. Negative ones are no class."""
    found = [cell for cell in counts if not is_unsure(cell)]
    if not found or not all(_NUMBER.fullmatch(cell) for cell in found) or set(found) <= set(given):
        return None
    numbers = {cell: int(re.split("[.,]", cell)[0]) for cell in found}
    numbers = {cell: number for cell, number in numbers.items() if number >= 0}
    if not given or not numbers:
        return {cell: str(number) for cell, number in numbers.items()}
    highest = max(numbers, key=numbers.__getitem__)
    if numbers[highest] >= len(given):
        raise DataError(
            f"{where}: {at[highest]} is class {numbers[highest]}, {len(given)} class names were given, counted from 0",
            "name every class",
        )
    return {cell: given[number] for cell, number in numbers.items()}


def _split(cell: str, given: Sequence[str], separators: str) -> tuple[str, ...]:
    """The words in a cell.

    Lists as Python and NumPy print them are split whatever the separators are.

    >>> _split("round; prolate", (), ";"), _split("['round', 'prolate']", (), ";")
    (('round', 'prolate'), ('round', 'prolate'))
    """
    if cell in given:
        return (cell,)
    if cell[:1] in ("[", "(") and _LIST.fullmatch(cell):
        return tuple(dict.fromkeys(one or two for one, two in _QUOTED.findall(cell) if one or two))
    if not separators:
        return (cell,) if cell else ()
    words = (word.strip() for word in re.split(f"[{re.escape(separators)}]", cell))
    return tuple(dict.fromkeys(word for word in words if word))


def _says_unsure(cell: str, words: Sequence[str], given: Sequence[str], numbers: dict[str, str] | None) -> bool:
    """Whether a shot is unsure: one of its words is, and is not a class that was named."""
    if numbers is not None:
        return cell not in numbers
    return not words or any(is_unsure(word) and word not in given for word in words)


def _refuse_doubtful(
    words: dict[str, tuple[str, ...]], given: Sequence[str], separators: str, where: str, at: dict[str, str]
) -> None:
    """Refuse names that look like several names, or like something else."""
    alone = {some[0] for some in words.values() if len(some) == 1} | set(given)
    for cell, some in words.items():
        for word in some:
            if word in given:
                continue
            found = f"{where}: {at[cell]}: label {word[:60]!r}"
            joint = next((sign for sign in _LIKELY if sign in word and sign not in separators), None)
            parts = [part for part in _JOINTS.split(word) if part]
            if joint is None and len(parts) > 1 and set(parts) <= alone:
                joint = next((sign for sign in word if sign in "+&/\\"), " ")
            if joint is not None:
                option = "|," if joint in "|," else joint + separators
                remedy = f"split it with --label-separators '{option}'" if joint != " " else "join them with ;"
                raise DataError(f"{found} looks like several", f"{remedy}, or keep it by naming it in --class-names")
            if "\n" in word or len(word) > _LONGEST or " #" in word:
                raise DataError(f"{found} looks like a comment", "correct it, or keep it by naming it in --class-names")


def _ask(unsure: set[str], counts: Counter[str], choice: str | None, where: str, at: dict[str, str]) -> None:
    """Refuse unsure labels until the user says what they mean."""
    if not unsure or choice in ("unlabelled", "class"):
        return
    number = sum(counts[cell] for cell in unsure)
    common = sorted(unsure, key=lambda cell: (-counts[cell], cell))
    shown = ", ".join(repr(cell) if cell else "blank" for cell in common[:3])
    own = "class (a class of their own)" if any(unsure) else "class (shots of no class)"
    raise DataError(
        f"{where}: {number} of {sum(counts.values())} labels are unsure: {shown} (such as {at[common[0]]})",
        f"give --unsure unlabelled (leave them out) or --unsure {own}",
    )


def _one_spelling(
    words: dict[str, tuple[str, ...]], counts: Counter[str], options: LabelOptions, where: str
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Cells with one spelling for each class, and which spellings were folded into which."""
    uses: Counter[str] = Counter()
    for cell, some in words.items():
        for word in some:
            uses[word] += counts[cell]
    given = options.class_names or ()
    alike: dict[str, list[str]] = {}
    for word in sorted({*uses, *given}, key=lambda one: (one not in given, -uses[one], one)):
        alike.setdefault(" ".join(word.split()).casefold(), []).append(word)
    groups = [some for some in alike.values() if len(some) > 1 and not set(some) <= set(given)]
    if groups and not options.fold_case:
        shown = " and ".join(f"{word!r} ({uses[word]})" for word in groups[0])
        raise DataError(
            f"{where}: labels differ in case or spaces only: {shown}",
            "make them one class with --fold-case, or name both in --class-names",
        )
    to = {word: some[0] for some in groups for word in some if word not in given}
    notices = [f"{', '.join(some[1:])} folded into {some[0]}" for some in groups]
    folded = {cell: tuple(dict.fromkeys(to.get(word, word) for word in some)) for cell, some in words.items()}
    return folded, notices


def _names(
    words: dict[str, tuple[str, ...]], counts: Counter[str], given: Sequence[str], where: str, at: dict[str, str]
) -> tuple[str, ...]:
    """Class names in order: as given, or those that occur, sorted."""
    found = {word for some in words.values() for word in some}
    if given:
        for cell, some in words.items():
            for word in some:
                if word not in given:
                    raise DataError(
                        f"{where}: {at[cell]}: label {word!r} is none of {', '.join(given)}",
                        "correct it or name it with --class-names",
                    )
        return tuple(given)
    if not found:
        raise DataError(f"{where}: no shot has a label", "give the labels of some")
    if len(found) > _MANY and len(found) > sum(counts.values()) / 2:
        raise DataError(
            f"{where}: {len(found)} different labels for {sum(counts.values())} shots do not look like classes",
            "give another column, or name the classes with --class-names",
        )
    return tuple(sorted(found, key=int if all(word.isdecimal() for word in found) else str))
