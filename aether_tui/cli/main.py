"""The commands of `aether`, and what happens around each: errors, exit codes, ctrl+c."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from typing import Annotated, Any

import typer

from aether_tui import __version__
from aether_tui.cli.output import CANCELLED, DONE, exit_code, prepare_streams, print_failure, print_success
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
    app = typer.Typer(name="aether", add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
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
    as_json = "--json" in (argv[: argv.index("--")] if "--" in argv else argv)
    prepare_streams(as_json)
    if argv and argv[0] == "--version":
        return _print_version(as_json)
    try:
        return _invoke(argv)
    except AetherError as error:
        return _failed(error, as_json)
    except (typer.Abort, KeyboardInterrupt):
        return _cancelled(as_json)
    except UsageProblem as error:
        return _failed(_usage_error(error), as_json)
    except BrokenPipeError:
        # The reader of our output left (as `head` does); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        # A fault of ours: told in full on standard error, and still as the one object on standard output.
        traceback.print_exc()
        message = f"Aether broke: {type(error).__name__}: {error}"
        return _failed(AetherError(ErrorCode.INTERNAL, message, "Please report it with the lines above"), as_json)


def _invoke(argv: list[str]) -> int:
    """Run the command. Not by calling it: Typer would turn ctrl+c and a closed pipe into codes of its own."""
    command = typer.main.get_command(command_line((argv[0],) if argv and argv[0] in COMMANDS else COMMANDS))
    try:
        with command.make_context("aether", list(argv)) as context:
            result = command.invoke(context)
    except typer.Exit as left:
        return left.exit_code
    return result if isinstance(result, int) else DONE


def _print_version(as_json: bool) -> int:
    if as_json:
        print_success({"version": __version__})
    else:
        sys.stdout.write(f"aether {__version__}\n")
    return DONE


def _failed(error: AetherError, as_json: bool) -> int:
    print_failure(error, as_json)
    return exit_code(error.code)


def _usage_error(problem: Any) -> AetherError:
    context = getattr(problem, "ctx", None)
    command = context.command_path if context is not None else "aether"
    return AetherError(ErrorCode.USAGE, problem.format_message().rstrip("."), f"See {command} --help")


def _cancelled(as_json: bool) -> int:
    if not as_json and sys.stderr.isatty():
        # The terminal shows ^C at the end of what was written.
        sys.stderr.write("\n")
    print_failure(AetherError(ErrorCode.CANCELLED, "Stopped"), as_json)
    return CANCELLED
