"""The one listening process: plain ASGI doors first, Django under WSGI threads for all else."""

from __future__ import annotations

import gc
import os
from collections.abc import MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handraiser.config.settings")

import django

django.setup()

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import resolve

from handraiser.collector.app import Collector
from handraiser.config import metrics
from handraiser.config.bridge import Bridge
from handraiser.config.collector import own_settings
from handraiser.website import door
from handraiser.website.stamp import Watcher

Scope = MutableMapping[str, Any]

# Eight threads beat sixty-four by 40 %: SQLite has one writer, Python one core. And each connection that writes
# makes the others read their pages anew: two take forms 10 % faster than eight.
_django = Bridge(get_wsgi_application(), workers=6, intake=2)


def _pages() -> door.PageDoor:
    database = settings.DATABASES["default"]
    path = str(database["NAME"]) if connection.vendor == "sqlite" else ""
    return door.PageDoor(app=_django, stamp=Watcher(path=path), session_cookie=settings.SESSION_COOKIE_NAME)


_doors = Collector(own_settings())
metrics.of_the_collector = lambda: _doors.figures
_site = _pages()
# All addresses are loaded now, not in the first request; then nothing of it is looked through for garbage again.
resolve("/healthz")
gc.freeze()


async def application(scope: Scope, receive, send) -> None:
    """Route by path. Django starts no event loop and shares none."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await _doors.close()
                _site.stamp.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "http" and _doors.takes(scope["path"]):
        await _doors(scope, receive, send)
        return
    if scope["type"] == "http":
        await _site(scope, receive, send)
        return
    await _django(scope, receive, send)
