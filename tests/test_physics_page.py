"""docs/physics.md is true: its values are the code's, its tests exist, its figures and the gallery's are there."""

import importlib
import re
from ast import literal_eval
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "physics.md").read_text(encoding="utf-8")
VALUES = re.findall(r"^\| `([a-z_.]+)\.([A-Z][\w.]+)` \| `([^`]+)` \|", PAGE, re.MULTILINE)
LIGHTEST = 300_000
"""Bytes: what a figure of the page stays below."""


@pytest.mark.parametrize(("module", "name", "value"), VALUES, ids=[f"{m}.{n}" for m, n, _ in VALUES])
def test_the_page_names_the_value_in_force(module: str, name: str, value: str) -> None:
    found = importlib.import_module(f"airybench.physics.{module}")
    for part in name.split("."):
        found = getattr(found, part)
    assert found == literal_eval(value)


def test_every_assumption_in_the_code_is_on_the_page() -> None:
    named = {name.split(".")[0] for _, name, _ in VALUES}
    for path in (ROOT / "airybench" / "physics").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for name, note in re.findall(r'^([A-Z]\w+)\b[^\n]* = [^\n]*\n"""([^"]*)"""', text, re.MULTILINE):
            assert "[A]" not in note or name in named, f"{path.name}: {name} is an assumption that the page leaves out"


def test_the_tests_that_the_page_names_exist() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)(?:\.\.\.)?`", PAGE)
    assert len(named) > 10
    for name in named:
        assert f"def {name}" in code


def test_its_figures_are_there_and_light() -> None:
    gallery = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    figures = set(re.findall(r"!\[[^\]]+\]\((physics/[^)]+)\)", PAGE + gallery))
    assert len(figures) >= 9
    for name in figures:
        content = (ROOT / "docs" / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) < LIGHTEST, name
