"""The few rows of the records database that the collector touches, by plain SQL on either engine."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import msgspec

_decode = msgspec.json.decode
_CACHED_SECONDS = 30.0


@dataclass(frozen=True)
class Key:
    """A write key as the door needs it. `public` ones stand in pages for everybody to read."""

    id: str
    public: bool


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """What an `identify` call says. The traits are personal: they live in records, never in the journal."""

    message_id: str
    key: Key
    visitor: str | None
    user_id: str
    traits: dict[str, Any]
    at_ms: int


class Records:
    """Reads write keys (cached for 30 s) and stores identifications.

    A connection is opened for each call that needs one: calls are rare, and threads differ.
    """

    def __init__(self, *, path: Path | str | None = None, conninfo: str = "") -> None:
        self._path = path
        self._conninfo = conninfo
        self._keys: dict[str, tuple[float, Key | None]] = {}
        self._lock = threading.Lock()

    def cached_key(self, text: str) -> tuple[bool, Key | None]:
        """(known, key) from the cache alone."""
        found = self._keys.get(_digest(text))
        if found is None or found[0] < time.monotonic():
            return False, None
        return True, found[1]

    def key(self, text: str) -> Key | None:
        """The live key with this text and the scope `collect`; None if there is none. Asks the database."""
        digest = _digest(text)
        rows = self._run(
            "select id, scopes, public from staff_api_key where hash = ? and revoked_at is null", (digest,)
        )
        key = None
        for row_id, scopes, public in rows:
            allowed = scopes if isinstance(scopes, list) else _decode(scopes)
            if "collect" in allowed or "*" in allowed:
                key = Key(id=row_id, public=bool(public))
        with self._lock:
            if len(self._keys) > 10_000:  # somebody guesses keys
                self._keys.clear()
            self._keys[digest] = (time.monotonic() + _CACHED_SECONDS, key)
        return key

    def store_identifications(self, rows: Sequence[Identification]) -> None:
        """Store them, each message once."""
        self._run_many(
            "insert into attract_identification(message_id, key_id, trusted, visitor, user_id, traits,"
            " identified_at, received_at, error) values(?,?,?,?,?,?,?,?,'')"
            " on conflict(message_id) do nothing",
            [
                (
                    row.message_id,
                    row.key.id,
                    not row.key.public,
                    row.visitor or "",
                    row.user_id,
                    msgspec.json.encode(row.traits).decode(),
                    self._moment(row.at_ms),
                    self._moment(int(time.time() * 1000)),
                )
                for row in rows
            ],
        )

    def _run(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._conninfo:
            import psycopg

            with psycopg.connect(self._conninfo, autocommit=True) as db:
                return db.execute(cast(Any, sql.replace("?", "%s")), values).fetchall()
        light = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=20)
        try:
            return light.execute(sql, values).fetchall()
        finally:
            light.close()

    def _run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if self._conninfo:
            import psycopg

            with psycopg.connect(self._conninfo) as db:
                db.cursor().executemany(cast(Any, sql.replace("?", "%s")), rows)
            return
        light = sqlite3.connect(str(self._path), timeout=20, isolation_level=None)
        try:
            light.execute("pragma synchronous=full")
            light.execute("begin immediate")
            light.executemany(sql, rows)
            light.execute("commit")
        finally:
            light.close()

    def _moment(self, ms: int) -> datetime | str:
        moment = datetime.fromtimestamp(ms / 1000, UTC)
        # Django keeps times on SQLite as text, in UTC, without a zone.
        return moment if self._conninfo else moment.strftime("%Y-%m-%d %H:%M:%S.%f")


@lru_cache(maxsize=256)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
