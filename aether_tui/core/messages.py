"""A message, and the values a parameter may have: what light modules need of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
ParameterValue = bool | int | float | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `thinking` is what the model thought before `content`."""

    role: Role
    content: str
    thinking: str = ""
