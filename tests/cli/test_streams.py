"""Whatever becomes of its output, a command ends without a traceback and with the code of its work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from airybench.cli.main import COMMANDS
from airybench.cli.show.output import result_console

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("[/red]", "[bold]x", "<b>", ":smile:", "أشكال مستديرة", "x" * 200, "a\\[b", "\u202edrawkcab")

CONDITIONS = {
    "closed output": ">&-",
    "closed input and output": "<&- >&-",
    "all closed": "<&- >&- 2>&-",
    "reader gone": "| true",
    "first line": "| head -1",
    "C": "",
    "ASCII": "",
    "Latin-1": "",
    "narrow": "",
    "no home": "",
    "read-only home": "",
    "dumb": "",
}
ENVIRONMENTS = {
    "C": {"LANG": "C", "LC_ALL": "C"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "narrow": {"COLUMNS": "20"},
    "no home": {"HOME": ""},
    "read-only home": {"HOME": "/proc"},
    "dumb": {"TERM": "dumb"},
}


def told(words: str, condition: str, folder: Path, **further: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command in a shell."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "AIRYBENCH_DATA": str(folder / "data"), **further}
    environment |= ENVIRONMENTS.get(condition, {})
    if condition == "no home":
        environment.pop("HOME")
    line = f"{sys.executable} -m airybench {words} {CONDITIONS.get(condition, condition)}; exit ${{PIPESTATUS[0]}}"
    found = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, capture_output=True, check=False)
    return found.returncode, found.stdout.decode(errors="replace"), found.stderr.decode(errors="replace")


@pytest.fixture
def study(tmp_path) -> Path:
    """A folder with a journal whose name no ASCII terminal can print."""
    (tmp_path / "data" / "studies").mkdir(parents=True)
    (tmp_path / "data" / "studies" / "größe@é.journal").write_text("")
    return tmp_path


@pytest.mark.parametrize("condition", ["closed output", "reader gone", "ASCII"])
def test_output_that_nobody_takes_or_can_show(condition: str, study: Path) -> None:
    for words, expected in (("studies list", 0), ("data info missing.h5", 2)):
        code, _, complaint = told(words, condition, study)
        assert code == expected, complaint
        assert "Traceback" not in complaint
        assert "Exception ignored" not in complaint
        assert complaint.count("\n") <= 1


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_command_under_every_condition(condition: str, study: Path) -> None:
    lines = [(f"{name} --help", 0) for name in COMMANDS]
    lines += [
        ("--version", 0),
        ("--help", 0),
        ("studies list", 0),
        ("studies list --json", 0),
        ("studies gc --json", 0),
    ]
    lines += [("studies show none", 2), ("data info missing.h5", 2), ("predict none none.h5 --output x", 2)]
    lines += [("report --study none", 2), ("nothing", 2)]
    for words, expected in lines:
        code, _, complaint = told(words, condition, study)
        assert code == expected, (words, complaint)
        assert "Traceback" not in complaint, words
        assert "Exception ignored" not in complaint, words


@pytest.mark.slow
@pytest.mark.parametrize("condition", [one for one in CONDITIONS if one != "first line"])
def test_work_is_done_under_every_condition(condition: str, tiny: Path, tmp_path: Path) -> None:
    """Files are whole, and no library prints anything of its own."""
    export = "export winner:work@helium --format weights --output model"
    lines = [
        f"sweep --dataset helium --config {tiny} --study work --no-log-activation",
        "compare --study work", "table work", "report --study work --output page.html",
        "evaluate winner:work@helium", export, "predict model data/*.h5 --output out.h5", "baseline --study work",
    ]  # fmt: skip
    for words in lines:
        code, _, complaint = told(words, condition, tmp_path)
        assert code == 0, (words, complaint)
        assert "Traceback" not in complaint, words
        assert "Exception ignored" not in complaint, words
        assert "atplotlib" not in complaint, words
        assert "arning" not in complaint, words
    assert (tmp_path / "page.html").stat().st_size > 10_000
    assert (tmp_path / "out.h5").exists()


def test_json_is_json_in_any_encoding(study: Path) -> None:
    for encoding in ("ascii", "utf-8"):
        code, text, complaint = told("studies list --json", "", study, PYTHONIOENCODING=encoding)
        assert code == 0, complaint
        assert [one["name"] for one in json.loads(text)] == ["größe@é"]
        assert text.isascii() == (encoding == "ascii")


def test_a_full_disk_behind_the_output_is_said(study: Path) -> None:
    assert told("studies list --json", ">/dev/full", study)[0::2] == (
        1, "airybench: cannot write the output (No space left on device); free some space\n"
    )  # fmt: skip


def test_a_user_without_a_home_is_asked_for_a_folder(tmp_path, monkeypatch) -> None:
    from airybench.errors import DataError
    from airybench.paths import data_folder

    monkeypatch.delenv("AIRYBENCH_DATA")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("airybench.paths.user_data_dir", lambda name: f"~/.local/share/{name}")  # as it is then
    with pytest.raises(DataError, match="this user has no home folder; set AIRYBENCH_DATA to a folder that you"):
        data_folder()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("columns", ["20", "80", "300"])
def test_names_are_printed_as_they_are(columns: str, monkeypatch, capsys) -> None:
    from rich.table import Table

    monkeypatch.setattr("airybench.cli.show.output.WIDTH", int(columns))
    table = Table("class", "title [/red]", title=":x: [/b]")
    for name in NAMES:
        table.add_row(name, name)
        result_console().print(f"class {name}", soft_wrap=True)
    result_console().print(table)
    printed = capsys.readouterr().out
    for name in NAMES:
        assert f"class {name}" in printed
    assert "[/b]" in printed
