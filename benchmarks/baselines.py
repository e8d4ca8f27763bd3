"""What the collector is measured against: `python -m benchmarks.baselines django|no_sink HOME PORT`.

`django`: what one would write without it: a view that reads the body and makes one INSERT, under granian with
eight threads, on a journal of the same schema and the same pragmas. It checks no key and takes no step.
`no_sink`: the collector itself with a journal that keeps nothing: what is left is the cost of the request.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

JOURNAL = "baseline.sqlite3"


def django_application(home: Path) -> Any:
    """The view, as a WSGI application."""
    import json
    import secrets
    import time

    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.db import connection
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    pragmas = "pragma journal_mode=wal;pragma synchronous=full;pragma secure_delete=on"
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=secrets.token_hex(),
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": home / JOURNAL,
                "CONN_MAX_AGE": None,
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas},
            }
        },
    )

    def track(request: HttpRequest) -> JsonResponse:
        call = json.loads(request.body)
        now = int(time.time() * 1000)
        body = {"event": call["event"], "properties": call["properties"]}
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into event(message_id, name, occurred_at, received_at, day, visitor, depth, body)"
                " values(%s, 'attract.event_tracked', %s, %s, %s, %s, 0, %s)",
                (call["messageId"], now, now, now // 86_400_000, call["anonymousId"], json.dumps(body)),
            )
        return JsonResponse({"success": True}, headers={"Content-Length": "17"})

    global urlpatterns
    urlpatterns = [path("v1/track", track), path("readyz", lambda request: JsonResponse({}))]
    return get_wsgi_application()


urlpatterns: list[Any] = []


def serve_django(home: Path, port: int) -> None:
    """Granian, one worker, eight threads. The worker is a child process."""
    from granian import Granian
    from granian.constants import Interfaces

    from handraiser.core.journal.store import open_store

    store = open_store(path=home / JOURNAL)
    store.prepare()
    store.close()
    Granian(
        str(home),
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=8,
        log_enabled=False,
    ).serve(target_loader=lambda: django_application(home), wrap_loader=False)


def serve_no_sink(port: int) -> None:
    """The collector, every step on, that forgets what it took."""
    gc.set_threshold(50_000, 20, 50)
    from dataclasses import replace

    from handraiser.collector.app import Collector
    from handraiser.config import serving
    from handraiser.config.collector import Alone, own_settings
    from handraiser.core.journal.store import open_store

    def nowhere() -> Any:
        store = open_store(path=":memory:")
        store.append = _forget  # type: ignore[method-assign]
        return store

    door = Collector(replace(own_settings(), open_journal=nowhere, alone=True))
    serving.serve(Alone(door), host="127.0.0.1", port=port)


def _forget(events: Sequence[object], *, patient: bool = True) -> int:
    return len(events)


if __name__ == "__main__":
    kind, folder, port_ = sys.argv[1:]
    if kind == "django":
        serve_django(Path(folder), int(port_))
    else:
        serve_no_sink(int(port_))
