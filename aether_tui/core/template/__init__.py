"""Templates: Ollama's TEMPLATE (Go text/template) and the Jinja chat templates inside GGUF files.

Checking, rendering, presets and detection are loaded when first asked for, each for itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aether_tui.core.template.capabilities import chat_template_wins
    from aether_tui.core.template.detect import matching_preset, preset_for, renders_alike
    from aether_tui.core.template.jinja import render_jinja
    from aether_tui.core.template.presets import TemplatePreset, preset, template_presets
    from aether_tui.core.template.render import render_go
    from aether_tui.core.template.verdict import (
        GoTemplate,
        TemplateError,
        TemplateVerdict,
        check_template,
        parse_template,
    )

__all__ = [
    "GoTemplate",
    "TemplateError",
    "TemplatePreset",
    "TemplateVerdict",
    "chat_template_wins",
    "check_template",
    "matching_preset",
    "parse_template",
    "preset",
    "preset_for",
    "render_go",
    "render_jinja",
    "renders_alike",
    "template_presets",
]

_MODULES = {
    "capabilities": ("chat_template_wins",),
    "detect": ("matching_preset", "preset_for", "renders_alike"),
    "jinja": ("render_jinja",),
    "presets": ("TemplatePreset", "preset", "template_presets"),
    "render": ("render_go",),
    "verdict": ("GoTemplate", "TemplateError", "TemplateVerdict", "check_template", "parse_template"),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
