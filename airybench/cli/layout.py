"""How help is laid out: options under headings, as plain text, without a library that takes long to load."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from airybench.cli.options.panels import GENERAL, OBVIOUS, ORDER
from airybench.errors import ConfigError

FEW = 10
"""A command with at most this many options lists them under one heading."""

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a letter alone is a drive

NAME_COLUMN = 28  # characters; a longer name takes a line of its own
HELP_WIDTH = 100  # characters of a line at most, on a wide terminal

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry:
    """One argument or option as help shows it.

    Attributes:
        name: with the kind of its value, such as `--depth NUMBER`.
        text: what it does, its default and its limits.
        names: every spelling, such as `("--flips", "--no-flips")`; an argument has its one name.
    """

    name: str
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """Options of one kind under their heading."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class CommandHelp:
    """The help of one command as data, for the command reference.

    Attributes:
        path: as typed, such as `airybench data simulate`.
        usage: the rest of the line of usage, such as `[OPTIONS] STORE`.
        summary: one line.
        text: the whole description.
        panels: arguments and options.
        commands: its sub-commands.
    """

    path: str
    usage: str
    summary: str
    text: str
    panels: tuple[Panel, ...]
    commands: tuple["CommandHelp", ...]


class App(typer.Typer):
    """A command or a group of commands whose help is laid out here."""

    def __init__(self, **settings: Any) -> None:
        fixed: dict[str, Any] = {
            "cls": PanelGroup,
            "add_completion": False,
            "rich_markup_mode": None,
            "pretty_exceptions_enable": False,
            "context_settings": {"max_content_width": HELP_WIDTH},
        }
        super().__init__(**fixed | settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """Register a function as a command, as `typer.Typer.command` does."""
        return super().command(name, cls=PanelCommand, **settings)


class PanelCommand(TyperCommand):
    """A command whose help groups its options, and which takes no address for a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; an address where a file or folder belongs would make folders called after it, password and all.

        Raises:
            ConfigError: there is one.
        """
        rest = super().parse_args(ctx, args)
        for one in self.params:
            given = ctx.params.get(one.name)
            for value in given if isinstance(given, list | tuple) else [given]:
                if isinstance(value, Path) and ADDRESS.match(str(value)):
                    raise ConfigError(f"{one.opts[0]} is the address {value}; give a file or folder")
        return rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The line of usage, with arguments as they are called."""
        return _usage(self)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each panel."""
        _write(self, ctx, formatter)


class PanelGroup(TyperGroup):
    """A group whose help groups its options; called without a word, it prints its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, or print the help and end with success."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            print(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each panel, and the commands."""
        _write(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with the first sentence of each in full; the base class cuts it at the width."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_paragraph(one.help)) for name, one in found if one and not one.hidden])


def panels(command: Any, context: Any) -> tuple[Panel, ...]:
    """Arguments, then options by panel.

    Args:
        command: a command of this package.
        context: its own.
    """
    shown: dict[str, list[Entry]] = {}
    arguments: list[Entry] = []
    options = [one for one in command.get_params(context) if not one.hidden]
    few = sum(one.param_type_name == "option" for one in options) <= FEW
    for one in options:
        if one.param_type_name == "argument":
            arguments.append(_argument(one))
        else:
            title = "Options" if few else getattr(one, "rich_help_panel", None) or GENERAL
            shown.setdefault(title, []).append(_option(one))
    titles = sorted(shown, key=lambda title: ORDER.index(title) if title in ORDER else len(ORDER))
    first = [Panel("Arguments", tuple(arguments))] if arguments else []
    return (*first, *(Panel(title, tuple(shown[title])) for title in titles))


def described(command: Any, context: Any) -> CommandHelp:
    """The help of a command and of all below it, as data."""
    children = []
    for name in command.list_commands(context) if isinstance(command, TyperGroup) else ():
        child = command.get_command(context, name)
        with child.make_context(name, [], parent=context, resilient_parsing=True) as inner:
            children.append(described(child, inner))
    text = command.help or ""
    return CommandHelp(
        path=context.command_path,
        usage=" ".join(command.collect_usage_pieces(context)),
        summary=_first_paragraph(text),
        text=text,
        panels=panels(command, context),
        commands=tuple(children),
    )


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _usage(command: Any) -> list[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    names = [_argument(one).name + ("..." if one.nargs != 1 else "") for one in arguments]
    return [command.options_metavar, *(n if a.required else f"[{n}]" for n, a in zip(names, arguments, strict=True))]


def _write(command: Any, context: Any, formatter: Any) -> None:
    shown = panels(command, context)
    longest = max((len(one.name) for panel in shown for one in panel.entries), default=0)
    column = min(longest, NAME_COLUMN)  # the same in every panel
    for panel in shown:
        with formatter.section(panel.title):
            formatter.write_dl([(one.name.ljust(column), one.text) for one in panel.entries], col_max=column)


def _argument(one: Any) -> Entry:
    name = one.metavar or one.name.upper()
    return Entry(name, _text(one), (name,))


def _option(one: Any) -> Entry:
    names = (*one.opts, *one.secondary_opts)
    value = "" if one.is_flag else f" {one.metavar or _kind(one)}"
    return Entry(" / ".join(names) + value, _text(one), names)


def _kind(one: Any) -> str:
    """A word for the kind of value, from the type."""
    annotation = one.type_descriptor.annotation
    kinds = get_args(annotation) if get_origin(annotation) is list else (annotation,)
    word = {"int": "NUMBER", "float": "NUMBER", "Path": "PATH"}.get(getattr(kinds[0], "__name__", ""), "TEXT")
    return f"{word},..." if one.multiple else word


def _text(one: Any) -> str:
    notes = [note for note in (*_default(one), *_limits(one)) if note]
    return " ".join(part for part in (one.help, f"[{'; '.join(notes)}]" if notes else "") if part)


def _default(one: Any) -> Iterator[str]:
    if one.required:
        yield "required"
    elif isinstance(one.show_default, str):
        yield f"default: {one.show_default}"
    elif isinstance(one.default, bool):
        if getattr(one, "secondary_opts", ()):  # a switch with a word for each of its two states
            yield f"default: {'on' if one.default else 'off'}"
    elif one.show_default and one.default is not None:
        yield f"default: {one.default:g}" if isinstance(one.default, float) else f"default: {one.default}"


def _limits(one: Any) -> Iterator[str]:
    low, high = one.min, one.max
    if low is not None and high is not None:
        yield f"{low:g} to {high:g}"
    elif low not in OBVIOUS:
        yield f"at least {low:g}"
    elif high is not None:
        yield f"at most {high:g}"
