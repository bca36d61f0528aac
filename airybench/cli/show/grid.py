"""Tables that fit the width they are printed at: columns without room stand below, and no number is cut or broken."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

GAP = 2
"""Characters between columns."""

LEAST = 12
"""Characters to which columns of a few words are folded."""

RULES = Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
"""A rule below the headings and between sections; without upright ones, which would take a fifth of 80 columns."""


@dataclass(frozen=True)
class _Column:
    """A column; see `Grid.column`."""

    heading: str
    left: bool
    key: bool
    fold: int
    joined: bool


@dataclass(frozen=True)
class _Row:
    cells: tuple[str, ...]
    style: str
    section: int


class Grid:
    """A table of texts, printed by a console of rich at whatever width that has.

    Where it is too wide, headings are folded first, then the columns that may be; what has no room even so follows in
    further tables below, each with the key columns.

    Args:
        title: above it.
        caption: below it.

    >>> grid = Grid()
    >>> grid.column("network", left=True, key=True)
    >>> grid.column("macro_ap")
    >>> grid.column("exact match")
    >>> grid.row("resnet18", "0.516", "0.750")
    >>> Console(width=24).print(grid)
    network   macro_ap
    ──────────────────
    resnet18     0.516
    <BLANKLINE>
    network   exact match
    ─────────────────────
    resnet18        0.750
    """

    def __init__(self, title: str = "", caption: str = "") -> None:
        self.title = title
        self.caption = caption
        self._columns: list[_Column] = []
        self._rows: list[_Row] = []
        self._section = 0

    def column(
        self, heading: str, *, left: bool = False, key: bool = False, fold: int = 0, joined: bool = False
    ) -> None:
        """Add a column.

        Args:
            heading: above it.
            left: it holds words, not numbers.
            key: it says what a row is about, and is repeated in every table.
            fold: characters to which its words may be folded; 0 keeps each cell on its lines.
            joined: it stays beside the column before it.
        """
        self._columns.append(_Column(heading, left, key, fold, joined))

    def row(self, *cells: str, style: str = "") -> None:
        """Add a row; columns without a cell are empty."""
        texts = (*cells, *("" for _ in range(len(self._columns) - len(cells))))
        self._rows.append(_Row(texts, style, self._section))

    def section(self) -> None:
        """Draw a rule between the rows before and those after."""
        self._section += 1

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """The table, or the tables, as wide as the console."""
        if self.title:
            yield Text(self.title, style="italic")
        first, *others = self._parts(options.max_width)
        yield self._table(first, self._rows)
        for part in others:
            told = [place for place in part if not self._columns[place].key]
            yield Text("")
            yield self._table(part, [row for row in self._rows if any(row.cells[place] for place in told)])
        if self.caption:
            yield Text(self.caption, style="dim italic")

    def _parts(self, room: int) -> list[dict[int, int]]:
        """The columns of each table and their widths."""
        full = [max(self._content(place), cell_len(one.heading)) for place, one in enumerate(self._columns)]
        if _total(full) <= room:
            return [dict(enumerate(full))]
        narrow = [max(self._content(place), _longest(one.heading)) for place, one in enumerate(self._columns)]
        least = [
            max(min(width, one.fold or width), _longest(one.heading))
            for width, one in zip(narrow, self._columns, strict=True)
        ]
        keys = [place for place, one in enumerate(self._columns) if one.key]
        groups = self._groups()
        if groups:  # a key that leaves no room for the widest of the others is folded
            widest = max(_total([least[place] for place in group]) for group in groups)
            least = self._with_folded_keys(least, keys, room - widest - GAP)
        parts: list[list[int]] = [[]]
        for group in groups:
            if parts[-1] and _total([least[place] for place in (*keys, *parts[-1], *group)]) > room:
                parts.append([])
            parts[-1] += group
        found = [sorted((*keys, *part)) for part in parts]
        return [
            {place: full[place] for place in part}
            if _total([full[place] for place in part]) <= room
            else self._widened(part, least, narrow, room)
            for part in found
        ]

    def _groups(self) -> list[list[int]]:
        """The other columns than keys, those together that stay side by side."""
        groups: list[list[int]] = []
        for place, one in enumerate(self._columns):
            if one.joined and groups:
                groups[-1].append(place)
            elif not one.key:
                groups.append([place])
        return groups

    def _with_folded_keys(self, least: list[int], keys: Sequence[int], room: int) -> list[int]:
        """Widths of which those of words among the keys are cut until the keys fit; at 8 characters that ends."""
        least = list(least)
        while _total([least[place] for place in keys]) > room:
            words = [place for place in keys if self._columns[place].left and least[place] > 8]
            if not words:
                break
            least[max(words, key=lambda place: least[place])] -= 1
        return least

    def _widened(self, part: list[int], least: list[int], narrow: list[int], room: int) -> dict[int, int]:
        """The widths of one table: folded columns take what is left, a character each in turn."""
        widths = {place: least[place] for place in part}
        while _total(list(widths.values())) < room:
            folded = [place for place in part if widths[place] < narrow[place]]
            if not folded:
                break
            widths[min(folded, key=lambda place: widths[place])] += 1
        return widths

    def _content(self, place: int) -> int:
        """The width of the longest line in a column."""
        return max((cell_len(line) for row in self._rows for line in row.cells[place].splitlines()), default=0)

    def _table(self, part: dict[int, int], rows: Sequence[_Row]) -> Table:
        table = Table(box=RULES, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        headings = {place: textwrap.wrap(self._columns[place].heading, width) for place, width in part.items()}
        height = max(map(len, headings.values()))
        for place, width in part.items():
            one, heading = self._columns[place], headings[place]
            text = Text("\n" * (height - len(heading)) + "\n".join(heading))  # the last lines side by side
            table.add_column(text, justify="left" if one.left else "right", width=width, overflow="fold")
        for before, row in zip((None, *rows), rows, strict=False):
            if before and before.section != row.section:
                table.add_section()
            table.add_row(*(Text(row.cells[place]) for place in part), style=row.style or None)
        return table


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(len(widths) - 1, 0)


def _longest(heading: str) -> int:
    return max(map(cell_len, heading.split()), default=0)
