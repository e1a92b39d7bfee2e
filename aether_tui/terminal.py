"""What the terminal around the app can do: its clipboard, and the user's own editor."""

from __future__ import annotations

import base64
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.files import write_whole

OSC52_LIMIT = 74_994
"""Bytes of text that terminals take in one OSC 52: xterm's limit of 100,000 characters, in base64."""

EDITORS = ("nano", "vim", "vi")


def clipboard_sequence(text: str, env: Mapping[str, str] | None = None) -> str | None:
    """The escape sequence that puts text on the clipboard of the user's own terminal; None where it is too long.

    Inside tmux it is wrapped to pass through, and sent plain as well: which one works depends on tmux's settings
    (`allow-passthrough`, `set-clipboard`).
    """
    environment = env if env is not None else os.environ
    data = text.encode("utf-8", "replace")
    if len(data) > OSC52_LIMIT:
        return None
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if environment.get("TMUX"):
        inner = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inner}\x1b\\{sequence}"
    if environment.get("STY"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence


def keep_copy(home: Path, text: str) -> Path:
    """Write what was copied to a file, for terminals whose clipboard can't be reached. Raises AetherError."""
    path = home / "clipboard.txt"
    write_whole(path, text.encode("utf-8", "surrogatepass"))
    return path


def has_job_control() -> bool:
    """Whether a shell is there that can bring this process back once it is stopped.

    In a window of tmux, or a container, that runs nothing but the app there is none: it would stay stopped.
    """
    import psutil

    try:
        for parent in psutil.Process().parents():
            if os.getpgid(parent.pid) != os.getpgrp():
                return os.getsid(parent.pid) == os.getsid(0)
    except (psutil.Error, OSError):
        return False
    return False


def own_editor(env: Mapping[str, str] | None = None) -> list[str]:
    """The command of the user's editor. Raises AetherError where there is none."""
    environment = env if env is not None else os.environ
    for name in ("VISUAL", "EDITOR"):
        if chosen := environment.get(name, "").strip():
            return _words(chosen, name)
    for name in EDITORS:
        if shutil.which(name):
            return [name]
    raise AetherError(ErrorCode.NOT_SUPPORTED, "There is no editor to open", "Set EDITOR to the one you use")


def _words(command: str, variable: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise AetherError(
            ErrorCode.NOT_SUPPORTED, f"{variable} is no command: {error}", "Mend it, as vim or 'code --wait'"
        ) from error


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """ctrl+c in the editor is the editor's; ctrl+z stops nobody where no shell could bring us back."""
    held = {signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None)}
    if not has_job_control():
        held[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)


def edit_outside(text: str, name: str) -> str:
    """Let the user edit a text in their own editor; blocks until it ends. Raises AetherError."""
    command = own_editor()
    with tempfile.TemporaryDirectory(prefix="aether-edit-") as folder:
        path = Path(folder) / name
        try:
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            status = subprocess.run([*command, str(path)], check=False).returncode
            edited = path.read_bytes().decode("utf-8", "replace")
        except OSError as error:
            raise AetherError(
                ErrorCode.NOT_SUPPORTED,
                f"{command[0]} can't edit the text: {error.strerror or error}",
                "Set EDITOR to the one you use",
            ) from error
        if status:
            raise AetherError(
                ErrorCode.CANCELLED, f"{command[0]} ended with status {status}", "The text is as it was before"
            )
    # Editors end a file with a newline; a text that had none keeps none.
    return edited if text.endswith("\n") or not edited.endswith("\n") else edited[:-1]
