"""Whether answers agree with published ones: cells by the published interval, claims by sign, verdict and intervals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from airybench.analysis.number_text import with_interval
from airybench.report.results import ClaimResult, DatasetResult, Interval, Results

CLEAR: Mapping[str, float] = {"better": 1.0, "worse": -1.0}
"""Verdicts with a sign."""


@dataclass(frozen=True)
class Compared:
    """One number that both have.

    Attributes:
        dataset: of which data set.
        kind: what it is.
        name: of the cell, or the statement of the claim.
        published: there.
        found: here.
        verdicts: of a claim, there and here; empty for a cell.
        agrees: whether the two agree; None where that cannot be told.
    """

    dataset: str
    kind: Literal["cell", "claim"]
    name: str
    published: Interval
    found: Interval
    verdicts: tuple[str, str]
    agrees: bool | None

    @property
    def texts(self) -> tuple[str, str]:
        """Published and found as tables show them."""
        sign = "+" if self.kind == "claim" else ""
        there, here = (with_interval(*one.numbers, sign) for one in (self.published, self.found))
        return there, here


@dataclass(frozen=True)
class Agreement:
    """Answers beside the published ones.

    Attributes:
        published: there.
        found: here.
        rows: what both have, cells before claims.
        notes: what the comparison can and cannot say.
    """

    published: Results
    found: Results
    rows: tuple[Compared, ...]
    notes: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether something could be compared, and all of it agrees."""
        told = [row.agrees for row in self.rows if row.agrees is not None]
        return bool(told) and all(told)

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        told = [row.agrees for row in self.rows if row.agrees is not None]
        if not told:
            return "Nothing can be compared: the two have no cell and no claim with an interval in common."
        return f"{sum(told)} of {len(told)} numbers agree with the published answer to {self.published.question}."


def agreement(published: Results, found: Results) -> Agreement:
    """Compare answers with published ones.

    A cell agrees where its score lies in the published interval; that is asked only where both ran the same experiment
    on the same data. A claim agrees, whatever the size of the experiment, where the published verdict is better or
    worse and the difference found has the same sign, or where it is neither and the two intervals have a value in
    common.

    Args:
        published: there.
        found: here; of the same question.
    """
    rows: list[Compared] = []
    notes: list[str] = []
    same = published.config_sha256 == found.config_sha256 and published.metric == found.metric
    if not same:
        notes.append(
            f"Cells are not judged, claims are: published is {published.experiment} with {_size(published)}, this is "
            f"{found.experiment} with {_size(found)}."
        )
    theirs = {one.dataset: one for one in published.datasets}
    for ours in found.datasets:
        if ours.dataset not in theirs:
            notes.append(f"Nothing is published on {ours.dataset}.")
            continue
        there = theirs[ours.dataset]
        same_data = (there.data_sha256, there.split_digest) == (ours.data_sha256, ours.split_digest)
        if same and there.budget != ours.budget:
            notes.append(f"{ours.dataset}: cells are not judged, the searches are not as long as the published ones.")
            same_data = False
        elif same and not same_data:
            notes.append(f"{ours.dataset}: cells are not judged, the shots are not those of the published answer.")
        rows += _cells(there, ours, judged=same and same_data)
        rows += _claims(there, ours)
        if same and same_data and _identical(there, ours):
            notes.append(f"{ours.dataset}: the score of every training is the published one to the last digit.")
    return Agreement(published, found, tuple(sorted(rows, key=lambda row: row.kind)), tuple(notes))


def claim_agrees(published: ClaimResult, found: ClaimResult) -> bool | None:
    """Whether a claim agrees with the published one; None where that cannot be told."""
    value = found.difference.value
    if value is None:
        return None
    if published.verdict in CLEAR:
        return CLEAR[published.verdict] * value > 0
    return published.difference.overlaps(found.difference)


def _cells(there: DatasetResult, ours: DatasetResult, *, judged: bool) -> Iterator[Compared]:
    known = {cell.name: cell.test for cell in there.cells}
    for cell in ours.cells:
        if cell.name in known:
            value = cell.test.value
            agrees = known[cell.name].contains(value) if judged and value is not None else None
            yield Compared(ours.dataset, "cell", cell.name, known[cell.name], cell.test, ("", ""), agrees)


def _claims(there: DatasetResult, ours: DatasetResult) -> Iterator[Compared]:
    known = {claim.statement: claim for claim in there.claims}
    for claim in ours.claims:
        if claim.statement in known:
            other = known[claim.statement]
            yield Compared(
                ours.dataset,
                "claim",
                claim.statement,
                other.difference,
                claim.difference,
                (other.verdict, claim.verdict),
                claim_agrees(other, claim),
            )


def _identical(there: DatasetResult, ours: DatasetResult) -> bool:
    def scores(one: DatasetResult) -> dict[tuple[str, int, int | None], float | None]:
        return {(cell.name, trial.seed, trial.fold): trial.test for cell in one.cells for trial in cell.trials}

    return scores(there) == scores(ours)


def _size(one: Results) -> str:
    shots = sorted({found.shots for found in one.datasets})
    return f"{' and '.join(map(str, shots))} shots at {one.image_size} px"
