"""The answers of a finished study: every cell on test, and each claim with its difference, interval and verdict."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from airybench.analysis.cells import by_cell, matched_by_seed
from airybench.analysis.intervals import Estimate, Verdict, compared_metric, difference, score
from airybench.analysis.notes import label_ceiling, not_resolved, unscored_classes
from airybench.analysis.study_robustness import StudyRobustness, study_robustness
from airybench.config import SEED, Objective, TrialConfig
from airybench.config.baseline import NAMES, TITLES
from airybench.config.experiments import experiments, load_experiment
from airybench.errors import AirybenchError, StudyError, TrackingError
from airybench.inference.bootstrap import RESAMPLES
from airybench.inference.hits import logged_hits
from airybench.inference.predictions import Predictions
from airybench.parsing import read_yaml
from airybench.provenance import Provenance, Software
from airybench.report.claims import claims
from airybench.report.rerun import command_and_config
from airybench.study_name import StudyName
from airybench.sweep.records import FinishedTrial
from airybench.sweep.repeat import Repeat
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.find import baselines, tags_and_metrics
from airybench.tracking.predictions import predictions, stressed
from airybench.tracking.run import Run
from airybench.tracking.store import Tracking, reopen
from airybench.tracking.tags import Tag

BASELINE_DATA = ("image_size", "antialias", "noise", "noise_seed", "fraction")
"""Parameters that say whether a baseline was given the same shots as a network."""


@dataclass(frozen=True)
class ScoredCell:
    """One cell of a study on test.

    Attributes:
        config: what was trained.
        trials: its finished trials by seed.
        val: the objective on the validation split, mean over seeds.
        predictions: its predictions on test, one per trial.
        test: by metric, mean over seeds with 95 % interval.
    """

    config: TrialConfig
    trials: tuple[FinishedTrial, ...]
    val: float
    predictions: tuple[Predictions, ...]
    test: dict[str, Estimate]

    @property
    def by_seed(self) -> dict[Repeat, Predictions]:
        """The predictions by the seed and fold of their trial."""
        return dict(zip([trial.repeat for trial in self.trials], self.predictions, strict=True))


@dataclass(frozen=True)
class Answer:
    """A claim and its verdict.

    Attributes:
        statement: what is compared with what.
        first: name of the cell that stands for the claim, the best of its side on the validation split.
        second: name of the other cell.
        scores: the metric of either on test.
        difference: how much larger the metric is for the first.
        verdict: held, not held or undecided.
        shots: number of test shots.
        seeds: number of seeds of either.
    """

    statement: str
    first: str
    second: str
    scores: tuple[Estimate, Estimate]
    difference: Estimate
    verdict: Verdict
    shots: int
    seeds: tuple[int, int]


@dataclass(frozen=True)
class StudyAnswers:
    """Everything that a report says about one study.

    Attributes:
        name: NAME of `NAME@D`.
        dataset: D.
        question: the question of its experiment.
        metric: the metric of the answers.
        cells: best on the validation split first.
        answers: one per claim.
        baselines: the metric of each baseline on test, by its name; empty where the study was never summarised.
        provenance: data, split and software.
        command: runs the study again.
        config: the experiment as YAML, where the command needs a file.
        uri: the tracking store of its runs.
        facts: software, seeds and checksums by name, as printed.
        notes: what a reader must know to read the numbers correctly.
        robustness: the cells under changes of the detector, where the study scored them.
        hits: scores of hit finding on test, of the winner and of every baseline by its name, where there are any.
    """

    name: str
    dataset: str
    question: str
    metric: str
    cells: tuple[ScoredCell, ...]
    answers: tuple[Answer, ...]
    baselines: dict[str, float]
    provenance: Provenance
    command: str
    config: str
    uri: str
    facts: dict[str, str]
    notes: tuple[str, ...] = field(default=())
    robustness: StudyRobustness | None = None
    hits: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def winner(self) -> ScoredCell:
        """The best cell on the validation split."""
        return self.cells[0]


def answer_study(study: SavedStudy) -> StudyAnswers:
    """Score every cell of a study on test and reach a verdict on each of its claims.

    Raises:
        StudyError: no trial of the study is finished, or its runs are gone.
    """
    facts, trials = study.attributes, study.finished
    if "definition" not in facts or "parent_run_id" not in facts:
        raise StudyError(f"study {study.name} never began; run it again, or remove its journal")
    if not trials:
        raise StudyError(f"study {study.name} has no finished trial; run it first, or leave it out with --study")
    tracking = reopen(str(facts["tracking_uri"]), str(facts["experiment_id"]))
    tags, metrics = tags_and_metrics(tracking, facts["parent_run_id"])
    objective = study.sweep.study.objectives[0]
    metric = compared_metric(objective.metric)
    cells = _cells(trials, tracking, metric, objective)
    answers = _answers(cells, metric)
    notes = _notes(cells, int(tags.get(Tag.TRIALS, len(trials))))
    if missing := not_resolved(cells[0].predictions[0].class_names, cells[0].config.data.image_size):
        notes.append(missing)
    if (ceiling := metrics.get(f"ceiling/test/{metric}")) is not None:
        notes.append(label_ceiling(metric, ceiling))
    try:
        against_baseline = _against_baseline(cells[0], metric, tracking, study.provenance.split_digest)
    except AirybenchError as error:
        notes.append(f"Support vectors were left out: {error}")
    else:
        answers += against_baseline
        if not against_baseline:
            notes.append(
                "No baseline of support vectors on these shots; `airybench baseline` with the same data makes one."
            )
    robust = None
    if study.sweep.study.stress:
        try:
            robust = study_robustness(trials, objective.sign, lambda trial: stressed(Run(tracking, trial.run_id)))
        except AirybenchError as error:
            notes.append(f"Scores under changes of the detector were left out: {error}")
    name = StudyName.parse(study.name).name
    provenance = replace(study.provenance, software=Software.from_tags(tags))
    command, config = command_and_config(study, name)
    return StudyAnswers(
        name=name,
        dataset=study.dataset,
        question=question_of(Run(tracking, facts["parent_run_id"]), name),
        metric=metric,
        cells=tuple(cells),
        answers=tuple(answers),
        baselines={
            title: metrics[key] for name, title in TITLES.items() if (key := f"{name}/test/{metric}") in metrics
        },
        provenance=provenance,
        command=command,
        config=config,
        uri=tracking.uri,
        facts={
            **provenance.lines(),
            "seeds": ", ".join(map(str, sorted({trial.config.training.seed for trial in trials}))),
            "shots": str(study.sweep.base.data.count),
            "bootstrap": f"{RESAMPLES} resamples, seed {SEED}",
        },
        notes=tuple(notes),
        robustness=robust,
        hits=_hits(cells[0].config.label, metrics),
    )


def _hits(winner: str, metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
    found = {winner: logged_hits(metrics, "test/")}
    found |= {title: logged_hits(metrics, f"{name}/test/") for name, title in NAMES.items()}
    return {name: scores for name, scores in found.items() if scores}


def _cells(trials: Sequence[FinishedTrial], tracking: Tracking, metric: str, objective: Objective) -> list[ScoredCell]:
    cells = []
    for group in by_cell(trials):
        group.sort(key=lambda trial: trial.repeat)
        found = tuple(predictions(Run(tracking, trial.run_id), "test") for trial in group)
        test = {name: score(found, name) for name in dict.fromkeys((metric, "macro_f1", "exact_match"))}
        val = sum(trial.value for trial in group) / len(group)
        cells.append(ScoredCell(group[0].config, tuple(group), val, found, test))
    return sorted(cells, key=lambda cell: -objective.sign * cell.val)


def _answers(cells: list[ScoredCell], metric: str) -> list[Answer]:
    answers = []
    for claim in claims([cell.config for cell in cells]):
        # The cells are ordered by val: the test shots do not choose the cell that stands for a side.
        first, second = cells[min(claim.first)], cells[min(claim.second)]
        ours, theirs, paired = matched_by_seed(first.by_seed, second.by_seed)
        found = difference(ours, theirs, metric, paired=paired)
        answers.append(
            Answer(
                statement=claim.statement,
                first=first.config.label,
                second=second.config.label,
                scores=(score(ours, metric), score(theirs, metric)),
                difference=found,
                verdict=found.verdict(Objective.of(metric).direction),
                shots=len(first.predictions[0].ids),
                seeds=(len(ours), len(theirs)),
            )
        )
    return answers


def _against_baseline(winner: ScoredCell, metric: str, tracking: Tracking, split_digest: str) -> list[Answer]:
    """The winner against the latest support vectors on the same shots; nothing where there are none."""
    config = {key: str(value) for key, value in winner.config.params().items()}
    for run_id, params in baselines(tracking, "svm", split_digest):
        if any(params.get(key) != config[key] for key in BASELINE_DATA):
            continue
        baseline = [predictions(Run(tracking, run_id), "test")]
        found = difference(winner.predictions, baseline, metric)
        return [
            Answer(
                statement="the best network against support vectors on physics features",
                first=winner.config.label,
                second=TITLES["svm"],
                scores=(winner.test[metric], score(baseline, metric)),
                difference=found,
                verdict=found.verdict(Objective.of(metric).direction),
                shots=len(baseline[0].ids),
                seeds=(len(winner.trials), 1),
            )
        ]
    return []


def _notes(cells: list[ScoredCell], total: int) -> list[str]:
    notes, finished = [], sum(len(cell.trials) for cell in cells)
    seeds = min(len(cell.trials) for cell in cells)
    if seeds == 1:
        notes.append(
            "One seed per cell: the intervals are over test shots alone and do not contain the spread between "
            "trainings; --seeds 3 or more would show it."
        )
    elif seeds == 2:
        notes.append("Two seeds per cell: the spread between trainings is known only roughly.")
    if finished < total:
        notes.append(f"{finished} of {total} trials are finished; the others are missing here.")
    unscored = cells[0].predictions[0].unscored
    if unscored:
        notes.append(unscored_classes(unscored))
    return notes


def question_of(parent: Run, name: str) -> str:
    """The question as the study's run keeps it in its configuration; else that of the shipped experiment."""
    try:
        with tempfile.TemporaryDirectory(prefix="airybench-") as folder:
            content = read_yaml(parent.fetch("config.yaml", Path(folder)))
        question = str(content["question"])
    except (TrackingError, OSError, KeyError, TypeError, ValueError):
        question = load_experiment(name).question if name in experiments() else ""
    return " ".join(question.split())
