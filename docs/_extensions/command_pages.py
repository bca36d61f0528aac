"""Sphinx extension: one page per command in docs/commands/, written from the commands themselves at every build."""

import re
from pathlib import Path
from typing import Any

from airybench.cli.layout import CommandHelp
from airybench.cli.main import command_tree

CODE = re.compile(r"(--[a-z][a-z-]*|\$?[A-Z]+_[A-Z_]+|\w+=\w+|[\w.]+://\S+[^\s.,;:)\]])")
"""What is code in a help text: options, environment variables, settings, addresses."""

TABLE = "<!-- table of commands -->"


def markdown(text: str) -> str:
    """Help text as Markdown: options become code, special characters are escaped."""
    parts = CODE.split(" ".join(text.split()))
    return "".join(
        f"`{part}`" if number % 2 else re.sub(r"([\\`*_<>\[\]{}#|])", r"\\\1", part)
        for number, part in enumerate(parts)
    )


def section(command: CommandHelp) -> list[str]:
    """Usage, description, arguments and options of one command, as blocks of Markdown."""
    blocks = [f"```text\n{command.path} {command.usage}\n```"]
    blocks += [markdown(paragraph) for paragraph in command.text.replace("\b", "").split("\n\n")]
    for panel in command.panels:
        blocks.append(f"**{panel.title.removesuffix(':')}**")
        blocks += [f"`{entry.name}`\n: {markdown(entry.text) or '-'}" for entry in panel.entries]
    return blocks


def page(command: CommandHelp) -> str:
    """The page of a command of the top level; the commands of a group share a page."""
    blocks = [f"# {command.path}", *section(command)]
    for child in command.commands:
        blocks += [f"## {child.path}", *section(child)]
    return "\n\n".join(blocks) + "\n"


def write_pages(folder: Path) -> None:
    """Write the pages that are missing or out of date, and remove those of commands that no longer exist."""
    folder.mkdir(exist_ok=True)
    pages = {folder / f"{command.path.split()[-1]}.md": page(command) for command in command_tree().commands}
    for path in set(folder.glob("*.md")) - pages.keys():
        path.unlink()
    for path, text in pages.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def fill_table(app: Any, name: str, source: list[str]) -> None:
    """Put the table of commands where a page asks for it."""
    rows = [
        f"| [`{c.path}`](commands/{c.path.split()[-1]}.md) | {markdown(c.summary)} |" for c in command_tree().commands
    ]
    source[0] = source[0].replace(TABLE, "\n".join(["| command | purpose |", "|---|---|", *rows]))


def setup(app: Any) -> dict[str, bool]:
    """Write the pages before Sphinx looks for sources, and fill the table when it reads one."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "commands"))
    app.connect("source-read", fill_table)
    return {"parallel_read_safe": True}
