"""The REST API under /api/: one document, one kind of error, the routes of every folder."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from handraiser.attract.api import router as events
from handraiser.capture.api import router as leads
from handraiser.convert.api import router as deals
from handraiser.core.identity.api import router as identity
from handraiser.desk.api import router as desk
from handraiser.kit.errors import DomainError

api = NinjaAPI(
    title="Handraiser API",
    version="1",
    urls_namespace="api",
    docs_url=None,  # the usual viewers load their scripts from elsewhere
    description="Leads, people, events, deals and forms. Send `Authorization: Bearer <key>`; keys are made in"
    " Settings or with `handraiser keys create`. Writes take an `Idempotency-Key`.",
)
api.add_router("", leads)
api.add_router("", events)
api.add_router("", deals)
api.add_router("", identity)
api.add_router("", desk)


def _problem(request: HttpRequest, status: int, code: str, message: str, field: str = "") -> HttpResponse:
    return api.create_response(request, {"code": code, "message": message, "field": field}, status=status)


@api.exception_handler(DomainError)
def declined(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A request that the product understands and declines."""
    return _problem(request, error.status, error.code, error.message, error.field)


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A request whose shape is wrong: the first fault, by its field."""
    first: dict[str, Any] = dict(error.errors[0])
    field = ".".join(str(part) for part in first["loc"][1:])
    return _problem(request, 422, "invalid", f"{field}: {first['msg']}" if field else first["msg"], field)


@api.exception_handler(AuthenticationError)
def stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """No key, or one that is not in force."""
    return _problem(request, 401, "no_key", "Send a key in force: Authorization: Bearer <key>.")


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """A body that is no JSON, and the like."""
    return _problem(request, error.status_code, "unreadable", str(error))
