"""The group of commands, and how one command line is run.

The file of a command is loaded only when the command is used, so that help and completion answer at once.
"""

import errno
import importlib
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from airybench.cli.layout import App, CommandHelp, PanelGroup, described
from airybench.cli.show.command import command_with
from airybench.errors import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, AirybenchError, MissingOptionError
from airybench.interrupts import asked, listening
from airybench.passwords import hidden, set_apart
from airybench.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "sweep": ("airybench.cli.sweep", "Compare networks on a data set: the main job."),
    "train": ("airybench.cli.train", "Train one network."),
    "baseline": ("airybench.cli.baseline", "Score baselines that need no network."),
    "evaluate": ("airybench.cli.evaluate", "Evaluate a trained model on one part of the split."),
    "predict": ("airybench.cli.predict", "Predict shots, labelled or not."),
    "join": ("airybench.cli.join", "Join the parts of a sharded prediction."),
    "export": ("airybench.cli.export", "Export a trained model as ONNX, pt2 or weights."),
    "studies": ("airybench.cli.studies", "List, show and delete studies, or find moved ones."),
    "runs": ("airybench.cli.runs", "Copy runs and studies between tracking stores."),
    "reproduce": ("airybench.cli.reproduce", "Answer a published question again, and compare."),
    "report": ("airybench.cli.report", "Answer the questions of finished studies on one page."),
    "data": ("airybench.cli.data", "Simulate, import, describe and check data."),
    "compare": ("airybench.cli.compare", "Compare cells of several studies and data sets."),
    "table": ("airybench.cli.table", "Print cells or trials as one tidy table, for programs and papers."),
    "calibrate": ("airybench.cli.calibrate", "Measure how often verdicts and intervals are wrong."),
    "ui": ("airybench.cli.ui", "Open the MLflow user interface."),
    "doctor": ("airybench.cli.doctor", "Check this machine."),
    "bench": ("airybench.cli.bench", "Measure speed and memory on this machine."),
}
"""Name -> (module with `app`, one line of help)."""

RESUMABLE = ("sweep", "train", "predict", "reproduce")
"""Commands that resume after an interruption."""

MEANT = dict.fromkeys(("--lr", "--learning-rate"), "--base-lr")
"""Options that other programs have, and what they are here."""

COMPLETION_HELP = {
    "install_completion": "Install completion for the current shell: bash, zsh or fish.",
    "show_completion": "Print what --install-completion would install.",
}


class LazyGroup(PanelGroup):
    """A group that imports a command's module when the command is used, not to list it."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Options of the group, with this package's words for those that Typer adds."""
        params: list[Any] = list(super().get_params(ctx))
        for one in params:
            one.help = COMPLETION_HELP.get(one.name, one.help)
        return params

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and build one command."""
        if cmd_name not in COMMANDS:
            return None
        module, line = COMMANDS[cmd_name]
        command = typer.main.get_command(importlib.import_module(module).app)
        command.name = cmd_name
        command.help = command.help or line
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As the base class, which suggests a near name from its own table of commands."""
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of commands, from COMMANDS alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Complete the name of a command, or an option, from COMMANDS alone."""
        listed = _Listed(
            name=self.name,
            params=self.params,
            commands={name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()},
        )
        ctx.command = listed
        return listed.shell_complete(ctx, incomplete)


class _Listed(PanelGroup):
    """The group with the names and lines of its commands, whose modules stay unloaded."""


app = App(cls=LazyGroup, add_completion=True, no_args_is_help=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"airybench {__version__}")
        raise typer.Exit


@app.callback()
def airybench(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Find the network that sorts your diffraction patterns best, and by what margin.

    Start with: airybench sweep --dataset helium
    """


def command_tree() -> CommandHelp:
    """The help of every command as data, from which the command reference is made.

    >>> [one.path for one in command_tree().commands][:2]
    ['airybench sweep', 'airybench train']
    """
    command = typer.main.get_command(app)
    with command.make_context("airybench", [], resilient_parsing=True) as context:
        return described(command, context)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code.

    Every foreseen error is one line on stderr. A traceback is shown only with `--debug`.
    """
    debug = "--debug" in arguments
    for word in arguments:
        set_apart(word.partition("=")[2] if word.startswith("--") else word)  # so that no message repeats its password
    if not debug:
        warnings.simplefilter("ignore")  # libraries' warnings are for those who debug them
        logging.getLogger("matplotlib").setLevel(logging.ERROR)  # such as that it cannot write in this home folder
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # a traceback of what it raises as well
    try:
        with listening():
            code = _ended(arguments, debug=debug)
    except KeyboardInterrupt:  # while an error was told
        code = EXIT_INTERRUPTED
    if code == EXIT_INTERRUPTED:
        resumed = "; the same command resumes" if arguments[0] in RESUMABLE else ""
        print(f"airybench: interrupted{resumed}", file=sys.stderr)
    return code


def _ended(arguments: Sequence[str], *, debug: bool) -> int:
    """Run one command line; every error becomes one line and an exit code."""
    try:
        code = app(args=[_dashed(word) for word in arguments], prog_name="airybench", standalone_mode=False)
    except AirybenchError as error:
        _print_traceback(debug)
        if asked():
            return EXIT_INTERRUPTED
        _complain(_explained(error, arguments))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except SystemExit as ended:  # completion ends the process by itself
        code = ended.code
    except Exception as error:
        _print_traceback(debug)
        if hasattr(error, "ctx") and hasattr(error, "format_message"):
            _complain(_usage_error(error))
            return int(error.exit_code)  # type: ignore[attr-defined]
        if asked():
            return EXIT_INTERRUPTED
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            at = error.filename2 or error.filename
            _complain(
                f"{f'{at}: ' if at else ''}{os.strerror(error.errno)}; free some space, and type the command again"
            )
            return EXIT_FAILED
        reason = " ".join(str(error).split()) or type(error).__name__
        _complain(f"unexpected {type(error).__name__}: {reason}; --debug shows where")
        return EXIT_FAILED
    return code if isinstance(code, int) else EXIT_DONE


def _print_traceback(wanted: bool) -> None:
    if wanted:
        print(hidden(traceback.format_exc()), file=sys.stderr, end="")


def _complain(text: str) -> None:
    print(f"airybench: {hidden(text)}", file=sys.stderr)


def _explained(error: AirybenchError, arguments: Sequence[str]) -> str:
    """The text of an error; where an import lacks an option, with the command to type."""
    if isinstance(error, MissingOptionError) and tuple(arguments[:2]) in (("data", "import"), ("data", "info")):
        return f"{error}; type: {command_with(['data', 'import', *arguments[2:]], error.option)}"
    return str(error)


def _usage_error(error: Any) -> str:
    """One line about a command line that cannot be read: what is wrong, what may be meant, where to look."""
    near = getattr(error, "possibilities", None)
    if near is not None and error.ctx:
        taken = {flag for one in error.ctx.command.params for flag in one.opts}
        near = [flag for flag in (MEANT.get(error.option_name),) if flag in taken] + list(near)
    if near is None:
        message = " ".join(error.format_message().split()).rstrip(".")
    else:
        message = f"unknown option {error.option_name!r}" + (f". Did you mean {near[0]!r}?" if near else "")
    path = error.ctx.command_path if error.ctx else "airybench"
    return f"{message[0].lower()}{message[1:]}{'' if message.endswith('?') else ';'} {path} --help lists what it takes"


def _dashed(word: str) -> str:
    # `mlflow run -P image_size=64` appends `--image_size 64`: an option's underscores mean dashes.
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value
