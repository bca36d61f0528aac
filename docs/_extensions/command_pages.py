"""Sphinx extension: one page per command in docs/commands/, written from the commands themselves at every build."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airybench.cli.main import app as airybench

PLAIN = "Options"
"""Heading of the options that belong to no panel."""

METAVARS = {"str": "TEXT", "int": "N", "float": "X", "Path": "PATH"}
"""What stands for a value of a type where a command names nothing better."""


def leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group with the words that call it."""
    if not hasattr(command, "list_commands"):
        yield words, command
        return
    for name in command.list_commands(None):
        yield from leaves(command.get_command(None, name), (*words, name))


def escaped(text: str) -> str:
    """Help text as Markdown: options become code, everything else stays as it is."""
    parts = re.split(r"(--[a-z][a-z-]*|\$?[A-Z]+_[A-Z_]+|\w+=\w+)", text)
    return "".join(
        f"`{part}`" if number % 2 else re.sub(r"([\\`*_<>\[\]{}#|])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


def paragraphs(text: str) -> str:
    """The docstring of a command as Markdown."""
    return "\n\n".join(escaped(" ".join(block.split())) for block in text.replace("\b", "").split("\n\n"))


def page(words: tuple[str, ...], command: Any) -> str:
    """Usage, description, arguments and options of one command, the options under their panels."""
    context = command.make_context(" ".join(words), [], resilient_parsing=True)
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record:
            record = (
                re.sub(r"<(?:list\[)?(\w+)\]?>", lambda kind: METAVARS.get(kind[1], kind[0]), record[0]),
                record[1],
            )
            kind = "Arguments" if parameter.opts[0][:1] != "-" else PLAIN
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or kind, []).append(record)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    lines = [f"```text\n{usage}\n```", paragraphs(command.help or "")]
    for panel, records in panels.items():
        lines.append(f"**{panel}**")
        lines += [f"`{' '.join(name.split())}`\n: {escaped(' '.join(text.split())) or '-'}" for name, text in records]
    return "\n\n".join(lines)


def write_pages(folder: Path) -> None:
    """One page per command of the top level; the commands of a group share a page."""
    import typer

    folder.mkdir(exist_ok=True)
    group = typer.main.get_command(airybench)
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        found = list(leaves(command, ("airybench", name)))
        text = f"# airybench {name}\n\n"
        if len(found) == 1:
            text += page(*found[0])
        else:
            text += paragraphs(command.help or "") + "\n\n"
            text += "\n\n".join(f"## {' '.join(words)}\n\n{page(words, leaf)}" for words, leaf in found)
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text + "\n":
            path.write_text(text + "\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Write the pages before Sphinx looks for sources."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "commands"))
    return {"parallel_read_safe": True}
