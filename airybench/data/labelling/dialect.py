"""From the lines of a text file to a table of cells: separator, comments, heading."""

import csv
import gc
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from airybench.data.labelling.headings import INDEX_NAMES, is_known, plain
from airybench.data.labelling.preamble import heading_below, is_rule, without_exponents
from airybench.data.labelling.text_file import TextFile
from airybench.errors import DataError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "spaces"}
"""Between cells, and what messages call them."""

_SAMPLE = 500
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_FORMULA = re.compile(r'="(.*)"')
_COMMENT = ("#", "%")
_STRANGE = frozenset(("", *_COMMENT, *" \t\v\f\xa0\u200b\ufeff"))
"""How a line may begin that is blank or a comment."""
NUMBER = re.compile(r"[+-]?\d+([.,]\d*)?")
"""A whole number as text, or one with decimals."""


@dataclass(frozen=True)
class Table:
    """The cells of a text file.

    Attributes:
        path: the file.
        encoding: in words.
        separator: in words; empty for one column.
        heading: names of the columns; None without a heading.
        lines: number of the line of each row, from 1.
        rows: cells of each row, as many as columns.
        comments: number of lines that are comments.
    """

    path: Path
    encoding: str
    separator: str
    heading: tuple[str, ...] | None
    lines: list[int]
    rows: list[list[str]]
    comments: int = 0

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0])

    def names(self) -> tuple[str, ...]:
        """Names of the columns; `column 1`, `column 2`, ... without a heading."""
        return self.heading or tuple(f"column {number + 1}" for number in range(self.width))

    def column(self, index: int) -> list[str]:
        """The cells of one column."""
        return [row[index] for row in self.rows]

    def words(self) -> str:
        """How the file was read, for people."""
        parts = [self.encoding, f"cells separated by {self.separator}" if self.separator else "one column"]
        if self.heading is None:
            parts.append("no heading")
        if self.comments:
            parts.append(f"comment lines: {self.comments}")
        return ", ".join(parts)


def read_table(file: TextFile) -> Table:
    """Split the lines of a file into cells.

    Args:
        file: the text.

    Raises:
        DataError: there is no line but comments, or a line has more cells than the heading.
    """
    lines, numbers, remarks, comments = _without_comments(file.lines)
    given = re.fullmatch(r"sep=(.)", lines[0].strip()) if lines else None
    if given:  # Excel's own way to tell the separator
        lines, numbers = lines[1:], numbers[1:]
    if not lines:
        raise DataError(f"{file.path}: no line but comments", "give one line for each shot")
    if any("e+" in line or "E+" in line for line in lines):
        lines = list(map(without_exponents, lines))
    separator = given[1] if given and given[1] in SEPARATORS else _separator(lines, remarks)
    with _uncollected():
        records = _records(file.path, lines, separator)
    heading = _commented_heading(remarks, separator, len(records[0][1]))
    above, titled = heading_below(records, lines, SEPARATORS) if heading is None else (0, [])
    if above:
        heading, records, comments = titled, records[above:], comments + above - 1
    elif heading is None and _is_heading([cells for _, cells in records[:_SAMPLE]]):
        heading, records = [name.lstrip("#").strip() for name in records[0][1]], records[1:]
    if not records:
        raise DataError(f"{file.path}: no line below the heading", "give one line for each shot")
    heading = _fit(file.path, heading, records, numbers)
    return Table(
        path=file.path,
        encoding=file.encoding,
        separator=SEPARATORS[separator] if len(records[0][1]) > 1 else "",
        heading=None if heading is None else tuple(heading),
        lines=[numbers[index] for index, _ in records],
        rows=[cells for _, cells in records],
        comments=comments,
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the search for circles: through a million short lists, none of which can be in one, it takes seconds."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def tidy(cell: str) -> str:
    """A cell without what nobody means: outer spaces, single quotes, marks of no width, Excel's `="..."`.

    Accents become one character.

    >>> tidy(' Round\u200b '), tidy('="00042"'), tidy("'Round'")
    ('Round', '00042', 'Round')
    """
    if not cell.isascii():
        cell = unicodedata.normalize("NFC", _INVISIBLE.sub("", cell))
    cell = cell.strip()
    if cell[:1] == "'" == cell[-1:] and len(cell) > 1:
        cell = cell[1:-1].strip()
    formula = _FORMULA.fullmatch(cell) if cell.startswith("=") else None
    return formula[1] if formula else cell


def _without_comments(lines: Sequence[str]) -> tuple[list[str], list[int], list[str], int]:
    """Lines that hold something, their numbers from 1, comments above them, and how many there are at all."""
    if all(line[:1] not in _STRANGE for line in lines):
        return list(lines), list(range(1, len(lines) + 1)), [], 0
    kept: list[str] = []
    numbers: list[int] = []
    above: list[str] = []
    count = quotes = 0
    for number, line in enumerate(lines, 1):
        inside = quotes % 2 == 1
        if not inside and line.lstrip().startswith(_COMMENT):
            count += 1
            if not kept:
                above.append(line.strip())
        elif inside or line.strip():
            kept.append(line)
            numbers.append(number)
            quotes += line.count('"')
    return kept, numbers, above, count


def _split(lines: Sequence[str], separator: str) -> list[tuple[int, list[str]]]:
    """Index of the first line and tidy cells of every record."""
    if separator == " ":
        lines, separator = [re.sub(r"[ \t]+", "\t", line.strip()) for line in lines], "\t"
    quote = "'" if lines[0].lstrip().startswith("'") and '"' not in lines[0] else '"'
    plain = all(map(str.isascii, lines)) and not any('="' in line or "'" in line for line in lines)
    clean = str.strip if plain else tidy
    if not any(quote in line for line in lines):  # a record for each line; ten times as fast
        return [(index, list(map(clean, line.split(separator)))) for index, line in enumerate(lines)]
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, skipinitialspace=True, quotechar=quote)
    records, before = [], 0
    for cells in reader:
        records.append((before, list(map(clean, cells))))
        before = reader.line_num
    return records


def _records(path: Path, lines: Sequence[str], separator: str) -> list[tuple[int, list[str]]]:
    """All records that hold anything, without those that a quote which is never closed has made."""
    try:
        records = [record for record in _split(lines, separator) if any(record[1])]
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV text file ({error})", "save it as CSV in UTF-8") from error
    if separator == "|" and any(is_rule(cells) for _, cells in records[:2]):  # a table of Markdown
        records = [(index, cells[not cells[0] :]) for index, cells in records if not is_rule(cells)]
    if not records:
        raise DataError(f"{path}: every cell is blank", "give one line for each shot")
    usual = Counter(len(cells) for _, cells in records[:_SAMPLE]).most_common(1)[0][0]
    for index, cells in records if len(records) < len(lines) else ():
        for cell in cells:
            if "\n" in cell and any(line.count(separator) >= max(usual - 1, 1) for line in cell.split("\n")[1:]):
                raise DataError(
                    f"{path}: a quote that opens below line {index + 1} swallows the lines after it", "close it"
                )
    return records


def _separator(lines: Sequence[str], remarks: Sequence[str]) -> str:
    """The separator under which the first lines look most like a table."""
    sample = lines[:_SAMPLE]
    best, best_score = ",", (0.0, 0.0, 0.0)
    for separator in SEPARATORS:
        try:
            rows = [cells for _, cells in _split(sample, separator)]
        except csv.Error:
            continue
        widths = Counter(map(len, rows[1:] or rows))
        width, usual = widths.most_common(1)[0]
        heads = [rows[0], *([cell.lstrip("#% ") for cell in remark.split(separator)] for remark in remarks[-1:])]
        headed = any(len(head) > 1 and any(is_known(cell) for cell in head) for head in heads)
        if separator == " " and best_score[1] > 0.9 and not (headed and not best_score[0]):
            continue
        numeric = sum(bool(NUMBER.fullmatch(row[0])) for row in rows if row) / len(rows)
        score = (float(headed), usual / sum(widths.values()) if width > 1 else 0.0, numeric)
        if score > best_score and width > 1:
            best, best_score = separator, score
    return best


def _commented_heading(remarks: Sequence[str], separator: str, width: int) -> list[str] | None:
    """The heading in a comment, as OM and NumPy write it; None where no comment is one."""
    for remark in remarks:
        (_, cells), *_ = _split([remark.lstrip("#% ") or "-"], separator)
        if len(cells) == width and width > 1 and any(is_known(cell) for cell in cells):
            return cells
    return None


def _is_heading(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns."""
    first, *rest = rows
    if any(NUMBER.fullmatch(cell) for cell in first[:1]):
        return False
    if any(is_known(cell) for cell in first) or plain(first[0]) in INDEX_NAMES:
        return True
    if len(first) == 1 or not rest:
        return False
    return not any(character.isdigit() for character in first[0]) and any(
        character.isdigit() for row in islice(rest, 20) for character in row[0]
    )


def _fit(
    path: Path, heading: list[str] | None, records: list[tuple[int, list[str]]], numbers: Sequence[int]
) -> list[str] | None:
    """Bring heading and rows to one number of columns; columns without name and content fall away."""
    rows = [cells for _, cells in records]
    if heading is None or any(len(cells) > len(heading) for cells in rows):
        for cells in rows:
            while len(cells) > 1 and not cells[-1] and (heading is None or len(cells) > len(heading)):
                cells.pop()
    widths = Counter(map(len, rows))
    widest = max(widths)
    if heading is not None and len(widths) == 1 and widest == len(heading) + 1:
        heading = ["", *heading]  # R leaves out the name of the column of row names
    width = widest if heading is None else len(heading)
    if heading is None and len(widths) > 1:
        width = widths.most_common(1)[0][0]
    for index, cells in records if set(widths) != {width} else ():
        if len(cells) > width:
            raise DataError(
                f"{path}: line {numbers[index]} has {len(cells)} cells, {width} are expected",
                "put cells that hold a separator into quotes",
            )
        cells.extend([""] * (width - len(cells)))
    if heading is not None:
        while len(heading) > 1 and not heading[-1] and not any(cells[-1] for cells in rows):
            heading = heading[:-1]
            for cells in rows:
                cells.pop()
    return heading
