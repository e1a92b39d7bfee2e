"""What commands print: one JSON object or plain text on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import Progress
from aether_tui.core.units import file_size

DONE, FAILED, BAD_INPUT, UNREACHABLE, NOT_FOUND, CANCELLED = 0, 1, 2, 3, 4, 130

_EXIT_CODES = {
    **dict.fromkeys(
        (
            ErrorCode.BAD_INPUT,
            ErrorCode.USAGE,
            ErrorCode.MODELFILE_INVALID,
            ErrorCode.MODELFILE_HAS_ERRORS,
            ErrorCode.TEMPLATE_INVALID,
            ErrorCode.GGUF_INVALID,
            ErrorCode.SETTINGS_INVALID,
            ErrorCode.MANIFEST_INVALID,
            ErrorCode.ALIAS_INVALID,
            ErrorCode.NAME_INVALID,
            ErrorCode.NAME_CLASH,
            ErrorCode.PARAMETER_INVALID,
            ErrorCode.FILE_UNREADABLE,
        ),
        BAD_INPUT,
    ),
    **dict.fromkeys((ErrorCode.ENGINE_UNREACHABLE, ErrorCode.ENGINE_MISSING, ErrorCode.ENGINE_TIMEOUT), UNREACHABLE),
    **dict.fromkeys((ErrorCode.MODEL_NOT_FOUND, ErrorCode.FILE_NOT_FOUND, ErrorCode.HOST_NOT_FOUND), NOT_FOUND),
    ErrorCode.CANCELLED: CANCELLED,
}


def exit_code(code: ErrorCode) -> int:
    """The exit code of an error; 1 where the work itself failed."""
    return _EXIT_CODES.get(code, FAILED)


def print_json(values: Mapping[str, object]) -> None:
    """Print the one object of a `--json` run."""
    sys.stdout.write(json.dumps(values, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def print_success(values: Mapping[str, object]) -> None:
    """Print the answer of a command that did its work."""
    print_json({"success": True, **values})


def print_failure(error: AetherError, as_json: bool) -> None:
    """Print an error where it belongs: the object on standard output, or two lines on standard error."""
    if as_json:
        print_json(
            {
                "success": False,
                "error": error.text,
                "error_code": error.code.value,
                "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
                "details": error.details,
            }
        )
        return
    sys.stderr.write(f"aether: {printable(error.message)}\n")
    if error.remedy:
        sys.stderr.write(f"  {printable(error.remedy)}\n")


def printable(text: str) -> str:
    """Text from files and servers without control characters, so that it can't drive the terminal."""
    return "".join(char if char in "\n\t" or char.isprintable() else "\ufffd" for char in text)


def note(text: str) -> None:
    """Say something beside the answer."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


class ProgressLine:
    """Progress on standard error: one line that moves on a terminal, a line for each step otherwise."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._last = ""
        self._open = False

    def show(self, progress: Progress) -> None:
        """Show one step."""
        text = printable(progress.text)
        if not self._moving:
            if text != self._last:
                note(text)
            self._last = text
            return
        if self._open and text != self._last:
            sys.stderr.write("\n")
        figures = ""
        if progress.total_bytes:
            done = progress.done_bytes or 0
            figures = (
                f"  {100 * done // progress.total_bytes} %  {file_size(done)} of {file_size(progress.total_bytes)}"
            )
        sys.stderr.write(f"\r{text}{figures}\x1b[K")
        sys.stderr.flush()
        self._last, self._open = text, True

    def close(self) -> None:
        """End the moving line."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False
