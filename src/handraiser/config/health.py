"""/healthz: this process answers. /readyz: its stores do too."""

from __future__ import annotations

from django.db import connections
from django.http import HttpRequest, JsonResponse

from handraiser.core.journal.live import journal


def alive(request: HttpRequest) -> JsonResponse:
    """The process is up. Asks nothing of anybody else."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Records, cache and journal answer; 503 names the one that does not."""
    failed = []
    for name in ("default", "cache"):
        try:
            with connections[name].cursor() as cursor:
                cursor.execute("select 1")
        except Exception:
            failed.append("records" if name == "default" else name)
    try:
        journal().head()
    except Exception:
        failed.append("journal")
    return JsonResponse(
        {"status": "failed" if failed else "ok", "failed": failed}, status=503 if failed else 200
    )
