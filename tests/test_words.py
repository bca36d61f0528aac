"""Prose is plain present-day English with UK spelling: phrases of the past and US spellings do not come back."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THING = (
    "(?:cell|trial|seed|study|class|shot|network|format|question|photon|pixel|epoch|core|device|fold|step|command|row"
    "|run|worker|label|image|pattern|batch|host|minute|second|data set|file|kind|process)"
)
SMALL = "(?:where|is|as|in|for|of|to|with|by|than|if|when|makes|has|from|at|on)"
OLD = (
    rf"\b(?:one|two|three|\d+|an?) (?!{SMALL}\b)\w+ an? {THING}\b",
    rf"\b(?:seeds|shots|counts|lines|trials|children|images|photons|patterns|epochs) an? {THING}\b",
    r"\bfor want of\b",
    r"\bbehind the (?:first|last|logarithmic|convolution)",
    r"\blook(?:s|ed|ing)? at (?:the )?val\b",
    r"\bhow sure(?:ly)?\b",
    r"\bsurer\b",
    r"\bset(?:s|ting)? [\w ]{0,40}\baside\b",
    r"\bat hand\b",
    r"\bcame to be\b|\bwhat it came to\b",
    r"\bwhoever\b|\bwho looks\b|\bwho comes\b|\bwho holds\b",
    r"\btrial on its way\b",
    r"\b(?:holds?|held) [\w' ]{0,40}\bagainst\b",
    r"\btold (?:in|by|of)\b",
    r"\bgo(?:es)? on where\b",
    r"\banswers? for (?:any|every|all|shots)\b",
    r"\bcosts? (?:its|the|his) trials? alone\b",
    r"\bworth its name\b",
    r"\bof one's own\b",
    r"\bone likes\b",
    r"\bdear(?:er|est)\b",
    r"\bdeal(?:s|t)? out\b",
    r"\bhangs? on\b",
    r"\bunasked\b",
    r"\b(?:begin|begins|start|starts) anew\b",
    r"\bbut for (?:its|this|their|stacks|flags)\b",
    r"\bto be believed\b",
    r"\bis none that\b|\bis no (?:plain|number|folder)\b",
    r"\bstands in (?:line|entry)\b",
    r"\bto come to an end\b",
    r"\bnobody looks\b|\bsays so itself\b",
)
"""What read as if translated. Matched over line breaks, in whatever case."""

US = (
    r"\b(?!(?:re|down|up|over)?siz|priz|seiz|horizon)\w+iz(?:e|es|ed|ing|er|ers|ation|ations)\b",
    r"\b(?:colors?|colored|centers?|centered|behaviors?|neighbors?|neighboring|favor\w*|honor\w*|gr[a]y|analyz\w+|labeled|labeling|modeled)\b",
    r"\b(?:canceled|traveled|fulfill|defense|judgment)\b",
)
"""US spellings; `artifact` is MLflow's own word, and names of options and arguments are not prose."""

SOURCES = sorted(
    path
    for pattern in ("airybench/**/*.py", "tests/**/*.py", "docs/**/*.py", "docs/*.md", "experiments/*.yaml", "*.md")
    for path in ROOT.glob(pattern)
    if path != Path(__file__)
)


def unwrapped(text: str) -> str:
    """Text with comments and lines joined, so that a phrase over a line break is still one."""
    return re.sub(r"\s*\n\s*(?:#\s*)?", " ", text)


def prose(path: Path) -> Iterator[str]:
    """Docstrings and comments of a module, or the text of a page; without code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                yield "\n".join(line for line in node.value.value.splitlines() if not line.strip().startswith(">>>"))
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string
    else:
        yield re.sub(r"^```.*?^```|^    .*?$|https?://\S+", "", text, flags=re.MULTILINE | re.DOTALL)


def found(patterns: tuple[str, ...], text: str) -> list[str]:
    """Every match with some words around it."""
    return [
        text[max(hit.start() - 30, 0) : hit.end() + 20]
        for pattern in patterns
        for hit in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_words_are_plain_and_spelt_the_uk_way(path: Path) -> None:
    old = found(OLD, unwrapped(path.read_text(encoding="utf-8")))
    assert not old, f"say it plainly: {old}"
    words = " ".join(unwrapped(re.sub(r"`[^`]*`|\S*[_=./]\w\S*|\w+: ", "", part)) for part in prose(path))
    american = found(US, words)
    assert not american, f"UK spelling, please: {american}"


def test_the_lists_catch_what_they_are_for() -> None:
    bad = ("one child a trial", "for want of a positive", "behind the first convolution", "looks at val", "how surely")
    worse = ("sets the old study aside", "the network at hand", "holds the simulators against theory", "who looks on")
    assert all(found(OLD, text) for text in (*bad, *worse))
    assert not found(OLD, "one child run per trial, after the first convolution, evaluated on the validation split")
    assert found(US, "the center of a normalized color")
    assert not found(US, "the centre of a normalised colour, resized to a size of 64 colours")
