"""Modelfiles: read as Ollama reads them, changed without losing a byte, checked, compared and highlighted."""

from __future__ import annotations

from aether_tui.core.modelfile.document import Command, Instruction, Modelfile, new_document, parse
from aether_tui.core.modelfile.errors import ModelfileError
from aether_tui.core.modelfile.quoting import quote

__all__ = ["Command", "Instruction", "Modelfile", "ModelfileError", "new_document", "parse", "quote"]
