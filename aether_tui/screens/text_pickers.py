"""The pages that list templates and presets. Imported when one is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aether_tui.core.errors import AetherError
from aether_tui.core.parameters import format_value
from aether_tui.core.presets import Preset, fit_preset
from aether_tui.core.template import TemplatePreset, template_presets
from aether_tui.screens.dialogs import PickerPage, Source
from aether_tui.services.editing import EditSession
from aether_tui.services.presets import PresetStore
from aether_tui.widgets.frame import Parts
from aether_tui.widgets.pick_list import PickItem

PREVIEW_LINES = 200


class TemplatePage(PickerPage):
    """The model's own template and the ready-made ones, with their text; the result is edit, own, or `preset:ID`."""

    def __init__(self, session: EditSession) -> None:
        own = session.document.get("TEMPLATE")
        models = session.facts.template or session.facts.chat_template or "Known once the server or the file is asked."
        items = [
            PickItem("edit", "edit the text", "opens a page", preview=text_preview(own or models)),
            PickItem(
                "own",
                "the model's own",
                "in force" if own is None else "takes TEMPLATE out",
                mark="•" if own is None else "",
                mark_role="accent",
                preview=text_preview(models),
            ),
        ]
        ready = [_template_item(preset, own) for preset in template_presets()]
        super().__init__(
            "Template",
            [Source("This model", None, items), Source("Ready-made", None, ready)],
            preview_title="Preview",
            select="own" if own is None else "edit",
        )


def _template_item(preset: TemplatePreset, own: str | None) -> PickItem:
    stops: list[Parts] = [[("stops ", "muted"), ("  ".join(preset.stops) or "none", "string")], []]
    mark = "•" if preset.text == own else ""
    preview = [*stops, *text_preview(preset.text)]
    return PickItem(f"preset:{preset.id}", preset.id, preset.title, mark=mark, mark_role="accent", preview=preview)


class PresetPage(PickerPage):
    """The presets, with what each sets for this model; `presets` holds them by the result."""

    def __init__(self, session: EditSession, store: PresetStore) -> None:
        self.session = session
        self.presets: dict[str, Preset] = {}
        self._store = store
        self._unreadable: Sequence[AetherError] = ()
        source = Source("", self._items, waiting="reading", broken=lambda: self._unreadable)
        super().__init__("Preset", [source], preview_title="What it sets")

    async def _items(self) -> Sequence[PickItem]:
        found = await asyncio.to_thread(self._store.list)
        self.presets = {preset.id: preset for preset in found.presets}
        self._unreadable = found.unreadable
        in_force = self.session.preset_title
        return [
            PickItem(
                preset.id,
                preset.title,
                f"{len(preset.parameters)} values",
                mark="•" if preset.title == in_force else "",
                mark_role="accent",
                search=preset.about,
                preview=self._preview(preset),
            )
            for preset in found.presets
        ]

    def _preview(self, preset: Preset) -> list[Parts]:
        schema = self.session.schema
        fitted = fit_preset(preset, schema)
        lines: list[Parts] = [[(preset.about, "text")], []]
        for name, value in fitted.parameters.items():
            text = format_value(schema[name].spec, value)
            same = "  as it is" if self.session.value(name) == value else ""
            lines.append([(f"{name:<18}", "text"), (f"{text:>10}", "number"), (same, "muted")])
            if reason := preset.reasons.get(name):
                lines.append([("    ", "muted"), (reason, "muted")])
        lines += [[]] if fitted.changes else []
        lines += [[("▲ ", "warning"), (change, "muted")] for change in fitted.changes]
        return lines


def text_preview(text: str) -> list[Parts]:
    """The first lines of a text."""
    lines = text.split("\n")
    shown: list[Parts] = [[(line[:2_000], "text")] for line in lines[:PREVIEW_LINES]]
    if len(lines) > PREVIEW_LINES:
        shown.append([(f"… {len(lines) - PREVIEW_LINES} more lines", "muted")])
    return shown


def template_verdict(text: str) -> Parts:
    """Whether a template parses, in one line."""
    from aether_tui.core.template import check_template

    if not text:
        return [("empty: the model's own is used", "muted")]
    verdict = check_template(text)
    where = f"line {verdict.line}: " if verdict.line else ""
    if not verdict.ok:
        return [(f"✗ {where}{verdict.message}", "error")]
    if verdict.unknown_fields:
        return [(f"▲ unknown: {', '.join(verdict.unknown_fields)}", "warning")]
    return [("✓ it parses", "good")]


def size_verdict(text: str) -> Parts:
    """How long a text is."""
    lines = text.count("\n") + 1 if text else 0
    words = "1 line" if lines == 1 else f"{lines} lines"
    return [(f"{len(text)} characters, {words}, ~{round(len(text) / 4)} tokens", "muted")]


def modelfile_verdict(text: str) -> Parts:
    """Whether a Modelfile parses, in one line."""
    from aether_tui.core.modelfile.document import parse

    try:
        parse(text)
    except AetherError as error:
        line = error.details.get("true_line")
        return [(f"✗ line {line}: {error.message}" if line else f"✗ {error.message}", "error")]
    return [("✓ it parses", "good")]
