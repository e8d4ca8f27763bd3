"""A collector that takes some pages, for looking at its figures."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from handraiser.collector.app import Collector, Figures, Settings
from handraiser.collector.records import Records
from handraiser.core.journal.store import Store, open_store

AGENT = (
    b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
_NOW = 1_795_000_000_000


def collector(home: Path) -> Collector:
    """A collector on files of its own."""

    def opened() -> Store:
        store = open_store(path=home / "journal.sqlite3")
        store.prepare()
        return store

    (home / "run").mkdir(exist_ok=True)
    return Collector(
        Settings(
            open_journal=opened,
            records=Records(path=home / "records.sqlite3"),
            home=home,
            secret="s" * 40,
            hosts=["127.0.0.1"],
            clock=lambda: _NOW / 1000,
        )
    )


def ask(app: Any, path: str, *, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """One request from loopback: a GET, or a POST when it has a body. Returns status and answer."""

    async def run() -> tuple[int, bytes]:
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body or b""}

        async def send(message: dict[str, Any]) -> None:
            told.append(message)

        scope = {
            "type": "http",
            "method": "GET" if body is None else "POST",
            "path": path,
            "client": ("127.0.0.1", 1),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"user-agent", AGENT),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
        }
        await app(scope, receive, send)
        if isinstance(app, Collector):
            await app.close()
        return told[0]["status"], told[1]["body"]

    return asyncio.run(run())


def send_pages(home: Path, count: int) -> Figures:
    """Send that many page views at once; the collector's figures afterwards."""
    pages = [
        {"k": "page", "i": f"page-{number}", "a": _NOW, "u": "http://127.0.0.1/pricing/"}
        for number in range(count)
    ]
    door = collector(home)
    assert ask(door, "/e", body=json.dumps({"s": _NOW, "e": pages}).encode())[0] == 200
    return door.figures
