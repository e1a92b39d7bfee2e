"""What commands print: one JSON object or plain text on standard output, progress on standard error."""

from __future__ import annotations

import io
import json
import math
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import Progress
from aether_tui.core.plain import one_line, printable
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


def prepare_streams(as_json: bool) -> None:
    """Let no character end a run: JSON is UTF-8 whatever the locale says, and text is spelled out where it must be."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            is_answer = as_json and stream is sys.stdout
            stream.reconfigure(encoding="utf-8" if is_answer else None, errors="backslashreplace")


def print_json(values: Mapping[str, object]) -> None:
    """Print the one object of a `--json` run."""
    try:
        text = json.dumps(values, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(values), ensure_ascii=False, allow_nan=False, default=str)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _finite(value: object) -> object:
    """The same with null for the numbers that JSON does not have, as files may hold them."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    sys.stderr.write(f"aether: {one_line(error.message)}\n")
    if error.remedy:
        sys.stderr.write(f"  {one_line(error.remedy)}\n")


def print_line(text: str) -> None:
    """Print one line of an answer."""
    sys.stdout.write(one_line(text) + "\n")


def print_row(text: str) -> None:
    """Print one row of a table or text, its spaces kept."""
    sys.stdout.write(printable(text).replace("\n", " ").rstrip() + "\n")


def note(text: str) -> None:
    """Say something beside the answer, in one line."""
    sys.stderr.write(printable(text).replace("\n", " ") + "\n")
    sys.stderr.flush()


class ProgressLine:
    """Progress on standard error: one line that moves on a terminal, a line for each step otherwise."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._last = ""
        self._open = False

    def show(self, progress: Progress) -> None:
        """Show one step."""
        text = one_line(progress.text)
        if not self._moving:
            if text != self._last:
                note(text)
            self._last = text
            return
        if self._open and text != self._last:
            sys.stderr.write("\n")
        figures = _figures(progress)
        # A line that wraps can't be written over.
        shown = text[: max(0, shutil.get_terminal_size().columns - len(figures) - 1)]
        sys.stderr.write(f"\r{shown}{figures}\x1b[K")
        sys.stderr.flush()
        self._last, self._open = text, True

    def close(self) -> None:
        """End the moving line."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False


def _figures(progress: Progress) -> str:
    if not progress.total_bytes:
        return ""
    done = progress.done_bytes or 0
    return f"  {100 * done // progress.total_bytes} %  {file_size(done)} of {file_size(progress.total_bytes)}"
