"""The commands of `aether`, and what happens around each: errors, exit codes, ctrl+c."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from aether_tui import __version__
from aether_tui.cli import chat, create, doctor, gguf, modelfile, models, params
from aether_tui.cli.output import CANCELLED, DONE, exit_code, print_failure
from aether_tui.core.errors import AetherError, ErrorCode

# Typer carries a copy of click from some version on, so the base class is taken from what Typer exports.
UsageProblem: type[Any] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

app = typer.Typer(
    name="aether",
    help="A workbench for local language models. Without a command it opens full screen.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Open full screen on the demonstration model.")] = False,
) -> None:
    """A workbench for local language models. Without a command it opens full screen."""


app.add_typer(modelfile.app, name="modelfile")
app.command("gguf")(gguf.show)
app.command("create")(create.create)
app.command("chat")(chat.chat)
app.command("models")(models.models)
app.command("params")(params.params)
app.command("doctor")(doctor.doctor)


def run_command(argv: list[str]) -> int:
    """Run one command line. Returns the exit code; prints errors where the caller looks for them."""
    if argv and argv[0] == "--version":
        sys.stdout.write(f"aether {__version__}\n")
        return DONE
    as_json = "--json" in argv
    try:
        result = app(argv, prog_name="aether", standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except AetherError as error:
        print_failure(error, as_json)
        return exit_code(error.code)
    except (typer.Abort, KeyboardInterrupt):
        return _cancelled(as_json)
    except UsageProblem as error:
        usage = AetherError(ErrorCode.USAGE, error.format_message(), "see aether --help")
        print_failure(usage, as_json)
        return exit_code(ErrorCode.USAGE)
    except BrokenPipeError:
        # The reader of our output left (as `head` does); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _cancelled(as_json: bool) -> int:
    print_failure(AetherError(ErrorCode.CANCELLED, "stopped", ""), as_json)
    return CANCELLED
