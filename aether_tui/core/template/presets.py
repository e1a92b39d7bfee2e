"""The prompt formats that we ship as a TEMPLATE."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.data import load_json, load_text


@dataclass(frozen=True, slots=True)
class TemplatePreset:
    """One prompt format: the TEMPLATE text, the stops that belong to it, and where the format is told."""

    id: str
    title: str
    text: str
    stops: tuple[str, ...]
    source: str
    families: tuple[str, ...] = ()


@cache
def template_presets() -> tuple[TemplatePreset, ...]:
    """All presets, in the order to offer them."""
    return tuple(
        TemplatePreset(
            id=entry["id"],
            title=entry["title"],
            # The file ends with a newline of its own.
            text=load_text(f"templates/{entry['id']}.gotmpl").removesuffix("\n"),
            stops=tuple(entry["stops"]),
            source=entry["source"],
            families=tuple(entry["families"]),
        )
        for entry in load_json("templates/index.json")["presets"]
    )


def preset(id: str) -> TemplatePreset:
    """The preset of that id. Raises AetherError when there is none."""
    for each in template_presets():
        if each.id == id:
            return each
    known = ", ".join(each.id for each in template_presets())
    raise AetherError(ErrorCode.BAD_INPUT, f"There is no template preset {id!r}", f"Choose one of {known}", {"id": id})
