"""The long texts of a Modelfile in the Editor: system prompt, template, messages, licence, the whole of it; presets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError
from aether_tui.core.modelfile.document import parse
from aether_tui.core.parameters import format_value
from aether_tui.core.presets import Preset, fit_preset
from aether_tui.screens.dialogs import PickerPage, Source
from aether_tui.widgets.pane import Parts
from aether_tui.widgets.pick_list import PickItem

if TYPE_CHECKING:
    from aether_tui.core.template import TemplatePreset
    from aether_tui.screens.editor import EditorScreen

PREVIEW_LINES = 200
FILE_NAMES = {"SYSTEM": "system.md", "TEMPLATE": "template.gotmpl", "LICENSE": "LICENSE", "MESSAGE": "message.md"}
TITLES = {"SYSTEM": "System prompt", "TEMPLATE": "Template", "LICENSE": "Licence"}


class TextFlow:
    """Opens pages for texts, and puts what comes back into the document."""

    def __init__(self, screen: EditorScreen) -> None:
        self.screen = screen
        self._presets: dict[str, Preset] = {}

    def open(self, keyword: str) -> None:
        """Open the text of a keyword."""
        if keyword == "MESSAGE":
            self._open_messages()
        elif keyword == "TEMPLATE":
            self._choose_template()
        else:
            self._edit(keyword)

    def typed(self, keyword: str, text: str) -> None:
        """FROM or ADAPTER was typed in its row."""
        if keyword == "FROM" and not text:
            self.screen.tell("a Modelfile needs a model to build on", "error")
            return
        self._set(keyword, text or None)
        if keyword == "FROM":
            self.screen.run_worker(self.screen.opening.relearn(), group="learn", exclusive=True)

    def reset(self, keyword: str) -> None:
        """Back to what was opened, this text alone."""
        session = self.screen.session
        before = session.baseline if session.baseline is not None else session.opened
        if keyword == "MESSAGE":
            session.set_messages(before.messages)
        else:
            session.set_instruction(keyword, before.get(keyword))
        self.screen.refresh_all()

    def _set(self, keyword: str, text: str | None) -> None:
        try:
            self.screen.session.set_instruction(keyword, text)
        except AetherError as error:
            self.screen.tell(error.text, "error")
        self.screen.refresh_all()

    # One text

    def _edit(self, keyword: str, text: str | None = None) -> None:
        from aether_tui.screens.text_page import TextPage

        before = self.screen.session.document.get(keyword) or ""
        page = TextPage(
            TITLES[keyword],
            before if text is None else text,
            file_name=FILE_NAMES[keyword],
            verdict=_template_verdict if keyword == "TEMPLATE" else _size_verdict,
        )
        self.screen.app.push_screen(page, lambda result: self._edited(keyword, result))

    def _edited(self, keyword: str, text: str | None) -> None:
        if text is not None:
            self._set(keyword, text or None)
            what = TITLES[keyword].lower()
            self.screen.tell(f"{what} changed; u takes it back" if text else f"{what} taken out; u brings it back")

    def edit_whole(self) -> None:
        """Edit the whole Modelfile as text."""
        from aether_tui.screens.text_page import TextPage

        page = TextPage(
            "Modelfile", self.screen.session.document.text, file_name="Modelfile", verdict=_modelfile_verdict
        )
        self.screen.app.push_screen(page, self._whole_edited)

    def _whole_edited(self, text: str | None) -> None:
        if text is None:
            return
        try:
            document = parse(text)
        except AetherError as error:
            line = error.details.get("true_line")
            self.screen.tell(f"not taken, line {line}: {error.message}" if line else error.text, "error")
            self._reopen(text)
            return
        self.screen.session.set_document(document)
        self.screen.refresh_all()
        self.screen.run_worker(self.screen.opening.relearn(), group="learn", exclusive=True)

    def _reopen(self, text: str) -> None:
        """A text that does not parse is not thrown away: it is shown again with what is wrong."""
        from aether_tui.screens.text_page import TextPage

        def left(result: str | None) -> None:
            if result is None:
                self.screen.shell.copy_text(text, "the text that was not taken")
            else:
                self._whole_edited(result)

        page = TextPage("Modelfile", text, file_name="Modelfile", verdict=_modelfile_verdict)
        self.screen.app.push_screen(page, left)

    # Messages

    def _open_messages(self) -> None:
        from aether_tui.screens.messages_page import MessagesPage

        page = MessagesPage(self.screen.session)
        self.screen.app.push_screen(page, lambda result: self.screen.refresh_all())

    # Template

    def template_title(self) -> str:
        """What the template row says where the document has none."""
        facts = self.screen.session.facts
        return "the model's own" if facts.template or facts.chat_template or not facts.from_gguf else "none in this file"

    def _choose_template(self) -> None:
        from aether_tui.core.template import template_presets

        session = self.screen.session
        own = session.document.get("TEMPLATE")
        items = [PickItem("edit", "edit the text", "opens a page", preview=_text_preview(own or self._own_text()))]
        items.append(
            PickItem(
                "own",
                "the model's own",
                "in force" if own is None else "takes TEMPLATE out",
                mark="•" if own is None else "",
                preview=_text_preview(self._own_text()),
            )
        )
        ready = [self._template_item(preset, own) for preset in template_presets()]
        sources = [Source("This model", None, items), Source("Ready-made", None, ready)]
        page = PickerPage("Template", sources, preview_title="Preview", select="own" if own is None else "edit")
        self.screen.app.push_screen(page, self._template_chosen)

    def _own_text(self) -> str:
        facts = self.screen.session.facts
        return facts.template or facts.chat_template or "Known once the server or the file is asked."

    @staticmethod
    def _template_item(preset: TemplatePreset, own: str | None) -> PickItem:
        stops: list[Parts] = [[("stops ", "muted"), ("  ".join(preset.stops) or "none", "string")], []]
        return PickItem(
            f"preset:{preset.id}",
            preset.id,
            preset.title,
            mark="•" if preset.text == own else "",
            preview=[*stops, *_text_preview(preset.text)],
        )

    def _template_chosen(self, choice: str | None) -> None:
        from aether_tui.core.template import preset as template_preset

        if choice == "edit":
            self._edit("TEMPLATE", self.screen.session.document.get("TEMPLATE") or self._editable_own())
        elif choice == "own":
            self._set("TEMPLATE", None)
        elif choice is not None:
            chosen = template_preset(choice.partition(":")[2])
            self._set("TEMPLATE", chosen.text)
            session = self.screen.session
            missing = [stop for stop in chosen.stops if stop not in session.raw("stop")]
            if missing:
                session.set_value("stop", (*session.raw("stop"), *missing))
                self.screen.refresh_all()
            stops = f" and its {len(missing)} stops" if missing else ""
            self.screen.tell(f"template {chosen.id}{stops}; u takes it back")

    def _editable_own(self) -> str:
        """The model's own template where it is one that TEMPLATE may hold; a Jinja text is not."""
        facts = self.screen.session.facts
        return facts.template if facts.template and facts.template != facts.chat_template else ""

    # Presets

    def choose_preset(self) -> None:
        """Show the presets, with what each sets for this model."""
        page = PickerPage("Preset", [Source("", self._preset_items, waiting="reading")], preview_title="What it sets")
        self.screen.app.push_screen(page, self._preset_chosen)

    async def _preset_items(self) -> Sequence[PickItem]:
        found = await asyncio.to_thread(self.screen.shell.services.presets.list)
        self._presets = {preset.id: preset for preset in found.presets}
        for error in found.unreadable:
            self.screen.tell(error.text, "error")
        in_force = self.screen.session.preset_title
        return [
            PickItem(
                preset.id,
                preset.title,
                f"{len(preset.parameters)} values",
                mark="•" if preset.title == in_force else "",
                search=preset.about,
                preview=self._preset_preview(preset),
            )
            for preset in found.presets
        ]

    def _preset_preview(self, preset: Preset) -> list[Parts]:
        schema = self.screen.session.schema
        fitted = fit_preset(preset, schema)
        lines: list[Parts] = [[(preset.about, "text")], []]
        for name, value in fitted.parameters.items():
            now = self.screen.session.value(name)
            text = format_value(schema[name].spec, value)
            same = " as it is" if now == value else ""
            lines.append([(f"{name:<18}", "text"), (f"{text:>10}", "number"), (same, "muted")])
            if reason := preset.reasons.get(name):
                lines.append([("    ", "muted"), (reason, "muted")])
        lines += [[]] if fitted.changes else []
        lines += [[("▲ ", "warning"), (change, "muted")] for change in fitted.changes]
        return lines

    def _preset_chosen(self, choice: str | None) -> None:
        preset = self._presets.get(choice or "")
        if preset is None:
            return
        fitted = fit_preset(preset, self.screen.session.schema)
        self.screen.session.apply_preset(preset)
        self.screen.refresh_all()
        note = f"; {fitted.changes[0]}" if fitted.changes else ""
        self.screen.tell(f"preset {preset.title}{note}; u takes it back")


def _text_preview(text: str) -> list[Parts]:
    lines = text.split("\n")
    shown: list[Parts] = [[(line[:2_000], "text")] for line in lines[:PREVIEW_LINES]]
    if len(lines) > PREVIEW_LINES:
        shown.append([(f"… {len(lines) - PREVIEW_LINES} more lines", "muted")])
    return shown


def _size_verdict(text: str) -> Parts:
    lines = text.count("\n") + 1 if text else 0
    return [(f"{len(text)} characters, {lines} lines, ~{round(len(text) / 4)} tokens", "muted")]


def _template_verdict(text: str) -> Parts:
    from aether_tui.core.template import check_template

    if not text:
        return [("empty: the model's own is used", "muted")]
    verdict = check_template(text)
    where = f"line {verdict.line}: " if verdict.line else ""
    if not verdict.ok:
        return [(f"✗ {where}{verdict.message}", "error")]
    if verdict.unknown_fields:
        return [(f"▲ unknown: {', '.join(verdict.unknown_fields)}", "warning")]
    return [("✓ it parses on this and earlier servers", "good")]


def _modelfile_verdict(text: str) -> Parts:
    try:
        parse(text)
    except AetherError as error:
        line = error.details.get("true_line")
        return [(f"✗ line {line}: {error.message}" if line else f"✗ {error.message}", "error")]
    return [("✓ it parses", "good")]
