"""Hit finding in a report, as HTML and as Markdown, with the numbers that were logged."""

from airybench.inference.hits import HIT_METRICS, logged_hits
from airybench.report.hits import hits_html, hits_lines

METRICS = {f"test/{name}": 0.1 * place for place, name in enumerate(HIT_METRICS, 1)}
METRICS |= {"test/hit_ap/low": 0.45, "test/hit_ap/high": 0.55, "test/macro_ap": 0.9}


def test_both_forms_hold_the_same_numbers() -> None:
    found = {"resnet18": logged_hits(METRICS, "test/"), "lit <pixels>": logged_hits(METRICS, "test/")}
    lines = hits_lines(found)
    assert lines[0] == "#### Hit or miss on test"
    assert lines[4] == "| resnet18 | 0.500 [0.450 .. 0.550] | 0.100 | 0.200 | 0.300 | 0.400 |"
    page = hits_html(found)
    assert '<th scope="row">resnet18</th><td>0.500 [0.450 .. 0.550]</td><td>0.100</td>' in page
    assert '<th scope="row">lit &lt;pixels&gt;</th>' in page
    assert page.count("<td>") == 10


def test_nothing_is_said_where_nothing_was_scored() -> None:
    assert (hits_html({}), hits_lines({})) == ("", [])
    partial = {key: value for key, value in METRICS.items() if key != "test/hit_recall"}
    assert logged_hits(partial, "test/") == logged_hits(METRICS, "val/") == {}
