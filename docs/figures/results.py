"""Published answers on the pages: figures beside the JSON files, and tables between marks in the text."""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from airybench.analysis.number_text import score_text, with_interval
from airybench.report.results import DatasetResult, Interval, Results, published, read_results
from airybench.reporter import time_text
from docs.figures.answers import cell_titles, curves_of, effect_title, found_title, metric_title

PAGE = Path(__file__).parents[1] / "reproduction.md"


END = "<!-- end -->"


def all_results() -> dict[str, Results]:
    """Every published answer by its question."""
    return {name: read_results(path) for name, path in published().items()}


def with_tables(text: str, answers: Iterable[Results]) -> str:
    """A page with the tables of every question between its marks, `<!-- results: NAME -->` and `<!-- end -->`."""
    for found in answers:
        before, mark, rest = text.partition(f"<!-- results: {found.question} -->\n")
        if mark:
            _, end, after = rest.partition(END)
            text = f"{before}{mark}{tables(found)}\n{end}{after}"
    return text


def tables(found: Results) -> str:
    """Claims, cells and where they come from, as Markdown."""
    blocks = [_claims(found), _scores(found)]
    if all(one.stress for one in found.datasets):
        blocks = [_stress(found), _effects(found)]
    elif any("fraction" in cell.params for one in found.datasets for cell in one.cells):
        blocks = [_curves(found), _claims(found)]
    elif all(one.searches for one in found.datasets):
        blocks = [*blocks, _searches(found)]
    return "\n\n".join([*blocks, _origin(found)])


def interval_text(one: Interval, sign: str = "") -> str:
    """A value with its interval, as every page shows it."""
    return with_interval(*one.numbers, sign)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _p_text(p: float | None) -> str:
    """A p value behind its verdict; it is never called nothing."""
    return "" if p is None else " (p < 0.001)" if p < 0.001 else f" (p {score_text(p)})"


def _claims(found: Results) -> str:
    heads, rows = ["claim"], {}
    for place, one in enumerate(found.datasets):
        heads += [f"{one.dataset}: difference", "verdict"]
        for claim in one.claims:
            row = rows.setdefault(claim.statement, [""] * 2 * len(found.datasets))
            row[2 * place : 2 * place + 2] = [
                interval_text(claim.difference, "+"),
                claim.verdict + _p_text(claim.p_holm),
            ]
    return _table(heads, ([statement, *rows[statement]] for statement in sorted(rows, key=_share)))


def _share(statement: str) -> float:
    """The share of the labels that a claim is about, in per cent; claims of one share stay in their order."""
    share = re.search(r" with ([0-9.]+)% of the training shots$", statement)
    return float(share[1]) if share else -1.0


def _scores(found: Results) -> str:
    heads, rows = [f"test {metric_title(found.metric)}"], {}
    for place, one in enumerate(found.datasets):
        heads.append(one.dataset)
        titles = cell_titles(one.cells)
        for name, test in [
            *((titles[cell.name], cell.test) for cell in sorted(one.cells, key=lambda cell: -cell.test.numbers[0])),
            *((base.name, base.test) for base in one.baselines if not base.params),
        ]:
            rows.setdefault(name, [""] * len(found.datasets))[place] = interval_text(test)
    return _table(heads, ([name, *row] for name, row in rows.items()))


def _curves(found: Results) -> str:
    columns = [(one, name, curve) for one in found.datasets for name, curve in curves_of(one).items()]
    shares = sorted({share for _, _, curve in columns for share in curve})
    heads = ["labels", *(f"{one.dataset}: {name}" for one, name, _ in columns)]
    rows = (
        [f"{share:.0%}", *(interval_text(curve[share]) if share in curve else "" for _, _, curve in columns)]
        for share in shares
    )
    return _table(heads, rows)


def _searches(found: Results) -> str:
    """What each search found, the best on val of all first."""
    rows = []
    for one in found.datasets:
        winners = {cell.name: iter(cell.trials) for cell in one.cells}
        pairs = [(search, next(winners[search.sampler])) for search in one.searches]
        for search, trial in sorted(pairs, key=lambda pair: -(pair[1].val or 0)):
            scores = (score_text(math.nan if value is None else value) for value in (trial.val, trial.test))
            what = found_title(search.winner)
            rows.append([one.dataset, search.sampler, str(search.seed), *scores, what])
    return _table(["data", "search", "seed", "val", "test", "network that it found"], rows)


def _stress(found: Results) -> str:
    heads, rows = ["network"], {}
    for place, one in enumerate(found.datasets):
        heads += [f"{one.dataset}: as trained", "under changes", "mean loss"]
        titles = cell_titles(one.cells)
        for cell in one.stress.cells if one.stress else ():
            row = rows.setdefault(titles[cell.name], [""] * 3 * len(found.datasets))
            row[3 * place : 3 * place + 3] = [
                score_text(cell.clean.numbers[0]), score_text(cell.changed.numbers[0]), interval_text(cell.loss)
            ]  # fmt: skip
    return _table(heads, ([name, *row] for name, row in rows.items()))


def _effects(found: Results) -> str:
    heads, rows = ["mean loss of one against another"], {}
    for place, one in enumerate(found.datasets):
        heads += [f"{one.dataset}: difference", "verdict"]
        for effect in one.stress.effects if one.stress else ():
            row = rows.setdefault(effect_title(effect), [""] * 2 * len(found.datasets))
            row[2 * place : 2 * place + 2] = [interval_text(effect.loss, "+"), effect.verdict + _p_text(effect.p_holm)]
    return _table(heads, ([name, *row] for name, row in rows.items()))


def _origin(found: Results) -> str:
    sizes = sorted({one.shots for one in found.datasets})
    trainings = sum(one.trainings for one in found.datasets)
    seconds = time_text(sum(one.seconds for one in found.datasets))
    first = found.datasets[0]
    packages = ", ".join(f"{name} {number}" for name, number in first.packages.items())
    size = found.experiment.removeprefix(f"{found.question}-") if found.experiment != found.question else "full"
    lines = [
        f"`airybench reproduce {found.question} --size {size}`: {' and '.join(map(str, sizes))} shots of each set at "
        f"{found.image_size} px, {trainings} trainings of {seconds} together; {found.machine}; airybench "
        f"{first.airybench}{f' at commit `{first.commit[:10]}`' if first.commit else ''}, {packages}; {found.written}.",
        *(_data(one) for one in found.datasets),
    ]
    return " ".join(lines)


def _data(one: DatasetResult) -> str:
    version = f" (version {one.simulator} of the simulator)" if one.simulated else ""
    return f"{one.dataset}{version}: content sha256 `{one.data_sha256[:12]}`, split `{one.split_digest[:12]}`."
