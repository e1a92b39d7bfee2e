"""The rows of the parameter list: which there are, and the words and figures in them. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from aether_tui.core.messages import Message, ParameterValue
from aether_tui.core.modelfile.check import Problem
from aether_tui.core.modelfile.document import Modelfile
from aether_tui.core.parameters import format_value
from aether_tui.core.schema import EffectiveParameter, EngineTarget, ParameterSchema

Kind = Literal["from", "group", "parameter", "item", "add", "more", "text"]
VALUE_WIDTH = 8
CHARACTERS_PER_TOKEN = 4

TEXTS = {
    "SYSTEM": "System prompt",
    "TEMPLATE": "Template",
    "MESSAGE": "Messages",
    "ADAPTER": "Adapter",
    "LICENSE": "Licence",
}
"""The rows below the parameters: keyword and title."""


class ParameterSource(Protocol):
    """What the list shows and changes: an edit session, or the settings of a conversation."""

    document: Modelfile
    schema: ParameterSchema
    target: EngineTarget

    @property
    def preset_title(self) -> str:
        """The preset in force."""
        ...

    def value(self, identifier: str, /) -> ParameterValue | None:
        """The value set; None where unset."""
        ...

    def raw(self, identifier: str, /) -> tuple[str, ...]:
        """The values as written."""
        ...

    def is_set(self, identifier: str, /) -> bool:
        """Whether it is set."""
        ...

    def set_value(self, identifier: str, value: ParameterValue, /) -> None:
        """Set one."""
        ...

    def unset(self, identifier: str, /) -> None:
        """Take one out."""
        ...

    def reset(self, identifier: str, /) -> None:
        """Back to what was opened."""
        ...

    def changed_subjects(self) -> tuple[str, ...]:
        """What differs from what was opened."""
        ...

    def problems(self) -> list[Problem]:
        """What is wrong."""
        ...


class Row(NamedTuple):
    """One row. `key` is its identity: the selection follows it when rows come and go."""

    kind: Kind
    key: str
    title: str
    identifier: str = ""
    at: int = -1


class Shown(NamedTuple):
    """Which groups and lists are open, and which rows there are at all."""

    open: frozenset[str]
    with_from: bool = True
    texts: tuple[str, ...] = tuple(TEXTS)


def build_rows(source: ParameterSource, shown: Shown) -> list[Row]:
    """All rows that are visible with these groups open."""
    rows = [Row("from", "FROM", "from")] if shown.with_from else []
    for group, title, parameters in source.schema.groups():
        rows.append(Row("group", group, title))
        if group in shown.open:
            rows.extend(_group_rows(source, group, parameters, shown))
    rows.extend(Row("text", keyword, TEXTS[keyword], keyword) for keyword in shown.texts)
    return rows


def _group_rows(
    source: ParameterSource, group: str, parameters: tuple[EffectiveParameter, ...], shown: Shown
) -> list[Row]:
    """The parameters this server takes, and those that are set; the others behind a row of their own."""
    rows: list[Row] = []
    hidden: list[EffectiveParameter] = []
    for parameter in parameters:
        identifier = parameter.spec.id
        if not parameter.supported and not source.is_set(identifier):
            hidden.append(parameter)
            continue
        rows.append(Row("parameter", identifier, identifier, identifier))
        if parameter.spec.type == "list" and identifier in shown.open:
            rows.extend(_item_rows(source, identifier))
    if hidden:
        key = f"{group}/more"
        rows.append(Row("more", key, f"{len(hidden)} not in {server_words(source.target)}", group))
        if key in shown.open:
            rows.extend(Row("parameter", p.spec.id, p.spec.id, p.spec.id) for p in hidden)
    return rows


def _item_rows(source: ParameterSource, identifier: str) -> list[Row]:
    values = source.raw(identifier)
    items = [Row("item", f"{identifier}/{index}", text, identifier, index) for index, text in enumerate(values)]
    return [*items, Row("add", f"{identifier}/add", "add one", identifier, len(values))]


def server_words(target: EngineTarget) -> str:
    """`this server (0.34.1)`, or the kind where the version is not known."""
    if target.version:
        return f"this server ({target.version})"
    return {"ollama": "Ollama", "llamacpp": "llama.cpp", "embedded": "llama.cpp"}.get(target.kind, "this server")


def group_summary(source: ParameterSource, parameters: tuple[EffectiveParameter, ...]) -> str:
    """What a closed group holds."""
    supported = sum(parameter.supported for parameter in parameters)
    taken = sum(source.is_set(parameter.spec.id) for parameter in parameters)
    if not supported and not taken:
        return f"not in {server_words(source.target)}"
    return f"{taken or 'none'} of {max(supported, taken)} set"


def value_words(parameter: EffectiveParameter, value: ParameterValue | None) -> str:
    """A value as its row shows it: the word for a special one, else the number with the decimals of its step."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        word = special_word(parameter, value)
        if word and len(word) <= VALUE_WIDTH:
            return word
    if isinstance(value, float) or parameter.spec.type == "float":
        return _decimals(parameter, float(value))  # type: ignore[arg-type]
    return format_value(parameter.spec, value)


def special_word(parameter: EffectiveParameter, value: ParameterValue) -> str:
    """The word for a value with a meaning of its own (0 is off); empty for others."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    for text, word in parameter.special.items():
        if _same_number(text, float(value)):
            return word
    return ""


def _same_number(text: str, value: float) -> bool:
    try:
        return float(text) == value
    except ValueError:
        return False


def _decimals(parameter: EffectiveParameter, value: float) -> str:
    step = parameter.step
    if step is None or step >= 1 or abs(value) >= 10_000:
        return f"{value:g}"
    places = len(str(step).partition(".")[2])
    text = f"{value:.{places}f}"
    return text if float(text) == value else f"{value:g}"


def plain_number(value: float) -> str:
    """A bound of a range: no needless `.0`."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def range_words(parameter: EffectiveParameter, dots: str, at_most: str, at_least: str, width: int) -> str:
    """`0…2`, or one end where both don't fit."""
    low, high = parameter.minimum, parameter.maximum
    if parameter.spec.type not in ("int", "float"):
        return ""
    if low is not None and high is not None and high < 2**31 - 1:
        both = f"{plain_number(low)}{dots}{plain_number(high)}"
        return both if len(both) <= width else f"{at_most} {plain_number(high)}"
    return f"{at_least} {plain_number(low)}" if low is not None else ""


def default_words(parameter: EffectiveParameter) -> str:
    """The default as a row shows it; `auto` where the server decides."""
    if parameter.default is not None:
        return value_words(parameter, parameter.default)
    return "auto" if parameter.default_source else ""


def text_summary(document: Modelfile, keyword: str, template_title: str) -> str:
    """What a text row says of its text."""
    if keyword == "MESSAGE":
        return _messages_summary(document.messages)
    if keyword == "LICENSE":
        count = len(document.all("LICENSE"))
        return "none" if not count else "1 text" if count == 1 else f"{count} texts"
    text = document.get(keyword)
    if keyword == "TEMPLATE":
        return template_title if text is None else f"{template_title}, {_lines(text)}"
    if keyword == "SYSTEM":
        return "none" if not text else f"~{max(1, round(len(text) / CHARACTERS_PER_TOKEN))} tokens, {_lines(text)}"
    return text or "none"


def _lines(text: str) -> str:
    count = text.strip("\n").count("\n") + 1
    return "1 line" if count == 1 else f"{count} lines"


def _messages_summary(messages: tuple[Message, ...]) -> str:
    if not messages:
        return "none"
    roles: Mapping[str, int] = {
        role: sum(message.role == role for message in messages) for role in ("user", "assistant")
    }
    return f"{len(messages)}: {roles['user']} user, {roles['assistant']} assistant"
