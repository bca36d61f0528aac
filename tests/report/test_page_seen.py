"""A report as a reader sees it: on a screen, on a telephone, on a dark page, and on paper."""

import io
from pathlib import Path

import numpy as np
import pytest
from browser import NARROW, WIDE, shown
from PIL import Image

from airybench.jobs.report import write_report

IN_SIGHT = "box => { const r = box.getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth; }"
BOXES = "all => all.map(one => [...one.children].map(image => JSON.stringify(image.getBoundingClientRect())))"
CAPTIONS = "image => image.getBoundingClientRect().width / image.naturalWidth * 110 / 72 * 10"
"""Pixels of a caption of 10 points in a plate that is drawn with 110 dots an inch."""


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(["both"], path)
    return path


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_score_and_interval_are_in_sight_and_what_scrolls_says_so(report: Path, width: int) -> None:
    """At 400 px the score was out of sight, and at 1500 px the last column was cut: 0.556 read 0.55."""
    with shown(report, width) as page:
        for row in page.locator("section > .scroll:first-of-type tbody tr").all():
            assert row.locator("td").first.evaluate(IN_SIGHT), row.inner_text()
        places = page.locator(".scroll, .picture").all()
        assert len(places) > 8
        for place in places:
            wider = place.evaluate("box => box.scrollWidth > box.clientWidth + 1")
            hint = place.evaluate("box => { const h = box.previousElementSibling; return !h.hidden && h.innerText; }")
            assert hint == ("Wider than this page: scroll it sideways." if wider else False)
            assert not (wider and width == WIDE)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for image in page.locator(".plate img").all():
            assert image.evaluate(CAPTIONS) >= 9
        for below, above in page.locator(".layers").evaluate_all(BOXES):
            assert below == above, "captions that lie beside their patterns"


def test_tables_are_complete_and_say_what_heads_what(report: Path) -> None:
    with shown(report, WIDE) as page:
        assert page.locator("th:not([scope])").count() == 0
        table = page.locator("section > .scroll table").first
        heads = table.locator("thead th").all_inner_texts()
        assert heads[:3] == ["cell", "test macro_ap", "val macro_ap"]
        majority = table.locator("tbody tr").filter(has_text="majority").locator("td").all_inner_texts()
        assert all(text not in ("", "-") for text in majority), "the row of the majority was nearly empty"
        assert len(majority) == len(heads) - 1


def test_plates_have_light_letters_on_a_dark_page_and_the_same_patterns(report: Path) -> None:
    """A plate was a white sheet on a dark page."""
    seen = {}
    for scheme in ("light", "dark"):
        with shown(report, WIDE, color_scheme=scheme) as page:
            content = page.locator(".layers").first.screenshot()
        image = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
        inch = image.shape[1] / (1.42 + 9 * 1.0 + 0.05)
        top, bottom, left, right = (round(inch * place) for place in (0.45, 1.2, 1.5, 2.3))
        seen[scheme] = image[:, : round(1.35 * inch)], image[top:bottom, left:right]
    (names, pattern), (dark_names, dark_pattern) = seen["light"], seen["dark"]
    assert (np.median(names), names.min()) == (255, pytest.approx(0, abs=60))
    assert np.median(dark_names) < 40
    assert dark_names.max() > 180
    assert np.abs(pattern - dark_pattern).max() <= 2


def test_plots_have_a_dark_variant_that_paper_does_not_have(report: Path) -> None:
    inverted = "getComputedStyle(document.querySelector('.plot img')).filter"
    with shown(report, WIDE, color_scheme="dark") as page:
        assert "invert" in page.evaluate(inverted)
        page.emulate_media(media="print")
        assert page.evaluate(inverted) == "none"
    with shown(report, WIDE) as page:
        assert page.evaluate(inverted) == "none"


def test_paper_has_the_configuration_and_no_holes(report: Path) -> None:
    with shown(report, 690) as page:  # what A4 has between its margins
        assert not page.locator(".printed").first.is_visible()
        page.emulate_media(media="print")
        assert "epochs: 1" in page.locator(".printed").first.inner_text()
        assert page.locator("details").first.is_hidden()
        assert page.locator(".hint").first.is_hidden()
        heights = page.locator("img, tr, li").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        assert max(heights) < 335, "what is not broken up leaves as much room empty, here more than a third of a page"
