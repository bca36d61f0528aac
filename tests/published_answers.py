"""Made-up answers of a shipped experiment, with all its cells and claims."""

from airybench.config.experiments import load_experiment
from airybench.inference.stress import stress_plan
from airybench.report.publish import REPEATED
from airybench.report.results import (
    BaselineResult,
    CellScores,
    ClaimResult,
    DatasetResult,
    Interval,
    Results,
    SearchResult,
    StressedCell,
    StressEffect,
    StressResult,
    TrialResult,
    experiment_digest,
)
from airybench.sweep.claims import claims
from airybench.sweep.space import cells


def interval(value: float, half: float = 0.03) -> Interval:
    return Interval(value=round(value, 4), low=round(value - half, 4), high=round(value + half, 4))


def answers(question: str, size: str = "small") -> Results:
    """Answers whose numbers rise from cell to cell and from claim to claim."""
    sweep = load_experiment(f"{question}-{size}")
    configs = [cell.config for cell in cells(sweep)]
    params = [config.params() for config in configs]
    varied = [name for name in params[0] if name not in REPEATED and len({one[name] for one in params}) > 1]
    scores = [interval(0.4 + 0.01 * place) for place in range(len(configs))]
    trial = TrialResult(seed=1612, fold=0, val=0.5, test=0.5, epochs=10, best_epoch=7, seconds=30.0)
    shares = sorted({config.data.fraction for config in configs})
    contexts = [{"fraction": share} for share in shares] if len(shares) > 1 else [{}]
    one = DatasetResult(
        dataset="helium", source="simulated", simulator=2, data_sha256="a" * 64, split_digest="b" * 64, shots=2048,
        test_shots=2048, command="airybench sweep", airybench="0.1.0", commit="c" * 40, packages={"torch": "2.15.0"},
        seconds=900, notes=(),
        cells=tuple(
            CellScores(
                name=config.label, digest=config.cell(), params={name: config.params()[name] for name in varied},
                val=0.5, test=test, trials=(trial,) * 5,
            )
            for config, test in zip(configs, scores, strict=True)
        ),
        baselines=tuple(
            BaselineResult(name="features + PCA + SVM", params=context, test=interval(0.35)) for context in contexts
        ),
        claims=tuple(
            ClaimResult(
                statement=claim.statement, pairs=(), difference=interval(0.05 - 0.02 * place), p=0.01, p_holm=0.04,
                q=0.02, seeds=(5, 5), shots=2048, runs=0, verdict=("better", "undecided", "worse")[place % 3],
            )
            for place, claim in enumerate(claims(configs))
        ),
        stress=_stress(tuple(zip((config.label for config in configs), scores, strict=True)))
        if sweep.study.stress
        else None,
    )  # fmt: skip
    return Results(
        question=question, experiment=f"{question}-{size}", config_sha256=experiment_digest(sweep), text="Why?",
        metric="macro_ap", delta=0.02, image_size=40, written="2026-11-27", machine="a machine",
        datasets=(one, one.model_copy(update={"dataset": "cxidb"})),
    )  # fmt: skip


def searched() -> Results:
    """Answers on two samplers, of which the first finds more in each of its three searches."""
    found = answers("headline")
    (first, *_) = found.datasets
    names = ("TPE", "random search")
    searches = tuple(
        SearchResult(
            sampler=name, seed=repeat, best=(0.3, 0.3, 0.4 + 0.01 * repeat, 0.5 - 0.1 * place),
            winner={"log_activation": not place, "alpha": 0.123456, "input_scaling": "unit", "base_lr": 0.0012345},
            seconds=60.0,
        )
        for place, name in enumerate(names) for repeat in range(3)
    )  # fmt: skip
    cells = tuple(
        CellScores(
            name=name, digest="", params={"sampler": name}, val=0.5, test=interval(0.5 - 0.1 * place),
            trials=first.cells[0].trials[:3],
        )
        for place, name in enumerate(names)
    )  # fmt: skip
    claim = first.claims[0].model_copy(update={"statement": "TPE against random search with as many trials"})
    changes = {"cells": cells, "claims": (claim,), "searches": searches}
    datasets = tuple(one.model_copy(update=changes) for one in found.datasets)
    return found.model_copy(update={"question": "optuna", "experiment": "optuna-small", "datasets": datasets})


def _stress(scored: tuple[tuple[str, Interval], ...]) -> StressResult:
    plan = {
        name: {f"{strength:g}": interval(0.3) for strength in strengths if strength}
        for name, strengths in stress_plan().items()
    }
    effect = StressEffect(
        factor="activation", choice="log0.2", reference="plain", pairs=2, loss=interval(-0.011), changed=interval(0.01),
        p_holm=0.3, verdict="undecided",
    )  # fmt: skip
    return StressResult(
        cells=tuple(
            StressedCell(name=name, clean=test, changed=interval(0.35), loss=interval(0.05), changes=plan)
            for name, test in scored
        ),
        effects=(effect,),
        advice="",
    )
