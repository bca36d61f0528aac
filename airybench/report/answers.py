"""The answers of finished studies: every cell on test, each claim with its difference, interval and verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from airybench.analysis.contrast import Answers, Contrast, Estimate, Verdict, contrast, estimate
from airybench.config import METRICS, SweepConfig, TrialConfig
from airybench.config import SEED as BOOTSTRAP_SEED
from airybench.config.experiments import experiments, load_experiment
from airybench.errors import AirybenchError, StudyError
from airybench.inference.predictions import Predictions
from airybench.report.claims import claims
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.find import baselines, said
from airybench.tracking.predictions import predictions
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, reopen

KEYS = ("base", "space", "study")


@dataclass(frozen=True)
class Cell:
    """One cell of a study on test.

    Attributes:
        config: what was trained.
        records: its finished trials by seed.
        val: the objective on val, mean over seeds.
        answers: its test logits.
        test: by metric, mean over seeds with 95 % interval.
    """

    config: TrialConfig
    records: tuple[FinishedTrial, ...]
    val: float
    answers: Answers
    test: dict[str, Estimate]


@dataclass(frozen=True)
class Answer:
    """A claim and what came of it.

    Attributes:
        statement: what is against what.
        first: name of the cell that stands for the claim, the best on val of its side.
        second: name of the other.
        contrast: the numbers.
        verdict: held, not held or undecided.
    """

    statement: str
    first: str
    second: str
    contrast: Contrast
    verdict: Verdict


@dataclass(frozen=True)
class StudyAnswers:
    """All that a report says of one study.

    Attributes:
        name: NAME of `NAME@D`.
        dataset: D.
        question: of its experiment.
        metric: what it is answered in.
        cells: best on val first.
        answers: one a claim.
        majority: the metric of the majority answer on test, None where the study did not get to its end.
        simulated: whether the data are a stand-in.
        command: runs it again.
        config: the experiment as YAML, where the command needs a file.
        uri: where its runs are.
        facts: versions, commit, seeds and checksums, by name.
        notes: what a reader must know to take the numbers for what they are.
    """

    name: str
    dataset: str
    question: str
    metric: str
    cells: tuple[Cell, ...]
    answers: tuple[Answer, ...]
    majority: float | None
    simulated: bool
    command: str
    config: str
    uri: str
    facts: dict[str, str]
    notes: tuple[str, ...] = field(default=())

    @property
    def winner(self) -> Cell:
        """The best cell on val."""
        return self.cells[0]


def answer(study: SavedStudy) -> StudyAnswers:
    """Score every cell of a study on test and settle its claims.

    Raises:
        StudyError: no trial of the study is finished, or its runs are gone.
    """
    known, records = study.facts, study.records
    if "definition" not in known or "parent_run_id" not in known:
        raise StudyError(f"study {study.name} never began; run it again, or remove its journal")
    if not records:
        raise StudyError(f"study {study.name} has no finished trial; run it first, or leave it out with --study")
    uri, sweep = str(known["tracking_uri"]), study.sweep
    tracking = reopen(uri, str(known["experiment_id"]))
    rule = sweep.study
    metric = "macro_ap" if rule.metric == "loss" else rule.metric
    cells = _cells(records, tracking, metric, rule.metric, rule.direction)
    parent, metrics = said(tracking, known["parent_run_id"])
    majority = metrics.get(f"majority/test/{metric}")
    answers, notes = _answers(cells, metric), list(_notes(cells, int(parent.get("airybench.trials", len(records)))))
    try:
        answers += _against_baseline(cells, metric, tracking, study.split_digest)
    except AirybenchError as error:
        notes.append(f"Support vectors were left out: {error}")
    if not any(one.second.startswith("features") for one in answers):
        notes.append(
            "No baseline of support vectors on these shots; `airybench baseline` with the same data makes one."
        )
    title, _, dataset = study.name.rpartition("@")
    command, content = _command(title, dataset, sweep, len({r.config.training.seed for r in records}), len(records))
    return StudyAnswers(
        title, dataset, _question(title, parent), metric, tuple(cells), tuple(answers), majority,
        known.get("data_source") == "simulated", command, content, uri, _facts(parent, study), tuple(notes),
    )  # fmt: skip


def _cells(
    records: Sequence[FinishedTrial], tracking: Tracking, metric: str, objective: str, direction: str
) -> list[Cell]:
    groups: dict[str, list[FinishedTrial]] = {}
    for record in records:
        groups.setdefault(record.config.cell(), []).append(record)
    cells = []
    for group in groups.values():
        group.sort(key=lambda record: record.config.training.seed)
        kept = tuple(predictions(Run(tracking, record.run_id), "test") for record in group)
        answers = Answers(tuple(record.config.training.seed for record in group), kept)
        shown = dict.fromkeys((metric, "macro_f1", "exact_match"))
        test = {name: estimate(answers, name, seed=BOOTSTRAP_SEED) for name in shown}
        cells.append(Cell(group[0].config, tuple(group), sum(r.value for r in group) / len(group), answers, test))
    sign = -1 if direction == "max" else 1
    return sorted(cells, key=lambda cell: sign * cell.val)


def _answers(cells: list[Cell], metric: str) -> list[Answer]:
    found = []
    for claim in claims([cell.config for cell in cells]):
        # The cells come best on val first: the test shots do not choose who stands for a side.
        first, second = cells[min(claim.first)], cells[min(claim.second)]
        found.append(
            _settled(claim.statement, first.config.label, second.config.label, first.answers, second.answers, metric)
        )
    return found


def _against_baseline(cells: list[Cell], metric: str, tracking: Tracking, split_digest: str) -> list[Answer]:
    winner = cells[0]
    mine = {key: str(value) for key, value in winner.config.params().items()}
    for run_id, params in baselines(tracking, "svm", split_digest):
        if all(params.get(key) == mine[key] for key in ("image_size", "antialias", "noise", "noise_seed", "fraction")):
            kept: Predictions = predictions(Run(tracking, run_id), "test")
            # It has no seed of weights; paired with whatever seeds the network has.
            answers = Answers((0,), (kept,))
            name = "features + PCA + SVM"
            statement = "the best network against support vectors on physics features"
            return [_settled(statement, winner.config.label, name, winner.answers, answers, metric)]
    return []


def _settled(statement: str, first: str, second: str, one: Answers, other: Answers, metric: str) -> Answer:
    found = contrast(one, other, metric, seed=BOOTSTRAP_SEED)
    return Answer(statement, first, second, found, found.verdict(1.0 if METRICS[metric] == "max" else -1.0))


def _notes(cells: list[Cell], total: int) -> list[str]:
    notes, finished = [], sum(len(cell.records) for cell in cells)
    seeds = min(len(cell.records) for cell in cells)
    if seeds == 1:
        notes.append(
            "One seed a cell: the intervals are over test shots alone and say nothing of the spread between trainings; "
            "--seeds 3 or more would."
        )
    elif seeds < 3:
        notes.append(f"{seeds} seeds a cell: the spread between trainings is known but roughly.")
    if finished < total:
        notes.append(f"{finished} of {total} trials are finished; the rest is not in here.")
    names = cells[0].answers.kept[0]
    bare = [n for n, c in zip(names.class_names, names.labels.sum(0), strict=True) if c in (0, len(names.ids))]
    if bare:
        notes.append(f"Not scored, for want of a positive or a negative on test: {', '.join(bare)}.")
    return notes


def _question(title: str, parent: dict[str, str]) -> str:
    if title in experiments():
        return " ".join(load_experiment(title).question.split())
    return " ".join(parent.get("mlflow.note.content", "").partition("\n\nWinner")[0].split())


def _command(title: str, dataset: str, sweep: SweepConfig, seeds: int, trials: int) -> tuple[str, str]:
    """The command that runs a study again, and the YAML that it needs where no shipped experiment is just this one."""
    content: dict[str, Any] = sweep.model_dump(mode="json")
    content["study"] |= {"seeds": seeds} | ({"trials": trials} if sweep.study.sampler != "grid" else {})
    text = yaml.safe_dump({key: content[key] for key in KEYS}, sort_keys=False)
    ending = f"--dataset {dataset} --seeds {seeds}"
    if title in experiments():
        shipped = load_experiment(title).model_dump(mode="json")
        same_base = {**shipped["base"], "data": {**shipped["base"]["data"], **_place(content)}}
        if (same_base, shipped["space"]) == (content["base"], content["space"]):
            return f"airybench sweep --config {title} {ending}", ""
    return f"airybench sweep --config {title}.yaml --study {title} {ending}", text


def _place(content: dict[str, Any]) -> dict[str, Any]:
    return {key: content["base"]["data"][key] for key in ("dataset", "count")}


def _facts(parent: dict[str, str], study: SavedStudy) -> dict[str, str]:
    seeds = sorted({record.config.training.seed for record in study.records})
    wanted = {
        "airybench": parent.get("airybench.version", ""),
        "commit": parent.get("mlflow.source.git.commit", ""),
        "changed since the commit": parent.get("airybench.git_dirty", ""),
        "seeds": ", ".join(map(str, seeds)),
        "shots": str(study.sweep.base.data.count),
        "data sha256": study.data_sha256,
        "split digest": study.split_digest,
        "bootstrap": f"1000 resamples, seed {BOOTSTRAP_SEED}",
    }
    return {key: value for key, value in wanted.items() if value}
