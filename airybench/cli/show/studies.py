"""Saved studies on stdout."""

from rich.table import Table

from airybench.cli.show.output import result_console
from airybench.sweep.saved_studies import SavedStudy


def print_studies(studies: list[SavedStudy]) -> None:
    """One line per study."""
    table = Table(title="studies", title_justify="left")
    for heading in ("study", "trials", "journal", "runs", "last", "tracking store"):
        table.add_column(heading, no_wrap=heading == "study", overflow="fold")
    for one in studies:
        facts = one.overview()
        sizes = ("" if size is None else f"{size / 1e6:.1f} MB" for size in (facts["bytes"], one.run_bytes))
        what = one.problem or one.summary()
        table.add_row(one.name, what, *sizes, str(facts["last"] or "").replace("+00:00", "Z"), facts["tracking_uri"])
    result_console().print(table)


def print_study(study: SavedStudy) -> None:
    """One study: what it records about itself, and its trials."""
    console, facts = result_console(), study.overview()
    search = study.attributes.get("definition", {}).get("study", {})
    console.print(f"{study.name}: {study.problem or study.summary()}", soft_wrap=True, markup=False)
    console.print(
        f"sampler {search.get('sampler')}, pruner {search.get('pruner', 'none')}, objective {search.get('objective')}"
    )
    console.print(f"runs: parent {facts['parent_run']} in {facts['tracking_uri']}", soft_wrap=True, markup=False)
    table = Table()
    trials = study.trials()
    folds = any(trial["fold"] is not None for trial in trials)
    for heading in ("trial", "cell", "seed", *(("fold",) if folds else ()), "state", "value", "run or reason"):
        right = heading in ("trial", "seed", "fold", "value")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for trial in trials:
        values = ", ".join(f"{value:.4g}" for value in trial["values"] or ())
        last = trial["reason"] or trial["run_id"] or ""
        repeat = [str(trial["seed"] or ""), *([str(trial["fold"])] if folds else [])]
        state = trial["state"] + (", confirmation" if trial["confirmation"] else "")
        table.add_row(str(trial["number"]), trial["cell"] or "", *repeat, state, values, last)
    console.print(table)
