"""What a user says about a source arrives, from every command that reads one."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from airybench.api.read_options import ReadOptions
from airybench.cli.layout import CommandHelp
from airybench.cli.main import command_tree, run
from airybench.cli.options.completion import source_kinds
from airybench.data.formats.known import KINDS
from airybench.data.reading.contradictions import WORDS
from airybench.data.reading.counts_rule import CountsRule
from airybench.data.reading.invalid_values import InvalidValues
from airybench.data.reading.options import (
    DEFAULT_OPTIONS,
    FrameOptions,
    LabelOptions,
    Selection,
    SourceOptions,
    StackKeys,
)
from airybench.errors import DataError

TREE = {
    command.path.removeprefix("airybench "): command
    for top in command_tree().commands
    for command in (top, *top.commands)
}
GENERAL = {"--output", "--force", "--json", "--debug", "--help"}
NAMES = {f"--{name.replace('_', '-')}" for name in ReadOptions.__annotations__}
OF_LABELS = {"--labels", "--labels-csv", "--labelled-only", "--class-names", "--fold-case", "--label-separators",
             "--unsure", "--on-conflict", "--drop-blank"}  # fmt: skip


def flags(command: CommandHelp) -> set[str]:
    return {
        name for panel in command.panels if panel.title != "Arguments" for one in panel.entries for name in one.names
    }


def keys(**given: Any) -> SourceOptions:
    return SourceOptions(keys=StackKeys(**given))


def frames(**given: Any) -> SourceOptions:
    return SourceOptions(frames=FrameOptions(**given))


def shots(**given: Any) -> SourceOptions:
    return SourceOptions(selection=Selection(**given))


def rule(**given: Any) -> SourceOptions:
    return SourceOptions(rule=CountsRule(**given))


def labels(**given: Any) -> SourceOptions:
    return SourceOptions(labels=LabelOptions(**given))


CASES = (
    ("--kind stack", SourceOptions(kind="stack")),
    ("--name mine", SourceOptions(name="mine")),
    ("--images run_*/frames/*", keys(images="run_*/frames/*")),
    ("--ids train,pulse --ids cell", keys(ids=("train", "pulse", "cell"))),
    ("--energy e", keys(energy="e")),
    ("--wavelength w --unit nm", keys(wavelength="w", unit="nm")),
    ("--photon-energy 21.5", keys(photon_energy=21.5)),
    ("--column-ids tags", keys(column_ids="tags")),
    ("--groups run", keys(groups="run")),
    (r"--group-by run_(\d+)", keys(group_by=r"run_(\d+)")),
    ("--events train --events pulse", keys(events=("train", "pulse"))),
    ("--mask m.h5:mask --mask-convention cxi", keys(mask="m.h5:mask", mask_convention="cxi")),
    ("--stack-modules", frames(stack_modules=True)),
    ("--geometry a.geom", frames(geometry=Path("a.geom"))),
    ("--index 0", frames(index=0)),
    ("--channel 0", frames(channel=0)),
    ("--axis last", frames(axis="last")),
    ("--shape 12,9", frames(shape=(12, 9))),
    ("--keep good,hit", shots(keep=("good", "hit"))),
    ("--drop dark", shots(drop=("dark",))),
    ("--select hits.txt", shots(select=Path("hits.txt"))),
    ("--every 5 --skip 3", shots(every="5", skip=3)),
    ("--every Background_Period", shots(every="Background_Period")),
    ("--drop-blank", shots(drop_blank=True)),
    ("--find-bad-pixels", SourceOptions(find_bad_pixels=True)),
    ("--nan mask", rule(nan_mask=True)),
    ("--invalid -1 --invalid 0xffff,max", rule(invalid=InvalidValues((-1, 65535), largest=True))),
    ("--clip", rule(clip=True)),
    ("--counts-per-photon 7.5", rule(counts_per_photon=7.5)),
    ("--bin 2", SourceOptions(factor=2)),
    ("--labels truth", keys(labels="truth")),
    ("--labels-csv a.csv --labelled-only", labels(csv=Path("a.csv"), labelled_only=True)),
    ("--class-names a,b --class-names c", labels(class_names=("a", "b", "c"))),
    ("--labels-csv a.csv --fold-case", labels(csv=Path("a.csv"), fold_case=True)),
    ("--labels-csv a.csv --label-separators |,", labels(csv=Path("a.csv"), separators="|,")),
    ("--labels-csv a.csv --unsure class", labels(csv=Path("a.csv"), unsure="class")),
    ("--unsure refuse", labels()),
    ("--on-conflict first", labels(conflicts="first")),
    ("--swmr", SourceOptions(swmr=True)),
    ("--wait 30", SourceOptions(wait=30.0)),
)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[SourceOptions]:
    """The options that `data import` and `predict` read their source by."""
    seen: list[SourceOptions] = []

    def take(options: SourceOptions) -> None:
        seen.append(options)
        raise DataError("seen")

    monkeypatch.setattr("airybench.data.formats.dispatch.import_data", lambda _, __, options, **___: take(options))
    monkeypatch.setattr("airybench.jobs.predict.predict_file", lambda *_, reading, **__: take(reading))
    monkeypatch.setattr("airybench.cli.predict.require_model", lambda *_: None)
    monkeypatch.setattr("airybench.jobs.models.open_model", lambda *_: None)
    return seen


@pytest.mark.parametrize(("words", "expected"), CASES, ids=[words for words, _ in CASES])
def test_import_reads_as_told(words: str, expected: SourceOptions, opened: list[SourceOptions]) -> None:
    assert run(["data", "import", "a.h5", *words.split()]) == 2
    assert opened == [expected]


def test_every_option_was_tried() -> None:
    tried = {word for words, _ in CASES for word in words.split() if word.startswith("--")}
    assert flags(TREE["data import"]) - GENERAL == tried == NAMES - {"--ignore-labels"}


def test_every_field_of_the_options_can_be_said() -> None:
    parts = {"keys": StackKeys, "frames": FrameOptions, "selection": Selection, "labels": LabelOptions}
    for name, part in {"": SourceOptions, **parts}.items():
        for one in fields(part):
            said = [getattr(options, name) if name else options for _, options in CASES]
            if one.name not in (*parts, "rule", "ignore"):
                assert any(getattr(o, one.name) != getattr(part(), one.name) for o in said), f"{part} {one.name}"


def test_predict_reads_as_told(opened: list[SourceOptions]) -> None:
    words = "--images p --ids a,b --events t --every 5 --wait 2 --geometry g --clip --bin 3 --ignore-labels"
    assert run(["predict", "m", "a.h5", "--output", "o.h5", *words.split()]) == 2
    assert opened == [
        replace(
            keys(images="p", ids=("a", "b"), events=("t",)), selection=Selection(every="5"), wait=2.0, factor=3,
            frames=FrameOptions(geometry=Path("g")), rule=CountsRule(clip=True), labels=LabelOptions(ignore=True),
        )
    ]  # fmt: skip
    assert run(["predict", "m", "a.h5", "--output", "o.h5"]) == 2
    assert opened[1] == DEFAULT_OPTIONS


def test_predict_takes_all_but_labels() -> None:
    assert flags(TREE["predict"]) & NAMES == NAMES - OF_LABELS - {"--name"}


@pytest.mark.parametrize(("name", "words"), WORDS.items())
def test_help_names_the_words_of_an_option(name: str, words: tuple[str, ...]) -> None:
    (shown,) = [e.name for p in TREE["data import"].panels for e in p.entries if name in e.names]
    assert shown == f"{name} {'|'.join(words)}"


def test_kinds_are_completed() -> None:
    assert source_kinds("") == list(KINDS)
    assert source_kinds("depo") == ["deposit"]


def test_help_has_one_place_for_each_question() -> None:
    titles = [panel.title for panel in TREE["data import"].panels]
    assert titles == [
        "Arguments", "What matters first", "What is where in the source", "How a frame becomes an image",
        "Which shots are taken", "How values become counts", "Labels", "A file that is being written", "Output",
        "General",
    ]  # fmt: skip
