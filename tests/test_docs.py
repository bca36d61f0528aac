"""README and site are true: commands, options, pages and figures exist; citation and changelog are in order."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import airybench
from airybench.cli.layout import CommandHelp
from airybench.cli.main import command_tree

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_WORDS = 800
MOST_NOTEBOOK_BYTES = 200_000
MOST_BYTES = 300_000
"""What one figure may weigh."""


def command_lines(text: str) -> Iterator[list[str]]:
    """The words after `airybench` of every command in the shell code of a page."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:^|\s)airybench (?!@)(.*)", line)
            if found and not line.lstrip().startswith("#"):
                yield shlex.split(found[1].replace("$name", "quick"), comments=True)
    for words in re.findall(r"`airybench ([a-z][^`\n]*)`", text):
        yield shlex.split(words.replace("|", " "))[:1] if "|" in words or "..." in words else shlex.split(words)


def options(command: CommandHelp) -> set[str]:
    """Every spelling of the options of a command."""
    return {name for panel in command.panels for entry in panel.entries for name in entry.names}


COMMAND_LINES = [(page, words) for page in PAGES for words in command_lines(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    ("page", "words"), COMMAND_LINES, ids=[f"{page.name}: {' '.join(words)}" for page, words in COMMAND_LINES]
)
def test_commands_on_the_pages_exist_with_their_options(page: Path, words: list[str]) -> None:
    command = command_tree()
    while words and command.commands and not words[0].startswith("--"):
        below = {child.path.split()[-1]: child for child in command.commands}
        assert words[0] in below, f"{page.name}: no command {command.path} {words[0]}"
        command, words = below[words[0]], words[1:]
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= options(command) | {"--help"}, f"{page.name}: {command.path} has not all of {used}"


OTHERS = {
    "--env-manager",  # mlflow run
    "--host", "--allowed-hosts", "--app-name",  # mlflow server
    "--editable", "--with-editable",  # uv
    "--requeue", "--signal",  # sbatch
    "--nv",  # apptainer
    "--round",  # tests/soak
}  # fmt: skip
"""Options of other programs that the pages name."""


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_options_in_the_text_exist_somewhere(page: Path) -> None:
    known = {"--help", *OTHERS}
    pending = [command_tree()]
    while pending:
        command = pending.pop()
        known |= options(command)
        pending += command.commands
    used = set(re.findall(r"`(--[a-z][a-z0-9-]*)", page.read_text(encoding="utf-8")))
    assert used <= known, f"no command has {used - known}"


def test_the_readme_fits_a_page() -> None:
    assert len(README.split()) <= MOST_WORDS


def test_the_readme_has_the_two_commands_and_the_six_lines_of_python() -> None:
    commands = re.findall(r"^pip install uv && (.*)$", README, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("airybench sweep --dataset helium")
    assert commands[1].endswith("pytest -n 2")
    (python,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    used = set(re.findall(r"\bab\.(\w+)", python))
    assert used <= set(airybench.__all__), f"not in the API: {used - set(airybench.__all__)}"


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_lead_somewhere_and_figures_are_light(page: Path) -> None:
    text = re.sub(r"^```(?!\{include).*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if target.startswith(("http://", "https://", "commands/")):  # pages of commands are made by the build
            continue
        path = page.parent / target
        assert path.exists(), f"{page.name} links to {target}"
        if path.suffix in (".png", ".svg"):
            assert path.stat().st_size < MOST_BYTES, path.name


def test_every_page_is_in_a_table_of_contents() -> None:
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", (DOCS / "index.md").read_text(encoding="utf-8"), re.M | re.DOTALL)
    listed = {line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")}
    assert listed == {page.stem for page in (*DOCS.glob("*.md"), *DOCS.glob("*.ipynb"))} - {"index"}


def test_the_reference_lists_exactly_what_the_api_exports() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\.\. auto(?:function|class|exception|data):: airybench\.(\w+)$", page, re.MULTILINE)
    assert sorted(documented) == sorted(airybench.__all__)


def test_the_notebook_was_executed_without_errors_and_is_small() -> None:
    content = (DOCS / "notebook.ipynb").read_bytes()
    assert len(content) < MOST_NOTEBOOK_BYTES
    cells = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert "error" not in {output["output_type"] for output in outputs}
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= kinds, "tables and figures show themselves"
    assert sum("count=1024" in "".join(cell["source"]) for cell in cells) == 1, "what .ci/run replaces"


def test_the_picture_of_the_rooms_is_complete_and_up_to_date() -> None:
    from docs.figures.architecture import FLOORS, drawing

    drawn = {room for floor in FLOORS for names, *_ in floor for room in re.split(r"[., ]+", names)}
    package = ROOT / "airybench"
    rooms = {path.name for path in package.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    assert rooms | modules <= drawn, f"not in the picture: {(rooms | modules) - drawn}"
    assert (DOCS / "architecture.svg").read_text(encoding="utf-8") == drawing()
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert all(f"`{room}" in page for room in rooms - {"data"})


def test_the_changelog_is_grouped() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0].startswith(airybench.__version__)
    assert re.findall(r"^### (.+)$", text, re.MULTILINE)[:3] == ["Added", "Changed", "Fixed"]
    for group in re.split(r"^### .+$", text, flags=re.MULTILINE)[1:]:
        assert "\n- " in group, "an empty group"


def test_the_citation_names_software_and_paper() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "version", "license"} <= citation.keys()
    assert str(citation["version"]) == airybench.__version__
    assert citation["authors"] == [{"name": "The airybench developers"}]
    (paper,) = citation["references"]
    assert paper["doi"] == "10.1103/PhysRevE.99.063309"
    assert {"type", "title", "authors", "journal", "year"} <= paper.keys()
