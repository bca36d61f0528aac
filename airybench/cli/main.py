"""The group of commands; each command's file is loaded only when it is typed, so that help answers at once."""

import importlib
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from airybench import __version__
from airybench.errors import EXIT_FAILED, EXIT_INTERRUPTED, AirybenchError

COMMANDS: dict[str, tuple[str, str]] = {
    "sweep": ("airybench.cli.sweep", "Compare networks on a data set: the main job."),
    "train": ("airybench.cli.train", "Train one network."),
    "baseline": ("airybench.cli.baseline", "Score what needs no network: the majority, and support vectors."),
    "evaluate": ("airybench.cli.evaluate", "Evaluate a trained model on a split."),
    "predict": ("airybench.cli.predict", "Answer for shots, with or without labels."),
    "join": ("airybench.cli.join", "Join what a job array predicted."),
    "export": ("airybench.cli.export", "Hand a model on as ONNX, pt2 or weights."),
    "studies": ("airybench.cli.studies", "List, show and delete studies."),
    "report": ("airybench.cli.report", "Answer the questions of finished studies on one page."),
    "data": ("airybench.cli.data", "Simulate, import and inspect data."),
    "compare": ("airybench.cli.compare", "Compare studies and data sets on test."),
    "ui": ("airybench.cli.ui", "Open MLflow's pages on the store in use."),
    "doctor": ("airybench.cli.doctor", "Check this machine, each finding with its remedy."),
    "bench": ("airybench.cli.bench", "Measure speed and memory on this machine."),
}
"""Name -> (module with `app`, one line of help)."""


RESUMABLE = ("sweep", "train", "predict")
"""Commands that go on where they were interrupted."""


class LazyGroup(TyperGroup):
    """A group that imports a command's module when the command is used, and not to list it."""

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
        """The table of commands, from COMMANDS alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


app = typer.Typer(
    cls=LazyGroup, rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)


@app.callback()
def airybench(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Which network sorts your diffraction patterns best, by how much and how surely.

    Begin with: airybench sweep --dataset helium
    """
    if version:
        print(f"airybench {__version__}")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code.

    Every foreseen error is one line on stderr; a traceback is shown under `--debug` alone.
    """
    debug = "--debug" in arguments
    if not debug:
        warnings.simplefilter("ignore")  # libraries' warnings are for those who debug them
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(args=[_dashed(word) for word in arguments], prog_name="airybench", standalone_mode=False)
    except AirybenchError as error:
        if debug:
            traceback.print_exc()
        print(f"airybench: {error}", file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # a usage error
            error.show()
            return int(error.exit_code)
        if debug:
            traceback.print_exc()
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"airybench: unexpected {type(error).__name__}: {reason}; --debug shows where", file=sys.stderr)
        return EXIT_FAILED
    finally:
        signal.signal(signal.SIGTERM, previous)
    if code == EXIT_INTERRUPTED:
        resumed = "; the same command goes on where it stopped" if arguments[0] in RESUMABLE else ""
        print(f"airybench: interrupted{resumed}", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _dashed(word: str) -> str:
    # `mlflow run -P image_size=64` appends `--image_size 64`: an option's underscores mean dashes.
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value
