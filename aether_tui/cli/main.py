"""The commands of `aether`, and what happens around each: errors, exit codes, ctrl+c."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer

from aether_tui import __version__
from aether_tui.cli.output import CANCELLED, DONE, exit_code, print_failure
from aether_tui.core.errors import AetherError, ErrorCode

COMMANDS = ("modelfile", "gguf", "create", "chat", "models", "params", "doctor")
"""Each is a module of this package with a function of its name, or with an `app` of several."""

# Typer carries a copy of click from some version on, so the base class is taken from what Typer exports.
UsageProblem: type[Any] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Open full screen on the demonstration model.")] = False,
) -> None:
    """A workbench for local language models. Without a command it opens full screen."""


def command_line(names: tuple[str, ...]) -> typer.Typer:
    """The command line with these commands. One alone starts faster: nothing else is imported."""
    app = typer.Typer(
        name="aether",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(options)
    for name in names:
        module = import_module(f"aether_tui.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def run_command(argv: list[str]) -> int:
    """Run one command line. Returns the exit code; prints errors where the caller looks for them."""
    if argv and argv[0] == "--version":
        sys.stdout.write(f"aether {__version__}\n")
        return DONE
    as_json = "--json" in argv
    names = (argv[0],) if argv and argv[0] in COMMANDS else COMMANDS
    try:
        result = command_line(names)(argv, prog_name="aether", standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except AetherError as error:
        print_failure(error, as_json)
        return exit_code(error.code)
    except (typer.Abort, KeyboardInterrupt):
        return _cancelled(as_json)
    except UsageProblem as error:
        print_failure(AetherError(ErrorCode.USAGE, error.format_message(), "see aether --help"), as_json)
        return exit_code(ErrorCode.USAGE)
    except BrokenPipeError:
        # The reader of our output left (as `head` does); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _cancelled(as_json: bool) -> int:
    print_failure(AetherError(ErrorCode.CANCELLED, "stopped", ""), as_json)
    return CANCELLED
