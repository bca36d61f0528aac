"""Saved studies on stdout."""

from airybench.cli.show.grid import LEAST, Grid
from airybench.cli.show.output import result_console
from airybench.errors import StudyError
from airybench.sweep.saved_studies import SavedStudy

RUN_ID = 32
"""Characters of the id of a run, which is copied and so stands on one line."""


def print_studies(studies: list[SavedStudy]) -> None:
    """One line per study."""
    table, stores = Grid("studies"), []
    for heading in ("study", "trials", "journal MB", "runs MB", "last change (UTC)"):
        words = heading == "trials"
        table.column(heading, left=not heading.endswith("MB"), key=heading == "study", fold=LEAST if words else 0)
    for one in studies:
        facts = one.overview()
        sizes = ("" if size is None else f"{size / 1e6:.1f}" for size in (facts["bytes"], one.run_bytes))
        table.row(one.name, one.problem or one.summary(), *sizes, str(facts["last"] or "")[:16].replace("T", " "))
        stores.append(facts["tracking_uri"])
    console = result_console()
    console.print(table)
    for store in sorted(set(stores) - {""}):  # below the table: a long name would leave no room for the rest
        owners = "" if len(set(stores)) == 1 else f" of {', '.join(_of(studies, stores, store))}"
        console.print(f"runs{owners}: {store}", soft_wrap=True)


def _of(studies: list[SavedStudy], stores: list[str], store: str) -> list[str]:
    return [study.name for study, own in zip(studies, stores, strict=True) if own == store]


def print_yaml(studies: list[SavedStudy]) -> None:
    """The settings of a study as an experiment file.

    Raises:
        StudyError: there are several studies, or this one cannot be read.
    """
    import yaml

    if len(studies) > 1:
        raise StudyError(f"an experiment is one study's; name {' or '.join(one.name for one in studies)}")
    if studies[0].problem:
        raise StudyError(f"study {studies[0].name} cannot be read: {studies[0].problem}")
    content = studies[0].sweep.model_dump(mode="json")
    del content["question"]
    print(yaml.safe_dump(content, sort_keys=False), end="")


def print_each(studies: list[SavedStudy]) -> None:
    """One study after the other."""
    for one in studies:
        print_study(one)


def print_study(study: SavedStudy) -> None:
    """One study: what it records about itself, and its trials."""
    console, facts = result_console(), study.overview()
    search = study.attributes.get("definition", {}).get("study", {})
    console.print(f"{study.name}: {study.problem or study.summary()}", soft_wrap=True)
    console.print(
        f"sampler {search.get('sampler')}, pruner {search.get('pruner', 'none')}, objective {search.get('objective')}, "
        f"weights that stay: {study.attributes.get('keep') or 'all'}"
    )
    console.print(f"runs: parent {facts['parent_run']} in {facts['tracking_uri']}", soft_wrap=True)
    table = Grid()
    trials = study.trials()
    folds = any(trial["fold"] is not None for trial in trials)
    for heading in ("trial", "cell", "seed", *(("fold",) if folds else ()), "state", "value", "run or reason"):
        left = heading not in ("trial", "seed", "fold", "value")
        fold = {"state": LEAST, "run or reason": RUN_ID}.get(heading, 0)
        table.column(heading, left=left, key=heading == "trial", fold=fold)
    for trial in trials:
        values = ", ".join(f"{value:.4g}" for value in trial["values"] or ())
        last = trial["reason"] or trial["run_id"] or ""
        repeat = [str(trial["seed"] or ""), *([str(trial["fold"])] if folds else [])]
        state = trial["state"] + (", confirmation" if trial["confirmation"] else "")
        table.row(str(trial["number"]), trial["cell"] or "", *repeat, state, values, last)
    console.print(table)
