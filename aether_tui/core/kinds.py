"""The kinds of inference server."""

from __future__ import annotations

from enum import StrEnum


class EngineKind(StrEnum):
    """The kinds of inference server that we talk to."""

    OLLAMA = "ollama"
    LLAMACPP = "llamacpp"
    OPENAI = "openai"
    EMBEDDED = "embedded"
