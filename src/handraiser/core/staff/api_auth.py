"""How programs prove who they are: a bearer key with a scope."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from ninja.security import HttpBearer
from pydantic import AfterValidator, Field

from handraiser.core.staff.actions import keys
from handraiser.core.staff.models import ApiKey
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

SCOPES = {
    "collect": "send events",
    "leads:read": "read leads and people",
    "leads:write": "add and change leads and people",
    "deals:read": "read deals",
    "deals:write": "add and change deals",
    "forms:read": "read forms and their questions",
    "forms:write": "submit forms",
    "events:read": "read the timeline of a person",
    "metrics:read": "read how the instance is doing",
}


class Problem(Schema):
    """What every declined request answers."""

    code: str
    message: str
    field: str = ""


PROBLEMS: dict[Any, Any] = {
    400: Problem,
    401: Problem,
    403: Problem,
    404: Problem,
    409: Problem,
    422: Problem,
    429: Problem,
}


def _clean(text: str) -> str:
    # PostgreSQL cannot store NUL, and a lone surrogate cannot be written as UTF-8.
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("contains a character that cannot be stored")
    return text


Text = Annotated[str, Field(max_length=400), AfterValidator(_clean)]
LongText = Annotated[str, Field(max_length=20_000), AfterValidator(_clean)]
Id = Annotated[str, Field(max_length=40), AfterValidator(_clean)]


class KeyAuth(HttpBearer):
    """`Authorization: Bearer <key>`; the key must hold the scope."""

    openapi_name = "key"

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = keys.verify(secret=token, scope=None, at=clock.now())
        if key is None or key.public:
            return None
        if self.scope not in key.scopes and "*" not in key.scopes:
            raise DomainError("scope", f"This key may not {SCOPES[self.scope]}.", kind="refused")
        return key
