"""Identifiers that begin again in every run or file are told apart by it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from airybench.data.reading.groups import GROUP_NAME
from airybench.data.reading.identifiers import JOINT
from airybench.data.reading.shot_source import ShotSource
from airybench.reporter import Reporter


def told_apart(source: ShotSource, paths: Sequence[Path], *, by_file: bool, reporter: Reporter) -> ShotSource:
    """The same source; where ids repeat, each is preceded by its run or file, such as `2:417`.

    Args:
        source: of a format whose identifiers count from the beginning of a run or file.
        paths: its files.
        by_file: whether its groups are numbers of the files.
        reporter: receives a notice.
    """
    if source.groups is None or len(np.unique(source.ids)) == source.count:
        return source
    names = source.events.get(GROUP_NAME, source.groups).astype("U")
    if by_file:
        stems = [path.stem.removesuffix("_master") for path in paths]
        if len(set(stems)) == len(np.unique(source.groups)):
            names = np.array(stems)[source.groups - 1]
    ids = np.char.add(np.char.add(names, JOINT), source.ids.astype("U"))
    if len(np.unique(ids)) < source.count:
        return source  # which is refused later
    what = "file" if by_file else "run"
    reporter.notify(f"ids begin again in every {what}; they are preceded by it, such as {ids[0]}")
    return replace(source, ids=ids, choices={**source.choices, "ids": f"{what} and {source.choices.get('ids', 'id')}"})
