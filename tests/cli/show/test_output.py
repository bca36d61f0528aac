"""Results on stdout: once, as text or as JSON."""

import json
from pathlib import Path

import pytest

from airybench.cli.show.output import WIDTH, print_result, result_console


@pytest.mark.parametrize(("as_json", "expected"), [(True, '{\n  "path": "a/b"\n}\n'), (False, "a/b\n")])
def test_a_result_is_printed_once(as_json: bool, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_result(Path("a/b"), as_json=as_json, data=lambda path: {"path": path})
    assert capsys.readouterr().out == expected


def test_text_and_data_are_made_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(result: object) -> object:
        raise AssertionError(result)

    print_result([1], as_json=True, data=lambda result: result, text=fail)
    assert json.loads(capsys.readouterr().out) == [1]
    print_result([1], as_json=False, data=fail)
    assert capsys.readouterr().out == "[1]\n"


def test_a_console_in_a_pipe_has_a_fixed_width(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    result_console().print("x" * (WIDTH + 1))
    result_console().print("[red]" + "y" * (WIDTH - 4))
    assert capsys.readouterr().out.splitlines() == ["x" * WIDTH, "x", "[red]" + "y" * (WIDTH - 5), "y"]
