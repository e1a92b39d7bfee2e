"""The long texts of a Modelfile in the Editor: system prompt, template, messages, licence, the whole of it; presets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError
from aether_tui.core.modelfile.document import parse

if TYPE_CHECKING:
    from aether_tui.core.presets import Preset
    from aether_tui.screens.editor import EditorScreen

FILE_NAMES = {"SYSTEM": "system.md", "TEMPLATE": "template.gotmpl", "LICENSE": "LICENSE"}
TITLES = {"SYSTEM": "System prompt", "TEMPLATE": "Template", "LICENSE": "Licence"}


class TextFlow:
    """Opens pages for texts, and puts what comes back into the document."""

    def __init__(self, screen: EditorScreen) -> None:
        self.screen = screen

    def open(self, keyword: str) -> None:
        """Open the text of a keyword."""
        if keyword == "MESSAGE":
            self._open_messages()
        elif keyword == "TEMPLATE":
            self._choose_template()
        else:
            self._edit(keyword, self.screen.session.document.get(keyword) or "")

    def typed(self, keyword: str, text: str) -> None:
        """FROM or ADAPTER was typed in its row."""
        if keyword == "FROM" and not text:
            self.screen.tell("a Modelfile needs a model to build on", "error")
            return
        self._set(keyword, text or None)

    def reset(self, keyword: str) -> None:
        """Back to what was opened, this text alone."""
        session = self.screen.session
        before = session.baseline if session.baseline is not None else session.opened
        if keyword == "MESSAGE":
            session.set_messages(before.messages)
            self.screen.refresh_all()
        else:
            self._set(keyword, before.get(keyword))

    def _set(self, keyword: str, text: str | None) -> None:
        try:
            self.screen.session.set_instruction(keyword, text)
        except AetherError as error:
            self.screen.tell(error.text, "error")
        self.screen.refresh_all()

    # One text

    def _edit(self, keyword: str, text: str) -> None:
        from aether_tui.screens.text_page import TextPage
        from aether_tui.screens.text_pickers import size_verdict, template_verdict

        verdict = template_verdict if keyword == "TEMPLATE" else size_verdict
        page = TextPage(TITLES[keyword], text, file_name=FILE_NAMES[keyword], verdict=verdict)
        self.screen.app.push_screen(page, lambda result: self._edited(keyword, result))

    def _edited(self, keyword: str, text: str | None) -> None:
        if text is not None:
            self._set(keyword, text or None)
            what = TITLES[keyword].lower()
            self.screen.tell(f"{what} changed; u takes it back" if text else f"{what} taken out; u brings it back")

    def edit_whole(self, text: str | None = None) -> None:
        """Edit the whole Modelfile as text; `text` is one that was not taken before."""
        from aether_tui.screens.text_page import TextPage
        from aether_tui.screens.text_pickers import modelfile_verdict

        shown = self.screen.session.document.text if text is None else text
        page = TextPage("Modelfile", shown, file_name="Modelfile", verdict=modelfile_verdict)

        def left(result: str | None) -> None:
            if result is not None:
                self._whole_edited(result)
            elif text is not None:
                # Left without mending it: what was typed is not thrown away.
                self.screen.shell.copy_text(text, "the text that was not taken")

        self.screen.app.push_screen(page, left)

    def _whole_edited(self, text: str) -> None:
        try:
            document = parse(text)
        except AetherError as error:
            line = error.details.get("true_line")
            self.screen.tell(f"not taken, line {line}: {error.message}" if line else error.text, "error")
            self.edit_whole(text)
            return
        self.screen.session.set_document(document)
        self.screen.refresh_all()

    # Messages

    def _open_messages(self) -> None:
        from aether_tui.screens.messages_page import MessagesPage

        page = MessagesPage(self.screen.session)
        self.screen.app.push_screen(page, lambda result: self.screen.refresh_all())

    # Template

    def template_title(self) -> str:
        """What the template row says: the ready-made one that the document has, or where it comes from if none."""
        own = self.screen.session.document.get("TEMPLATE")
        if own is not None:
            from aether_tui.core.template import template_presets

            return next((preset.id for preset in template_presets() if preset.text == own), "its own")
        facts = self.screen.session.facts
        known = facts.template or facts.chat_template or not facts.from_gguf
        return "the model's own" if known else "none in this file"

    def _choose_template(self) -> None:
        from aether_tui.screens.text_pickers import TemplatePage

        self.screen.app.push_screen(TemplatePage(self.screen.session), self._template_chosen)

    def _template_chosen(self, choice: str | None) -> None:
        session = self.screen.session
        if choice == "edit":
            self._edit("TEMPLATE", session.document.get("TEMPLATE") or self._editable_own())
        elif choice == "own":
            self._set("TEMPLATE", None)
        elif choice is not None:
            self._take_template(choice.partition(":")[2])

    def _take_template(self, identifier: str) -> None:
        from aether_tui.core.template import preset

        session = self.screen.session
        chosen = preset(identifier)
        document = session.document.with_instruction("TEMPLATE", chosen.text)
        missing = [stop for stop in chosen.stops if stop not in session.raw("stop")]
        if missing:
            document = document.with_parameter("stop", (*session.raw("stop"), *missing))
        # One change, so that one undo takes back both.
        session.set_document(document)
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
        from aether_tui.screens.text_pickers import PresetPage

        page = PresetPage(self.screen.session, self.screen.shell.services.presets)
        self.screen.app.push_screen(page, lambda choice: self._apply_preset(page.presets.get(choice or "")))

    def _apply_preset(self, preset: Preset | None) -> None:
        if preset is None:
            return
        from aether_tui.core.presets import fit_preset

        fitted = fit_preset(preset, self.screen.session.schema)
        self.screen.session.apply_preset(preset)
        self.screen.refresh_all()
        note = f"; {fitted.changes[0]}" if fitted.changes else ""
        self.screen.tell(f"preset {preset.title}{note}; u takes it back")
