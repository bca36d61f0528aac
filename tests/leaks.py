"""Addresses with a password in every form, every command of the command line, and the search for what got out."""

import base64
from collections.abc import Iterator
from pathlib import Path

from airybench.cli.layout import CommandHelp
from airybench.cli.main import command_tree

PIECES = ("Kes9trel", "Tor8chid")
"""What every password here is made of; quoting changes neither."""

PASSWORDS = {
    "slash": "Kes9trel/Tor8chid",
    "at": "Kes9trel@Tor8chid",
    "encoded": "Kes9trel%40%2FTor8chid",
    "colon": "Kes9trel:Tor8chid",
    "both": "Kes9trel/@Tor8chid",
    "hash": "Kes9trel#Tor8chid",
}
CLOSED = "127.0.0.1:9"
"""A port at which nothing listens: the connection is refused at once."""

FORMS = {
    "http": f"http://ann:{{}}@{CLOSED}",
    "sqlite": "sqlite:///none/x.db?password={}",
    "postgresql": f"postgresql://ann:{{}}@{CLOSED}/studies",
    "parameter": f"postgresql+psycopg://{CLOSED}/studies?user=ann&password={{}}",
    "token": f"https://{{}}@{CLOSED}/mlflow",
    "cipher": "sqlite+pysqlcipher://:{}@/none/x.db",
    "mysql": f"mysql+pymysql://ann:{{}}@{CLOSED}/runs",
    "ftp": f"ftp://ann:{{}}@{CLOSED}/runs",
}
ADDRESSES = [form.format(password) for form in FORMS.values() for password in PASSWORDS.values()]

WORDS: dict[str, list[str]] = {
    "sweep": ["--dataset", "helium"],
    "train": ["--dataset", "helium"],
    "baseline": ["--study", "none@helium"],
    "evaluate": ["winner:none@helium", "--dataset", "helium"],
    "predict": ["winner:none@helium", "none.h5", "--output", "out.h5"],
    "join": ["none.h5"],
    "export": ["winner:none@helium", "--format", "onnx", "--output", "out"],
    "studies list": [],
    "studies show": ["none@helium"],
    "studies delete": ["none@helium"],
    "studies gc": [],
    "studies relocate": ["none@helium"],
    "runs push": ["--to", "sqlite:///none/other.db"],
    "runs pull": ["--from", "sqlite:///none/other.db"],
    "reproduce": ["headline"],
    "report": ["--study", "none@helium"],
    "data simulate": ["helium", "--count", "1"],
    "data import": ["none.h5"],
    "data list": [],
    "data export": ["none.h5", "--output", "out.cxi"],
    "data info": ["none.h5"],
    "data check": ["none.h5"],
    "data gallery": ["none.h5"],
    "data histograms": ["none.h5"],
    "compare": ["--study", "none@helium"],
    "table": ["none@helium"],
    "calibrate": ["none@helium"],
    "ui": ["--no-browser", "--study", "none@helium"],
    "doctor": [],
    "bench train": ["--output", "none"],
    "bench steps": ["--output", "none"],
    "bench predict": ["--output", "none"],
    "bench sweep": ["--output", "none"],
    "bench contention": ["--output", "none"],
    "bench scale": ["--output", "none"],
    "bench import": ["--output", "none"],
    "bench simulate": ["--output", "none"],
    "bench correlate": ["--output", "none"],
}
"""Arguments of every command with which it ends soon, by the words that call it."""


def commands() -> dict[str, CommandHelp]:
    """Every command that does something, by the words that call it."""

    def leaves(tree: CommandHelp) -> Iterator[CommandHelp]:
        for one in tree.commands:
            yield from leaves(one) if one.commands else [one]

    return {one.path.partition(" ")[2]: one for one in leaves(command_tree())}


def valued(command: CommandHelp) -> list[str]:
    """The options of a command that take a value."""
    entries = [entry for panel in command.panels for entry in panel.entries]
    return [one.names[-1] for one in entries if one.names[0].startswith("-") and " " in one.name]


def leaks(text: str | bytes) -> list[str]:
    """The lines of a text that hold a piece of a password, as it is or as a header of a request has it."""
    data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    secrets = [piece.encode() for piece in PIECES]
    secrets += [base64.b64encode(f"ann:{password}".encode()) for password in PASSWORDS.values()]
    return [line.decode(errors="replace")[:400] for line in data.splitlines() if any(one in line for one in secrets)]


def leaking_files(*folders: Path) -> list[str]:
    """Files of folders whose names or bytes hold a piece of a password."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if leaks(str(path)) or leaks(path.read_bytes())]
