"""Options that commands share."""

from pathlib import Path

import pytest

from airybench.cli.main import run
from airybench.cli.options.common import split_names


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (None, []),
        (["a"], ["a"]),
        (["a,b", "c"], ["a", "b", "c"]),
        ([" a , b ,"], ["a", "b"]),
        (["config"], []),
        (["config,a"], ["a"]),
    ],
)
def test_names_of_a_repeated_option(words: list[str] | None, expected: list[str]) -> None:
    assert split_names(words) == expected


def test_the_word_config_stands_for_no_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config").write_text("")  # as the name of a storage it would be refused: it is a file
    monkeypatch.setenv("AIRYBENCH_DATA", str(tmp_path / "data"))
    assert run(["studies", "list", "--storage", "config", "--json"]) == 0
    assert capsys.readouterr().out.strip() == "[]"
