"""A report as one self-contained HTML page, and as Markdown with the same tables and sentences."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version

from matplotlib.figure import Figure

from airybench.analysis.estimate import Estimate
from airybench.analysis.notes import simulated_data, worse_than_majority
from airybench.analysis.number_text import score_text, with_interval
from airybench.analysis.verdicts import ALPHA, VERDICTS, claim_sentence
from airybench.config.margin import DELTA
from airybench.config.objective import axis_ends
from airybench.figures.comparison import Bar
from airybench.figures.forest import Difference, forest
from airybench.figures.leaderboard import Joined, leaderboard
from airybench.figures.scrolling import CSS as SCROLLS
from airybench.figures.scrolling import SCRIPT
from airybench.report.answers import Answer, StudyAnswers
from airybench.report.classes import classes_html, classes_lines
from airybench.report.hits import hits_html, hits_lines
from airybench.report.pictures import picture, plate
from airybench.report.stressed import robustness_html, robustness_lines
from airybench.report.tables import html_table, markdown_table

VERSIONS = ("torch", "timm", "mlflow", "optuna", "scikit-learn", "numpy")

# The page follows the reader's dark mode; on paper it is always light, and tables and pictures are not broken up.
CSS = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --faint: #666; --line: #d8d8d8; --card: #f6f7f9; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #15181c; --faint: #a0a4aa; --line: #3a3f46; --card: #1e2228; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 96rem; padding: 1.5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-top: 2px solid var(--line); padding-top: 1rem; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr)); gap: 1.5rem; }
table { border-collapse: collapse; font-size: 0.87rem; margin: 0.6rem 0; }
th, td { padding: 0.25rem 0.6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { white-space: normal; vertical-align: bottom; }
tbody th { font-weight: normal; max-width: 30rem; white-space: normal; }
th:first-child, td:first-child { text-align: left; }
caption { text-align: left; color: var(--faint); caption-side: bottom; padding-top: 0.3rem; }
.picture { margin: 0.6rem 0; } img { max-width: 100%; background: #fff; display: block; }
.plate { overflow-x: auto; } .plate img { min-width: 44rem; background: none; } .printed { display: none; }
.layers { position: relative; } .layers img + img { position: absolute; left: 0; top: 0; }
@media screen and (max-width: 40rem) {
  th, td { padding: 0.25rem 0.35rem; } tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 7.5rem; }
  .picture { overflow-x: auto; } .picture img { max-width: none; width: 40rem; } }
/* On a dark page black and white of plots and captions change places, and colours keep their hue. Patterns stay. */
@media screen and (prefers-color-scheme: dark) {
  .plot img, .layers img + img { filter: invert(0.9) hue-rotate(180deg); } }
.answers li { margin: 0.35rem 0; } .verdict { font-weight: 700; }
.warning { border-left: 4px solid #d55e00; padding-left: 0.6rem; font-weight: 700; }
.note, .facts { color: var(--faint); font-size: 0.87rem; }
pre, code { font: 0.85rem/1.4 ui-monospace, monospace; background: var(--card); border-radius: 4px; }
pre { padding: 0.6rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
code { padding: 0.1rem 0.3rem; }
.facts td, .facts th { white-space: normal; overflow-wrap: anywhere; text-align: left; }
@page { margin: 14mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --faint: #444; --line: #bbb; --card: #f3f3f3; }
  body { max-width: none; padding: 0; font-size: 10pt; } .side { display: block; } .plate { overflow: visible; }
  table { font-size: 8pt; } th, td { white-space: normal; overflow-wrap: anywhere; padding: 0.15rem 0.3rem; }
  .plot img { max-height: 85mm; } .plate img { min-width: 0; } details { display: none; } .printed { display: block; }
  tbody tr:nth-child(-n+3), tbody tr:nth-last-child(-n+3):not(:last-child) { break-after: avoid; }
  img, .layers, tr, li { break-inside: avoid; } h2, h3, h4, .hint { break-after: avoid; } }
"""


def html(
    studies: Sequence[StudyAnswers], galleries: Mapping[tuple[str, str], Sequence[Figure]], delta: float = DELTA
) -> str:
    """The report as HTML; the page fetches nothing from elsewhere.

    Args:
        studies: those of the report, in the order of their questions.
        galleries: examples of right and wrong predictions by (name, data set), where there are any.
        delta: largest difference that does not matter.
    """
    parts = [f"<h1>{escape(_title(studies))}</h1>", f"<p>{escape(_lead(studies, delta))}</p>"]
    overview = claims_figure(studies, delta)
    if overview is not None:
        parts.append(picture(overview, "All claims: differences with their 95 % intervals, the largest first"))
    for name, group in _by_name(studies).items():
        parts.append(f'<h2 id="{escape(name)}">{escape(name)}</h2>')
        parts += [f"<p>{escape(question)}</p>" for question in _questions(group)]
        parts.append('<div class="side">')
        parts += [_study_html(one, galleries.get((one.name, one.dataset), ())) for one in group]
        parts.append("</div>")
    parts.append(f'<h2>Versions</h2><p class="facts">{escape(_versions())}</p>')
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(_title(studies))}</title><style>{CSS}{SCROLLS}</style></head>\n<body>\n"
        + "\n".join(parts)
        + f"\n<script>{SCRIPT}</script>\n</body></html>\n"
    )


def markdown(studies: Sequence[StudyAnswers], delta: float = DELTA) -> str:
    """The report as Markdown, without pictures."""
    lines = [f"# {_title(studies)}", "", _lead(studies, delta), ""]
    for name, group in _by_name(studies).items():
        lines += [f"## {name}", "", *(text for question in _questions(group) for text in (question, ""))]
        for one in group:
            lines += [f"### {one.dataset}", "", *([f"**{worse}**", ""] if (worse := _worse(one)) else [])]
            heads, rows = _table(one)
            lines += [
                *markdown_table(heads, rows),
                "",
                *(f"- **{answer.verdict}**: {sentence(answer, one.metric)}" for answer in one.answers),
                "",
            ]
            lines += [*classes_lines(one.classes, one.winner.label), *hits_lines(one.hits)]
            if one.robustness is not None:
                lines += robustness_lines(one.robustness)
            lines += [f"- {note}" for note in _notes(one)]
            lines += ["", "```", one.command, "```", ""]
            if one.config:
                lines += [f"with {one.name}.yaml:", "", "```yaml", one.config.rstrip(), "```", ""]
            lines += [f"- {key}: `{value}`" for key, value in one.facts.items()]
            lines.append("")
    return "\n".join([*lines, "## Versions", "", _versions(), ""])


def claims_figure(studies: Sequence[StudyAnswers], delta: float = DELTA) -> Figure | None:
    """Every claim that is judged, as one picture; None where there are none.

    Args:
        studies: those of the report.
        delta: largest difference that does not matter.
    """
    rows = [
        Difference(f"{_named(one, answer, studies)}", found.value, found.low, found.high, answer.verdict)
        for one in studies
        for answer in one.answers
        if answer.alike and math.isfinite((found := answer.difference).value)
    ]
    metrics = ", ".join(dict.fromkeys(one.metric for one in studies))
    label = f"difference of test {metrics}, 95 % interval"
    return forest(rows, delta=delta, label=label, title="Claims, the largest difference first") if rows else None


def _named(one: StudyAnswers, answer: Answer, studies: Sequence[StudyAnswers]) -> str:
    return answer.statement if len(studies) == 1 else f"{one.name}@{one.dataset}: {answer.statement}"


def sentence(answer: Answer, metric: str) -> str:
    """The answer to a claim, with its numbers."""
    pairs = answer.pairs
    whom = f"{pairs[0][0]} against {pairs[0][1]}" if len(pairs) == 1 else f"mean over {len(pairs)} pairs of cells"
    numbers = claim_sentence(answer.difference, answer.judgement)
    return f"{answer.statement} ({whom}{_choice(answer)}): test {metric} {numbers}"


def _choice(answer: Answer) -> str:
    """How the sides were chosen, and how many configurations each tried, where that needs saying."""
    first, second = answer.tried
    if answer.fresh:
        among = f"{first} and {second}" if second > 1 else str(first)
        return f", chosen among {among} on val and trained again with fresh seeds"
    if answer.chosen_among > 1:
        return f", the first chosen among {answer.chosen_among} on val"
    return f", {first} configuration{'' if first == 1 else 's'} tried against {second}" if first != second else ""


def _questions(group: Sequence[StudyAnswers]) -> list[str]:
    """The questions of studies of one name; each is said once, with its data sets where there are several."""
    asked: dict[str, list[str]] = {}
    for one in group:
        asked.setdefault(one.question, []).append(one.dataset)
    return [question if len(asked) == 1 else f"{', '.join(there)}: {question}" for question, there in asked.items()]


def _worse(one: StudyAnswers) -> str:
    majority = one.logged.get("majority", {}).get("test/exact_match")
    return worse_than_majority(one.winner.label, one.winner.test["exact_match"].value, majority)


def _study_html(one: StudyAnswers, gallery: Sequence[Figure]) -> str:
    seeds = {len(cell.trials) for cell in one.cells}
    table = html_table(
        *_table(one),
        "Ordered by val; the test shots choose nothing. In brackets: 95 % intervals over test shots, or runs, and "
        "seeds." + (f" {_counted(min(seeds), 'training', 'trainings')} of each cell." if len(seeds) == 1 else ""),
    )
    worse = f'<p class="warning">{escape(said)}</p>' if (said := _worse(one)) else ""
    answers = "".join(
        f'<li><span class="verdict">{escape(answer.verdict)}</span>: {escape(sentence(answer, one.metric))}</li>'
        for answer in one.answers
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in _notes(one))
    facts = "".join(
        f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>' for key, value in one.facts.items()
    )
    pictures = picture(_plot(one), f"{one.name} on {one.dataset}: test {one.metric} of every cell")
    if gallery:
        pictures += plate(gallery, f"Right and wrong predictions of {one.winner.label} on {one.dataset}")
    robust = "" if one.robustness is None else robustness_html(one.robustness, _title_of(one))
    named, text = f"{escape(one.name)}.yaml", f"<pre>{escape(one.config)}</pre>"
    # A browser prints no more of what is folded up than its heading.
    config = f"<details><summary>{named}</summary>{text}</details>" + f'<div class="printed"><p>{named}</p>{text}</div>'
    return (
        f"<section><h3>{escape(one.dataset)}</h3>{worse}"
        f'<ul class="answers">{answers}</ul>'
        f"{table}{classes_html(one.classes, one.winner.label)}{hits_html(one.hits)}{robust}{pictures}"
        f'<ul class="note">{notes}</ul><pre>{escape(one.command)}</pre>{config if one.config else ""}'
        f'<table class="facts"><tbody>{facts}</tbody></table></section>'
    )


def _table(one: StudyAnswers) -> tuple[list[str], list[list[str]]]:
    """Heads and rows: what a reader looks for stands beside the name, and what is the same in all rows is left out."""
    further = [name for name in one.cells[0].test if name != one.metric]
    seeds = [str(len(cell.trials)) for cell in one.cells]
    counted = ["trainings"] if len(set(seeds)) > 1 else []
    heads = ["cell", f"test {one.metric}", f"val {one.metric}", *(f"test {name}" for name in further), *counted]
    rows = [
        [
            cell.label,
            _number(cell.test[one.metric], ends=True),
            score_text(cell.val),
            *(_number(cell.test[name], ends=False) for name in further),
            *(number for _ in counted),
        ]
        for cell, number in zip(one.cells, seeds, strict=True)
    ]
    for name, scores in one.logged.items():
        value, low, high = (scores.get(f"test/{one.metric}{end}", math.nan) for end in ("", "/low", "/high"))
        others = [score_text(scores[key]) if (key := f"test/{metric}") in scores else "-" for metric in further]
        val = scores.get(f"val/{one.metric}", math.nan)
        rows.append([name, with_interval(value, low, high), score_text(val), *others, *("" for _ in counted)])
    return heads, rows


def _number(estimate: Estimate, *, ends: bool) -> str:
    if math.isnan(estimate.value):
        return "-"
    return with_interval(estimate.value, estimate.low, estimate.high) if ends else score_text(estimate.value)


def _notes(one: StudyAnswers) -> list[str]:
    return [*([simulated_data(one.provenance.simulator)] if one.provenance.simulated else []), *one.notes]


def _plot(one: StudyAnswers) -> Figure:
    return leaderboard(
        [
            Bar(f"{cell.label} (n={len(cell.trials)})", score.value, (score.low, score.high))
            for cell, score in ((cell, cell.test[one.metric]) for cell in one.cells)
        ],
        one.baselines,
        metric=f"test {one.metric}",
        title=_title_of(one),
        note="95 % over test shots, or runs, and seeds; ordered by val",
        ends=axis_ends(one.metric),
        joined=Joined(one.ties.sets, one.ties.note) if one.ties else None,
    )


def _title_of(one: StudyAnswers) -> str:
    return f"{one.name} on {one.dataset}{' (simulated data)' if one.provenance.simulated else ''}"


def _by_name(studies: Sequence[StudyAnswers]) -> dict[str, list[StudyAnswers]]:
    groups: dict[str, list[StudyAnswers]] = {}
    for one in studies:
        groups.setdefault(one.name, []).append(one)
    return groups


def _title(studies: Sequence[StudyAnswers]) -> str:
    return f"airybench report: {', '.join(_by_name(studies))}"


def _lead(studies: Sequence[StudyAnswers], delta: float) -> str:
    verdicts = [answer.verdict for one in studies for answer in one.answers if answer.alike]
    counts = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in VERDICTS if kind in verdicts) or "nothing to judge"
    scope = f"{_counted(len(studies), 'study', 'studies')}, {_counted(len(verdicts), 'claim', 'claims')}: {counts}."
    return (
        f"{scope} The claims are judged together: better and worse have a p below {ALPHA:g} after Holm's rule, no "
        f"difference that matters has its 90 % interval within +-{delta:g}, and undecided is neither. First look means "
        "too few seeds for a verdict. Differences are on test, between cells that are equal in all else or between "
        "chosen ones, with 95 % intervals over test shots, or whole runs where the data name them, and seeds."
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in VERSIONS) + " (of the machine that wrote this report)"
