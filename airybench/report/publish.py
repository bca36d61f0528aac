"""Answers of finished studies as they are published."""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from airybench.analysis.estimate import Estimate
from airybench.analysis.study_robustness import StudyRobustness
from airybench.config import Value
from airybench.config.margin import DELTA
from airybench.cores import usable_cores
from airybench.errors import StudyError
from airybench.inference.predictions import Predictions
from airybench.report.answers import Answer, StudyAnswers
from airybench.report.results import (
    BaselineResult,
    CellScores,
    ClaimResult,
    DatasetResult,
    Interval,
    Results,
    StressedCell,
    StressEffect,
    StressResult,
    TrialResult,
    kept,
)
from airybench.report.scored import ScoredCell
from airybench.sweep.records import FinishedTrial

REPEATED = ("seed", "fold", "epochs", "evaluate_every", "warmup_epochs", "milestones", "lr", "noise_seed")
"""Parameters that do not tell cells apart, or follow from others."""


def results_of(
    question: str, experiment: str, digest: str, studies: Sequence[StudyAnswers], delta: float = DELTA
) -> Results:
    """The answers of studies that ran one experiment.

    Args:
        question: name of the question.
        experiment: name of the shipped experiment.
        digest: see `experiment_digest`.
        studies: one for each data set, judged together.
        delta: largest difference that does not matter.

    Raises:
        StudyError: the studies are ranked by different metrics.
    """
    metrics = {one.metric for one in studies}
    if len(metrics) > 1:
        raise StudyError(f"the studies are compared by {' and '.join(sorted(metrics))}; publish those of one metric")
    first = studies[0]
    return Results(
        question=question,
        experiment=experiment,
        config_sha256=digest,
        text=first.question,
        metric=first.metric,
        delta=delta,
        image_size=first.winner.config.data.image_size,
        written=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        datasets=tuple(_dataset(one) for one in studies),
    )


def machine() -> str:
    """Processor, cores, memory and system of this machine, without its name."""
    model = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    memory = psutil.virtual_memory().total / 1e9
    return f"{model}, {usable_cores()} cores, {memory:.0f} GB; {platform.system()}, Python {platform.python_version()}"


def _dataset(one: StudyAnswers) -> DatasetResult:
    origin, config = one.provenance, one.winner.config
    varied = ("sampler",) if one.searches else _varied(one.cells)
    return DatasetResult(
        dataset=one.dataset,
        source=origin.source,
        simulator=origin.simulator,
        data_sha256=origin.data_sha256,
        split_digest=origin.split_digest,
        shots=config.data.count,
        test_shots=sum(len(part) for part in {part.ids.tobytes(): part for part in one.winner.predictions}.values()),
        command=one.command,
        airybench=origin.software.airybench,
        commit=origin.software.commit,
        packages=dict(origin.software.packages),
        seconds=round(
            sum(found.seconds for found in one.searches)
            or sum(trial.facts["seconds"] for cell in one.cells for trial in cell.trials)
        ),
        cells=tuple(_cell(cell, varied, one.metric) for cell in one.cells),
        baselines=tuple(
            BaselineResult(name=found.name, params=dict(found.params), test=Interval.of(found.test))
            for found in one.baseline_scores
        ),
        claims=tuple(_claim(answer) for answer in one.answers),
        notes=one.notes,
        stress=_stress(one.robustness) if one.robustness else None,
        searches=one.searches,
    )


def _varied(cells: Sequence[ScoredCell]) -> tuple[str, ...]:
    """Parameters in which the cells differ."""
    params = [cell.config.params() for cell in cells]
    return tuple(name for name in params[0] if name not in REPEATED and len({one[name] for one in params}) > 1)


def _cell(cell: ScoredCell, varied: Sequence[str], metric: str) -> CellScores:
    params: Mapping[str, Value] = {"sampler": cell.sampler} if cell.sampler else cell.config.params()
    return CellScores(
        name=cell.label,
        digest="" if cell.sampler else cell.config.cell(),
        params={name: params[name] for name in varied},
        val=kept(cell.val),
        test=Interval.of(cell.test[metric]),
        trials=tuple(_trial(*pair, metric) for pair in zip(cell.trials, cell.predictions, strict=True)),
    )


def _trial(trial: FinishedTrial, found: Predictions, metric: str) -> TrialResult:
    data = trial.config.data
    return TrialResult(
        seed=trial.config.training.seed,
        fold=data.fold if data.every_fold else None,
        val=kept(trial.value),
        test=kept(found.scores().values.get(metric, float("nan"))),
        epochs=int(trial.facts["epochs"]),
        best_epoch=int(trial.facts["best_epoch"]),
        seconds=round(trial.facts["seconds"], 1),
    )


def _claim(answer: Answer) -> ClaimResult:
    found, judgement = answer.difference, answer.judgement
    return ClaimResult(
        statement=answer.statement,
        pairs=answer.pairs,
        difference=Interval.of(found),
        p=kept(found.p),
        p_holm=kept(judgement.p) if judgement else None,
        q=kept(judgement.q) if judgement else None,
        seeds=found.seeds,
        shots=found.shots,
        runs=found.runs,
        verdict=answer.verdict,
    )


def _stress(found: StudyRobustness) -> StressResult:
    def changes(curves: Mapping[str, Mapping[float, Estimate]]) -> dict[str, dict[str, Interval]]:
        return {
            name: {f"{strength:g}": Interval.of(one) for strength, one in curve.items() if strength}
            for name, curve in curves.items()
        }

    return StressResult(
        cells=tuple(
            StressedCell(
                name=cell.label,
                clean=Interval.of(cell.clean),
                changed=Interval.of(cell.changed),
                loss=Interval.of(cell.loss),
                changes=changes(cell.curves),
            )
            for cell in found.cells
        ),
        effects=tuple(
            StressEffect(
                factor=effect.choice.factor,
                choice=effect.choice.level,
                reference=effect.choice.reference,
                pairs=effect.choice.pairs,
                loss=Interval.of(effect.difference),
                changed=Interval.of(effect.changed),
                p_holm=kept(effect.p),
                verdict=effect.verdict,
            )
            for effect in found.effects
        ),
        advice=found.advice,
    )
