"""Answers of servers as models: what is there is checked, what is new is passed over."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from aether_tui.core.errors import AetherError, ErrorCode


class Answer(BaseModel):
    """Anything a server sends: unknown fields are passed over."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())


AnswerT = TypeVar("AnswerT", bound=Answer)


def checked(model: type[AnswerT], value: object, subject: str, remedy: str) -> AnswerT:
    """The answer as a model. Raises AetherError that names the field which isn't as expected."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the answer"
        message = f"{subject} answered something else than expected: {place}: {first['msg']}"
        raise AetherError(ErrorCode.ENGINE_REFUSED, message, remedy) from error
