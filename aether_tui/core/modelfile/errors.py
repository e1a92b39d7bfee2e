"""Why a Modelfile does not parse: Ollama's verdict word for word, and what to do about it in ours."""

from __future__ import annotations

from typing import Literal

from aether_tui.core.errors import AetherError, ErrorCode

SyntaxKind = Literal["missing_from", "invalid_command", "invalid_message_role", "unexpected_eof"]

_VERDICTS: dict[SyntaxKind, str] = {
    "missing_from": "no FROM line",
    "invalid_command": (
        'command must be one of "from", "license", "template", "system", "adapter", "draft", "renderer", "parser", '
        '"parameter", "message", or "requires"'
    ),
    "invalid_message_role": 'message role must be one of "system", "user", or "assistant"',
    "unexpected_eof": "unexpected EOF",
}


class ModelfileError(AetherError):
    """A Modelfile that Ollama's parser refuses.

    `line` is Ollama's own number, which counts CR and LF apart, or None where it gives none; `true_line` is the line
    that an editor shows. `verdict` is the kind in Ollama's words, `ollama_message` all that it prints.
    """

    def __init__(
        self,
        kind: SyntaxKind,
        message: str,
        remedy: str,
        *,
        line: int | None = None,
        true_line: int | None = None,
        buffer: str | None = None,
    ) -> None:
        self.kind = kind
        self.line = line
        self.true_line = true_line
        self.verdict = _VERDICTS[kind]
        place = "" if line is None else f"(line {line}): "
        self.ollama_message = place + self.verdict + ("" if buffer is None else f": {buffer}")
        details = {"line": line, "true_line": true_line, "kind": kind, "ollama_message": self.ollama_message}
        super().__init__(ErrorCode.MODELFILE_INVALID, message, remedy, details)
