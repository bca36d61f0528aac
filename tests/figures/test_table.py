"""A table as a page."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import NARROW, WIDE, shown

from airybench.figures.table import table_page


class Cells(HTMLParser):
    """Collects the cells of a page, row by row, with the class of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, str]]] = []
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a row or a cell."""
        if tag == "tr":
            self.rows.append([])
        self._open = tag in ("td", "th")
        if self._open:
            self.rows[-1].append((dict(attrs).get("class") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        """Close whatever is open."""
        self._open = False

    def handle_data(self, data: str) -> None:
        """Add to the cell."""
        if self._open:
            kind, text = self.rows[-1][-1]
            self.rows[-1][-1] = kind, text + data


def test_a_table_page_shows_every_cell_and_aligns_numbers() -> None:
    page = table_page("Cells", "A note.", ["name", "value"], [["a", "0.5"], ["b", ""]])
    assert Cells(page).rows == [
        [("text", "name"), ("", "value")],
        [("text", "a"), ("", "0.5")],
        [("text", "b"), ("", "")],
    ]
    assert "<p>A note.</p>" in page


def test_a_table_page_escapes_what_it_shows() -> None:
    page = table_page("a<b", "note", ["name", "value"], [["<script>", "0.5"], ["x", ""]])
    assert "<script>0" not in page
    assert "&lt;script&gt;" in page
    assert page.count('class="first"') == 1


NAMES = ["resnet18-log0.2-leaky0.2", "vgg11-plain-leaky0.1-standardised-noise-mean-std", "majority"]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_score_is_in_sight_and_what_scrolls_says_so(width: int, tmp_path: Path) -> None:
    heads = ["rank", "name", "val macro_ap", "95 %, over val runs and seeds", *(f"val metric {i}" for i in range(6))]
    rows = [[str(place), name, "0.8571", "0.7941 .. 0.9443", *["0.5000"] * 6] for place, name in enumerate(NAMES, 1)]
    path = tmp_path / "leaderboard.html"
    path.write_text(table_page("Cells", "A note.", heads, rows), encoding="utf-8")
    with shown(path, width) as page:
        for row in page.locator("tbody tr").all():
            for cell in row.locator("td").all()[:3]:
                assert cell.evaluate("box => box.getBoundingClientRect().right <= innerWidth"), cell.inner_text()
        assert page.locator(".hint").is_visible() == (width == NARROW)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("th:not([scope])").count() == 0
        page.locator("thead th").nth(1).click()
        assert page.locator("tbody tr").first.inner_text().startswith("2")
