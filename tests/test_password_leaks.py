"""No output of any command, and no file that it writes, holds the password of an address that it was given."""

import base64
from itertools import cycle
from pathlib import Path

import psycopg
import pytest
from leaks import ADDRESSES, CLOSED, FORMS, PASSWORDS, PIECES, WORDS, commands, leaking_files, leaks, valued
from mlflow_server import Gate, Server
from postgres import server

from airybench import passwords
from airybench.cli.main import run

ADDRESS_OPTIONS = ("--tracking-uri", "--storage", "--to", "--from")
COMMANDS = commands()
QUICK = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "2"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for everything that a command may write, and an MLflow that does not try again."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    for name in ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "")  # so that it is restored, whatever the commands make of it
        monkeypatch.delenv(name)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setenv("AIRYBENCH_DATA", str(folder / "data"))
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.chdir(folder)
    return folder


def ran(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], code: int = -1
) -> list[str]:
    """Run one command as a process of its own would; returns the lines that hold a password, and by what.

    Args:
        words: the command.
        monkeypatch: lets it know no password of the commands before it.
        capfd: what it says, libraries included.
        code: that it must end with, if any.
    """
    monkeypatch.setattr(passwords, "_whole", {})
    monkeypatch.setattr(passwords, "_seen", set())
    capfd.readouterr()
    ended = run([*words, "--debug"])
    said = capfd.readouterr()
    assert ended == code or code < 0, (words, said.err[-2000:])
    assert said.out + said.err, words
    return [f"{' '.join(words)}: {line}" for line in leaks(said.out + said.err)]


def test_every_command_is_here() -> None:
    assert COMMANDS.keys() == WORDS.keys(), "a new command needs a line in tests/leaks.py"
    assert all(any(piece in address for piece in PIECES) for address in ADDRESSES)


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    header = base64.b64encode(f"ann:{PASSWORDS['slash']}".encode())
    assert leaks(f"a\nsee {ADDRESSES[0]}\nb") == [f"see {ADDRESSES[0]}"]
    assert leaks(b"\xff Basic " + header)
    assert not leaks("nothing of the kind")
    (tmp_path / "x.db").write_bytes(b"\x00" + ADDRESSES[3].encode() + b"\x00")
    (tmp_path / f"{PIECES[0]}.txt").touch()
    assert len(leaking_files(tmp_path)) == 2


@pytest.mark.parametrize("name", [name for name in COMMANDS if set(valued(COMMANDS[name])) & set(ADDRESS_OPTIONS)])
def test_no_address_option_is_repeated_with_its_password(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    found = []
    words = cycle(PASSWORDS.values())
    for option in sorted(set(valued(COMMANDS[name])) & set(ADDRESS_OPTIONS)):
        for form in FORMS.values():
            found += ran([*name.split(), *WORDS[name], option, form.format(next(words))], monkeypatch, capfd)
    assert not found
    assert not leaking_files(place)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_address_in_the_environment_or_among_the_arguments_is_repeated(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", FORMS["http"].format(PASSWORDS["both"]))
    found = ran([*name.split(), *WORDS[name]], monkeypatch, capfd)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{CLOSED}")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORDS["slash"])
    found += ran([*name.split(), *WORDS[name]], monkeypatch, capfd)
    given = [index for index, word in enumerate(WORDS[name]) if not word.startswith("-")]
    for index, address in zip(given, ADDRESSES[len(name) :: 7], strict=False):
        words = [*WORDS[name][:index], address, *WORDS[name][index + 1 :]]
        found += ran([*name.split(), *words], monkeypatch, capfd)
    assert not found
    assert not leaking_files(place)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_at_all_repeats_an_address_with_its_password(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    found = []
    addresses = cycle(ADDRESSES[len(name) % 7 :: 5])
    for option in valued(COMMANDS[name]):
        found += ran([*name.split(), *WORDS[name], option, next(addresses)], monkeypatch, capfd)
    assert not found
    assert not leaking_files(place)


@pytest.mark.slow
def test_what_works_keeps_the_password_to_itself(
    place: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An MLflow server that asks for the password, PostgreSQL, and all that is written anywhere."""
    header = "Basic " + base64.b64encode(f"ann:{PASSWORDS['both']}".encode()).decode()
    home = tmp_path / "server"
    home.mkdir()
    mlflow = Server(home)
    mlflow.start()
    gate = Gate(mlflow.port, lambda given: given == header)
    try:
        with server() as database:
            uri = gate.url.replace("//", f"//ann:{PASSWORDS['both']}@")
            storage = database.replace("airybench@", f"airybench:{PASSWORDS['both']}@")
            small = ["--count", "64", "--image-size", "32", "--epochs", "1"]
            told = ["--study", "kept", "--storage", storage]
            shots = str(place / "data" / "helium-simulated-n64-s1612-v2.h5")
            steps: list[list[str]] = [
                ["sweep", "--config", str(tiny), "--dataset", "helium", "--trials", "1", *told, "--tracking-uri", uri],
                ["train", "--dataset", "helium", *small, "--tracking-uri", uri, "--register", "kept"],
                ["evaluate", "winner:kept", "--dataset", "helium", "--tracking-uri", uri, "--json"],
                ["predict", "winner:kept", shots, "--output", "out.h5", "--tracking-uri", uri],
                ["export", "winner:kept", "--format", "weights", "--output", "model", "--tracking-uri", uri],
                ["doctor", "--tracking-uri", uri, "--json"],
                ["studies", "list", "--storage", storage, "--json"],
                ["studies", "show", "kept@helium", "--storage", storage, "--json"],
                ["runs", "pull", "--from", uri, "--tracking-uri", "sqlite:///pulled.db"],
                ["runs", "push", "--to", uri, "--tracking-uri", "sqlite:///pulled.db"],
            ]
            found = [line for words in steps for line in ran(words, monkeypatch, capfd, 0)]
            monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
            later: list[list[str]] = [
                ["sweep", "--config", str(tiny), "--dataset", "helium", "--trials", "1", *told],
                ["baseline", "--study", "kept@helium", "--storage", storage],
                ["table", "kept@helium", "--storage", storage, "--csv"],
                ["report", *told],
                ["compare", *told, "--json"],
                ["studies", "relocate", "kept@helium", "--storage", storage],
                ["studies", "gc", "--storage", storage],
            ]
            found += [line for words in later for line in ran(words, monkeypatch, capfd, 0)]
            found += leaks("\n".join(everything_in(database)))
    finally:
        gate.close()
        mlflow.kill()
    assert not found
    assert header in gate.seen, "the password was used"
    assert not leaking_files(place, home)
    assert (home / "server.db").stat().st_size > 100_000
    assert (place / "report.html").exists()


def everything_in(database: str) -> list[str]:
    """Every row of every table of a database, as text."""
    with psycopg.connect(database) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        rows = [str(row) for (name,) in tables for row in connection.execute(f'select * from "{name}"').fetchall()]
    assert any("definition" in row for row in rows)
    return rows
