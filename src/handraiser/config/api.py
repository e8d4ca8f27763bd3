"""The REST API under /api/: one document, one kind of error, the routes of every folder."""

from __future__ import annotations

from ninja import NinjaAPI
from ninja.openapi.docs import Redoc

from handraiser.kit.errors import DomainError

api = NinjaAPI(
    title="Handraiser API",
    version="1",
    urls_namespace="api",
    docs=Redoc(),
    docs_url=None,
    description="Leads, people, events, deals and forms. Authorise with `Authorization: Bearer <key>`.",
)


@api.exception_handler(DomainError)
def declined(request, error: DomainError):
    """A request that the product understands and declines."""
    return api.create_response(
        request, {"code": error.code, "message": error.message, "field": error.field}, status=error.status
    )
