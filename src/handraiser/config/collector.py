"""The collector of this instance: a door of the listening process, or a process of its own."""

from __future__ import annotations

import gc
import os
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handraiser.config.settings")

# Of Django the settings and the connection's parameters alone: no apps, no models.
from django.conf import settings

from handraiser.collector import metrics
from handraiser.collector.app import Collector, Settings
from handraiser.collector.records import Records
from handraiser.core.journal import live, wake
from handraiser.core.journal.store import Store, open_store


def _open_journal() -> Store:
    path, conninfo = live.target()
    store = open_store(path=path or None, conninfo=conninfo)
    store.prepare()
    return store


def own_settings() -> Settings:
    """What a collector of this instance has to know: its journal, its records, its hosts."""
    _, conninfo = live.target()
    return Settings(
        open_journal=_open_journal,
        records=Records(path=str(settings.DATABASES["default"]["NAME"]), conninfo=conninfo),
        home=settings.HOME,
        secret=settings.SECRET_KEY,
        hosts=settings.ALLOWED_HOSTS,
        trusted_proxies=settings.TRUSTED_PROXIES,
        committed=wake.loop,
    )


class Alone:
    """The collector as an application of its own: nothing else is here."""

    def __init__(self, door: Collector | None = None) -> None:
        # A server's answer may take its time: only a file is written to by the thread that reads requests.
        self._door = door or Collector(replace(own_settings(), alone=not live.target()[1]))
        gc.freeze()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Serve the collector's addresses; everything else is not found."""
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                if message["type"] == "lifespan.shutdown":
                    await self._door.close()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        if scope["type"] == "http" and self._door.takes(scope["path"]):
            await self._door(scope, receive, send)
        elif scope["type"] == "http":
            if scope["path"] == "/metrics" and metrics.is_asked_here(scope):
                text = metrics.text(metrics.families(self._door.figures))
                await _answer(send, 200, metrics.CONTENT_TYPE, text)
                return
            status = 200 if scope["path"] in ("/healthz", "/readyz") else 404
            await _answer(send, status, "text/plain", b"")


async def _answer(send: Any, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
