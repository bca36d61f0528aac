"""The command to type when an import lacks an option."""

from pathlib import Path

import pytest
from field_files import swissfel_run

from airybench.cli.main import run
from airybench.cli.show.command import command_with


def test_many_files_are_shortened_in_the_middle() -> None:
    files = [f"{number}.h5" for number in range(40)]
    text = command_with(["data", "import", *files, "--clip"], "--photon-energy EV")
    assert text.startswith("airybench data import 0.h5 1.h5 ... 34.h5")
    assert text.endswith("39.h5 --clip --photon-energy EV")


def test_an_import_that_lacks_an_option_says_what_to_type(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = swissfel_run(tmp_path, columns=False, mask=None, name="my run").path
    words = ["data", "import", str(path), "--bin", "1"]
    assert run(words) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"type: airybench data import '{path}' --bin 1 --photon-energy EV" in last
