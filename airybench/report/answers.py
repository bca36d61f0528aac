"""The answers of a finished study: every cell on test, and each claim with its difference, interval and verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from airybench.analysis.cells import pair_weights
from airybench.analysis.class_scores import ClassScores, class_scores
from airybench.analysis.estimate import Estimate
from airybench.analysis.intervals import FEWEST_POSITIVES, combination, compared_metric, difference, rare_classes
from airybench.analysis.notes import label_ceiling, left_out, not_resolved, tried_on_sides
from airybench.analysis.study_robustness import StudyRobustness, study_robustness
from airybench.analysis.ties import Ties, ties
from airybench.analysis.verdicts import Judgement, judged
from airybench.config import SEED
from airybench.config.baseline import TITLES
from airybench.config.margin import DELTA
from airybench.config.question import words
from airybench.errors import AirybenchError, StudyError
from airybench.inference.bootstrap import RESAMPLES
from airybench.provenance import Provenance, Software
from airybench.report.baselines import ScoredBaseline, logged_scores, scored_baselines
from airybench.report.question import question_of
from airybench.report.rerun import command_and_config
from airybench.report.results import SearchResult
from airybench.report.scored import ScoredCell, hits_by_name, pool_of, scored_cells
from airybench.study_name import StudyName
from airybench.sweep.claims import Claim, best_of_each, claims
from airybench.sweep.records import FinishedTrial
from airybench.sweep.saved_studies import SavedStudy
from airybench.tracking.find import tags_and_metrics
from airybench.tracking.predictions import stressed
from airybench.tracking.run import Run
from airybench.tracking.store import reopen
from airybench.tracking.tags import Tag


@dataclass(frozen=True)
class Answer:
    """A claim and its verdict.

    Attributes:
        statement: what is compared with what.
        pairs: names of the cells that are compared, pair by pair; the difference is the mean over them.
        difference: how much larger the metric is on test for the first of each pair.
        alike: whether the cells of each pair are equal in all that the claim is not about; else nothing is judged.
        chosen_among: how many candidate pairs the two were chosen from by their scores on val, where the trainings that
            chose them are those that are compared; each counts as a claim.
        tried: how many configurations either side tried.
        fresh: whether the sides that were chosen among several are compared by trainings with fresh seeds.
        judgement: among all claims of the report; None before that, and where nothing is judged.
    """

    statement: str
    pairs: tuple[tuple[str, str], ...]
    difference: Estimate
    alike: bool = True
    chosen_among: int = 1
    tried: tuple[int, int] = (1, 1)
    fresh: bool = False
    judgement: Judgement | None = None

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.alike:
            return "several things differ"
        return "not judged" if self.judgement is None else self.judgement.verdict


@dataclass(frozen=True)
class StudyAnswers:
    """Everything that a report says about one study.

    Attributes:
        name: NAME of `NAME@D`.
        dataset: D.
        question: what it is to answer; made of its axes where it has no question of its own.
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
        ties: the sets of cells that are not told apart on test, all pairs judged together; None where they are few.
        classes: the winner class by class.
        hits: scores of hit finding on test, of the winner and of every baseline by its name, where there are any.
        baseline_scores: baselines on the shots of the cells, with intervals.
        searches: those that are compared, where its cells stand for samplers.
        logged: what the study logged of each baseline, see `logged_scores`.
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
    ties: Ties | None = None
    hits: dict[str, dict[str, float]] = field(default_factory=dict)
    baseline_scores: tuple[ScoredBaseline, ...] = ()
    classes: tuple[ClassScores, ...] = ()
    logged: dict[str, dict[str, float]] = field(default_factory=dict)
    searches: tuple[SearchResult, ...] = ()

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
    cells = scored_cells(study, tracking, metric)
    answers = _answers(cells, metric)
    notes = _notes(cells, int(tags.get(Tag.TRIALS, len(trials))))
    if missing := not_resolved(cells[0].predictions[0].class_names, cells[0].config.data.image_size):
        notes.append(missing)
    if (ceiling := metrics.get(f"ceiling/test/{metric}")) is not None:
        notes.append(label_ceiling(metric, ceiling))
    found: list[ScoredBaseline] = []
    try:
        found = scored_baselines(cells, study.sweep.base, metric, (tracking, study.provenance), metrics)
        against_baseline = _against_baselines(cells, found, metric)
    except AirybenchError as error:
        notes.append(f"Support vectors were left out: {error}")
    else:
        answers += against_baseline
        if not against_baseline:
            notes.append(
                "No claim against support vectors, of which no run on these shots kept its predictions; "
                f"`airybench baseline --study {study.name}` makes one."
            )
    robust = None
    if study.sweep.study.stress:
        try:
            robust = study_robustness(trials, objective.sign, lambda trial: stressed(Run(tracking, trial.run_id)))
        except AirybenchError as error:
            notes.append(f"Scores under changes of the detector were left out: {error}")
    if sides := tried_on_sides([answer.tried for answer in answers]):
        notes.append(sides)
    name = StudyName.parse(study.name).name
    provenance = replace(study.provenance, software=Software.from_tags(tags))
    question = question_of(Run(tracking, facts["parent_run_id"]), name, study.sweep)
    command, config = command_and_config(study, name, question)
    return StudyAnswers(
        name=name,
        dataset=study.dataset,
        question=question,
        metric=metric,
        cells=tuple(cells),
        answers=tuple(answers),
        baselines={
            title: metrics[key] for name, title in TITLES.items() if (key := f"{name}/test/{metric}") in metrics
        },
        baseline_scores=tuple(found),
        logged=logged_scores(metrics),
        provenance=provenance,
        command=command,
        config=config,
        uri=tracking.uri,
        facts={
            **provenance.lines(),
            "seeds": _seeds(trials),
            **({"fresh seeds": _seeds(study.confirmations)} if study.confirmations else {}),
            "shots": str(study.sweep.base.data.count),
            "bootstrap": f"{RESAMPLES} resamples, seed {SEED}",
        },
        notes=tuple(notes),
        robustness=robust,
        ties=ties([cell.predictions for cell in cells], metric),
        hits=hits_by_name(cells[0], tags.get(Tag.WINNER, ""), metrics),
        classes=class_scores(cells[0].predictions, [cell.predictions for cell in cells]),
    )


def _seeds(trials: Sequence[FinishedTrial]) -> str:
    return ", ".join(map(str, sorted({trial.config.training.seed for trial in trials})))


def together(studies: Sequence[StudyAnswers], delta: float = DELTA) -> list[StudyAnswers]:
    """Judge the claims of all studies of a report together, since each more is one more chance of a false one.

    Args:
        studies: with their claims.
        delta: largest difference that does not matter.
    """
    claims = [answer for one in studies for answer in one.answers if answer.alike]
    found, numbers = [answer.difference for answer in claims], [answer.chosen_among for answer in claims]
    judgements = iter(judged(found, delta=delta, chosen_among=numbers))  # every metric with an interval is to be large
    return [
        replace(
            one,
            answers=tuple(
                replace(answer, judgement=next(judgements)) if answer.alike else answer for answer in one.answers
            ),
        )
        for one in studies
    ]


def _answers(cells: list[ScoredCell], metric: str) -> list[Answer]:
    names, configs, pool = [cell.label for cell in cells], [cell.config for cell in cells], pool_of(cells)
    answers = []
    for claim in [*claims(configs), *(one for one in best_of_each(configs) if _confirmed(one, cells))]:
        fresh = claim.chosen and _confirmed(claim, cells)
        found = combination(
            [
                (weight, cells[i].confirmed if fresh and len(side) > 1 else cells[i].predictions, True)
                for i, weight in pair_weights(claim.pairs).items()
                for side in claim.sides
                if i in side
            ],
            metric,
            pool=pool,
        )
        pairs = tuple((names[first], names[second]) for first, second in claim.pairs)
        answers.append(Answer(claim.statement, pairs, found, claim.alike, tried=claim.tried, fresh=fresh))
    return answers


def _confirmed(claim: Claim, cells: Sequence[ScoredCell]) -> bool:
    """Whether either side has one cell, or its best one was trained with fresh seeds."""
    return any(len(side) > 1 for side in claim.sides) and all(
        len(side) == 1 or cells[side[0]].confirmed for side in claim.sides
    )


def _against_baselines(cells: list[ScoredCell], found: Sequence[ScoredBaseline], metric: str) -> list[Answer]:
    """The best network against the latest support vectors on the same shots, whatever shots the cells were given."""
    answers = []
    for one in found:
        if one.key != "svm" or one.predictions is None:
            continue
        best = cells[one.cells[0]]
        fresh = len(cells) > 1 and bool(best.confirmed)
        first = best.confirmed if fresh else best.predictions
        difference_found = difference(first, [one.predictions], metric, pool=pool_of(cells), trained=(True, False))
        context = "".join(f", {words(name, value)}" for name, value in one.params.items())
        statement = f"the best network against support vectors on physics features{context}"
        among, tried = 1 if fresh else len(one.cells), (len(one.cells), 1)
        names = ((best.label, one.name),)
        answers.append(Answer(statement, names, difference_found, chosen_among=among, tried=tried, fresh=fresh))
    return answers


def _notes(cells: list[ScoredCell], total: int) -> list[str]:
    notes, finished = [], sum(len(cell.trials) for cell in cells)
    seeds = min(len(cell.trials) for cell in cells)
    if seeds == 1:
        notes.append(
            "One seed per cell: a first look. The intervals do not contain the spread between trainings where no cell "
            "has two; --seeds 5 makes verdicts possible."
        )
    elif seeds == 2:
        notes.append("Two seeds per cell: the spread between trainings is taken from all cells together.")
    if finished < total:
        notes.append(f"{finished} of {total} trials are finished; the others are missing here.")
    first = cells[0].predictions[0]
    rare, folds = rare_classes(cells[0].predictions), cells[0].config.data.every_fold
    known = first.groups is not None
    return [*notes, *left_out(first.unscored, rare, FEWEST_POSITIVES, runs_known=known, folds=folds)]
