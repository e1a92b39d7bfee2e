"""One Modelfile being edited: its values, history, problems and difference. No file or network access."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from aether_tui.core.errors import AetherError
from aether_tui.core.messages import Message, ParameterValue
from aether_tui.core.modelfile.check import Problem, check
from aether_tui.core.modelfile.diff import DiffLine, diff
from aether_tui.core.modelfile.document import Modelfile
from aether_tui.core.names import same_model
from aether_tui.core.parameters import engine_name, find, format_value, parse_value
from aether_tui.core.schema import EngineTarget, ModelFacts, ParameterSchema

if TYPE_CHECKING:
    from aether_tui.core.presets import Preset

COALESCE_S = 0.8
HISTORY_LIMIT = 500
KEYWORDS = ("FROM", "SYSTEM", "TEMPLATE", "ADAPTER", "LICENSE", "RENDERER", "PARSER", "DRAFT", "REQUIRES")
FROM_BASE = frozenset(["TEMPLATE", "RENDERER", "PARSER", "REQUIRES", "LICENSE"])


@dataclass(frozen=True, slots=True)
class Origin:
    """What was opened. `place` is a model name or a path."""

    kind: Literal["blank", "model", "gguf", "file", "alias", "draft"]
    place: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    document: Modelfile
    preset: Preset | None
    subject: str
    at_s: float


class EditSession:
    """The state behind the Editor. Every change is one undo step; turning one value is one step too.

    `baseline` is what is installed or was opened: the other side of the difference. `installed` says that
    it is on the server, so that what it has and the document lacks must really go (facts of `/api/create`).
    """

    def __init__(
        self,
        document: Modelfile,
        *,
        facts: ModelFacts,
        target: EngineTarget,
        schema: ParameterSchema,
        name: str = "",
        origin: Origin | None = None,
        baseline: Modelfile | None = None,
        installed: bool = False,
        exists: Callable[[str], bool] = lambda path: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.document = document
        self.facts = facts
        self.target = target
        self.schema = schema
        self.name = name
        self.origin = origin or Origin("blank")
        self.baseline = baseline
        self.installed = installed
        self.opened = document
        self.draft_key = ""
        self.revision = 0
        self._exists = exists
        self._clock = clock
        self._preset: Preset | None = None
        self._undo: list[_Step] = []
        self._redo: list[_Step] = []
        self._problems: tuple[int, list[Problem]] | None = None

    # Reading

    def written_name(self, identifier: str) -> str | None:
        """The name under which the document sets a parameter; files may use any engine's name."""
        parameters = self.document.parameters
        if identifier in parameters:
            return identifier
        for name in parameters:
            spec = find(name)
            if spec is not None and spec.id == identifier:
                return name
        return None

    def is_set(self, identifier: str) -> bool:
        """Whether the document sets a parameter."""
        return self.written_name(identifier) is not None

    def raw(self, identifier: str) -> tuple[str, ...]:
        """The values as written; empty where unset."""
        name = self.written_name(identifier)
        return self.document.parameters[name] if name is not None else ()

    def value(self, identifier: str) -> ParameterValue | None:
        """The value set in the document; None where unset or where the text is no value of its type."""
        return _parsed(self.schema, identifier, self.raw(identifier))

    def effective_value(self, identifier: str) -> ParameterValue | None:
        """The value that will hold: set here, else the default the schema gives."""
        value = self.value(identifier)
        if value is None and (row := self.schema.get(identifier)) is not None:
            return row.default
        return value

    @property
    def changes(self) -> int:
        """How many parameters and instructions differ from the baseline."""
        return len(self.changed_subjects())

    def changed_subjects(self) -> tuple[str, ...]:
        """The parameters and keywords that differ from the baseline."""
        old = _subjects(self.baseline if self.baseline is not None else self.opened)
        new = _subjects(self.document)
        return tuple(subject for subject in {**old, **new} if old.get(subject) != new.get(subject))

    def removed_subjects(self) -> tuple[str, ...]:
        """What the installed model has and the document lacks: inheritance alone would bring it back."""
        if not self.installed or self.baseline is None:
            return ()
        new = _subjects(self.document)
        gone = tuple(subject for subject in _subjects(self.baseline) if subject not in new)
        if same_model(self.baseline.get("FROM") or "", self.name):
            return gone
        # Of these a Modelfile holds only what differs from FROM, so without the line FROM's own stands again.
        return tuple(subject for subject in gone if subject not in FROM_BASE)

    @property
    def is_dirty(self) -> bool:
        """Whether there is anything that a draft must keep."""
        return self.document.to_bytes() != self.opened.to_bytes()

    @property
    def preset_title(self) -> str:
        """The preset in force; Custom once a value of it was changed."""
        if self._preset is None:
            return "Custom" if self.document.parameters else ""
        kept = all(self.value(name) == value for name, value in self._preset.parameters.items())
        return self._preset.title if kept else f"Custom ({self._preset.title.lower()})"

    def problems(self) -> list[Problem]:
        """What is wrong with the document for this server and model, errors first."""
        if self._problems is None or self._problems[0] != self.revision:
            found = check(self.document, self.target, self.schema, self.facts, self._exists)
            self._problems = (self.revision, found)
        return self._problems[1]

    def diff(self) -> list[DiffLine]:
        """The document against what is installed or was opened."""
        return diff(self.baseline if self.baseline is not None else self.opened, self.document)

    # Changing

    def set_value(self, identifier: str, value: ParameterValue) -> None:
        """Set one parameter. A list of no items takes it out."""
        row = self.schema.get(identifier)
        name = self.written_name(identifier) or engine_name(identifier, "ollama") or identifier
        if isinstance(value, tuple):
            values: Sequence[str] = value
        else:
            values = (format_value(row.spec, value) if row is not None else str(value),)
        changed = self.document.with_parameter(name, values) if values else self.document.without_parameter(name)
        self._change(changed, identifier)

    def unset(self, identifier: str) -> None:
        """Take a parameter out of the document."""
        name = self.written_name(identifier)
        if name is not None:
            self._change(self.document.without_parameter(name), identifier, join=False)

    def reset(self, identifier: str) -> None:
        """Back to what is installed or was opened."""
        before = self.baseline if self.baseline is not None else self.opened
        name = self.written_name(identifier)
        old = next((n for n in before.parameters if n == identifier or _id_of(n) == identifier), None)
        changed = self.document
        if old is None:
            changed = changed.without_parameter(name) if name is not None else changed
        else:
            if name is not None and name != old:
                changed = changed.without_parameter(name)
            changed = changed.with_parameter(old, before.parameters[old])
        self._change(changed, identifier, join=False)

    def reset_all(self) -> None:
        """Back to what is installed or was opened, texts included."""
        self._change(self.baseline if self.baseline is not None else self.opened, "*", join=False)
        self._preset = None

    def set_instruction(self, keyword: str, text: str | None) -> None:
        """Set FROM, SYSTEM, TEMPLATE, ADAPTER, LICENSE, …; None takes it out."""
        changed = (
            self.document.without_instruction(keyword)
            if text is None
            else self.document.with_instruction(keyword, text)
        )
        self._change(changed, keyword, join=False)

    def set_messages(self, messages: Sequence[Message]) -> None:
        """Replace the MESSAGE instructions."""
        self._change(self.document.with_messages(messages), "MESSAGE", join=False)

    def set_document(self, document: Modelfile) -> None:
        """Replace the whole text, as when it comes back from the user's own editor."""
        self._change(document, "*", join=False)

    def apply_preset(self, preset: Preset) -> None:
        """Set what a preset sets, as one step, fitted to this model and engine."""
        document = self.document
        from aether_tui.core.presets import fit_preset

        fitted = fit_preset(preset, self.schema)
        for identifier, value in fitted.parameters.items():
            name = self.written_name(identifier) or engine_name(identifier, "ollama") or identifier
            values = value if isinstance(value, tuple) else (format_value(self.schema[identifier].spec, value),)
            document = document.with_parameter(name, values)
        self._change(document, "*", join=False)
        self._preset = replace(preset, parameters=fitted.parameters)

    def rebase(self, baseline: Modelfile, *, installed: bool) -> None:
        """After a create: `baseline`, from which it was made, is what is installed."""
        self.baseline = baseline
        self.installed = installed
        self.opened = baseline
        self.revision += 1

    def moved(self, origin: Origin, exists: Callable[[str], bool]) -> None:
        """After a save: the document is that of `origin`, and its paths are taken from another folder."""
        self.origin = origin
        self._exists = exists
        self.revision += 1

    def retarget(self, target: EngineTarget, schema: ParameterSchema, facts: ModelFacts | None = None) -> None:
        """The server, or what is known of the model, changed; the document stays."""
        self.target = target
        self.schema = schema
        self.facts = facts or self.facts
        self.revision += 1

    # History

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._undo)

    def undo(self) -> bool:
        """Take the last step back; False where there is none."""
        return self._move(self._undo, self._redo)

    def redo(self) -> bool:
        """Do again what was taken back; False where there is nothing."""
        return self._move(self._redo, self._undo)

    def _move(self, source: list[_Step], sink: list[_Step]) -> bool:
        if not source:
            return False
        step = source.pop()
        sink.append(_Step(self.document, self._preset, step.subject, 0.0))
        self.document, self._preset = step.document, step.preset
        self.revision += 1
        return True

    def _change(self, document: Modelfile, subject: str, *, join: bool = True) -> None:
        if document is self.document or document == self.document:
            return
        now_s = self._clock()
        last = self._undo[-1] if self._undo else None
        if join and last is not None and last.subject == subject and now_s - last.at_s < COALESCE_S:
            self._undo[-1] = _Step(last.document, last.preset, subject, now_s)
        else:
            self._undo.append(_Step(self.document, self._preset, subject, now_s))
            del self._undo[:-HISTORY_LIMIT]
        self._redo.clear()
        self.document = document
        self.revision += 1


def _id_of(name: str) -> str:
    spec = find(name)
    return spec.id if spec is not None else name


def _parsed(schema: ParameterSchema, identifier: str, values: tuple[str, ...]) -> ParameterValue | None:
    if not values:
        return None
    row = schema.get(identifier)
    if row is None:
        return values if len(values) > 1 else values[0]
    if row.spec.type == "list":
        return values
    try:
        return parse_value(row.spec, values[-1])
    except AetherError:
        return None  # The checker names the bad value with its line; the row shows it as written.


def _subjects(document: Modelfile) -> Mapping[str, tuple[object, ...]]:
    """What a document says, by parameter id and by keyword."""
    subjects: dict[str, tuple[object, ...]] = {}
    for name, values in document.parameters.items():
        spec = find(name)
        subjects[_id_of(name)] = tuple(values) if spec is not None and spec.type == "list" else tuple(values[-1:])
    for keyword in KEYWORDS:
        values = document.all(keyword)
        if values:
            subjects[keyword] = tuple(values)
    if document.messages:
        subjects["MESSAGE"] = tuple(document.messages)
    return subjects
