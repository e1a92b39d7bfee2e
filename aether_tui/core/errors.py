"""Errors that a user can act on: what happened, what to do, and a code that scripts can test."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ErrorCode(StrEnum):
    """Every `error_code` that `--json` can print (DESIGN.md, section 11)."""

    BAD_INPUT = "BAD_INPUT"
    USAGE = "USAGE"
    MODELFILE_INVALID = "MODELFILE_INVALID"
    MODELFILE_HAS_ERRORS = "MODELFILE_HAS_ERRORS"
    TEMPLATE_INVALID = "TEMPLATE_INVALID"
    GGUF_INVALID = "GGUF_INVALID"
    SETTINGS_INVALID = "SETTINGS_INVALID"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    ALIAS_INVALID = "ALIAS_INVALID"
    NAME_INVALID = "NAME_INVALID"
    PARAMETER_INVALID = "PARAMETER_INVALID"
    NAME_CLASH = "NAME_CLASH"
    CHANGED_ON_DISK = "CHANGED_ON_DISK"
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
    FILE_NOT_FOUND = "FILE_NOT_FOUND"
    HOST_NOT_FOUND = "HOST_NOT_FOUND"
    FILE_UNREADABLE = "FILE_UNREADABLE"
    FILE_UNWRITABLE = "FILE_UNWRITABLE"
    DISK_FULL = "DISK_FULL"
    ENGINE_UNREACHABLE = "ENGINE_UNREACHABLE"
    ENGINE_MISSING = "ENGINE_MISSING"
    ENGINE_DIED = "ENGINE_DIED"
    ENGINE_REFUSED = "ENGINE_REFUSED"
    ENGINE_TIMEOUT = "ENGINE_TIMEOUT"
    CONTEXT_EXCEEDED = "CONTEXT_EXCEEDED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    CREATE_FAILED = "CREATE_FAILED"
    CANCELLED = "CANCELLED"
    INTERNAL = "INTERNAL"


class AetherError(Exception):
    """What went wrong (`message`), the next step (`remedy`), and a code for scripts."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        remedy: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.details: dict[str, object] = dict(details or {})

    @property
    def text(self) -> str:
        """Message and remedy as one sentence pair, as the command line prints them."""
        return f"{self.message}. {self.remedy}" if self.remedy else self.message
