"""The shape of an alias file. Imported late: pydantic is slow to load."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Scalar = bool | int | float | str


class AliasMessage(BaseModel):
    """One message that every conversation starts with."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


class AliasFile(BaseModel):
    """One file of `aliases/`. Keys that we don't know are kept."""

    model_config = ConfigDict(extra="allow")
    alias: str = Field(min_length=1)
    model: str = ""
    context_params: dict[str, Scalar | list[Scalar]] = {}
    request_params: dict[str, Scalar | list[Scalar]] = {}
    system: str = ""
    template: str = ""
    adapter: str = ""
    messages: list[AliasMessage] = []
