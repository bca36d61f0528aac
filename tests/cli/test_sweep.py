"""`airybench sweep`: what is refused before anything is loaded or made."""

from pathlib import Path

import pytest

from airybench.cli.main import run


@pytest.mark.parametrize("further", [[], ["--dry-run"], ["--fresh"], ["--register", "halo"]], ids=str)
@pytest.mark.parametrize("name", ["bob's.yaml", "two words.yaml"])
def test_the_name_of_a_config_is_checked_like_a_typed_one(
    name: str, further: list[str], tiny: Path, folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / name).write_text(tiny.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["sweep", "--dataset", "helium", "--config", name, *further]) == 2
    message = capsys.readouterr().err
    assert f"give another with --study NAME, or rename {name}" in message
    assert len(message.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_typed_name_stands_in_for_that_of_the_config(
    tiny: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bob's.yaml").write_text(tiny.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words = ["sweep", "--dataset", "helium", "--config", "bob's.yaml", "--dry-run"]
    assert run([*words, "--study", "bob"]) == 0
    assert run([*words, "--study", "bob's"]) == 2
    assert 'study name "bob\'s"' in capsys.readouterr().err


def test_a_dry_run_refuses_a_name_that_no_model_can_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "--dataset", "helium", "--dry-run", "--register", "a/b"]) == 2
    assert "is no name for a model" in capsys.readouterr().err
