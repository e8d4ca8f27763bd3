"""The door itself: a plain ASGI callable. Everything that is acknowledged is on disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import ipaddress
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from handraiser.collector import shapes, steps
from handraiser.collector.buffer import Buffer, Full, NotStored
from handraiser.collector.limits import Buckets
from handraiser.collector.records import Identification, Key, Records
from handraiser.collector.shapes import Hit, Sender
from handraiser.collector.steps import SENTENCES, Drop, Reason
from handraiser.collector.visitors import Visitors
from handraiser.core.journal.store import Store
from handraiser.kit.envelope import Event

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# SDKs put a prefix of their own before /v1; Jitsu says /api/s/<type>.
_SEGMENT = re.compile(
    r"(?:/[\w.-]+)*/(?:v1|api/s)/(track|identify|page|screen|group|alias|batch|import|t|i|p|g|a)/?"
)
_SHORT = {"t": "track", "i": "identify", "p": "page", "g": "group", "a": "alias"}
_STATUS = {
    Reason.MALFORMED: 400,
    Reason.TOO_LARGE: 413,
    Reason.NO_KEY: 401,
    Reason.FOREIGN_ORIGIN: 403,
    Reason.NOT_FOR_PUBLIC_KEYS: 403,
    Reason.TOO_MANY: 429,
    Reason.BUSY: 503,
    Reason.NOT_STORED: 503,
}
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Settings:
    """What the collector needs to know of this instance. `hosts` as in Django: names, ".suffix", or "*"."""

    open_journal: Callable[[], Store]
    records: Records
    home: Path
    secret: str
    hosts: Sequence[str]
    trusted_proxies: Sequence[str] = ()
    committed: Callable[[], None] = lambda: None
    capacity: int = 20_000
    burst: float = 120
    per_second: float = 20
    clock: Callable[[], float] = field(default=time.time)


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Collector:
    """`POST /e` and the Segment-shaped addresses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._buffer = Buffer(settings.open_journal, capacity=settings.capacity, committed=settings.committed)
        self._records = settings.records
        self._visitors = Visitors(settings.home / "run" / "salts", settings.secret)
        self._steps = steps.all_steps(own_host=self._is_own_host, visitors=self._visitors)
        self._buckets = Buckets(burst=settings.burst, per_second=settings.per_second)
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in settings.trusted_proxies]
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def takes(self, path: str) -> bool:
        """True if this address is the collector's."""
        return path == "/e" or bool(_SEGMENT.fullmatch(path))

    async def close(self) -> None:
        """Commit what was taken and write down what was refused."""
        self._closing.set()
        await self._buffer.close()
        if self._writing is not None:
            await self._writing
        await self._write_refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        cors = self._cors(scope["path"], headers)
        if scope["method"] == "OPTIONS":
            await _answer(send, 204, b"", {**cors, **_PREFLIGHT})
            return
        if scope["method"] != "POST":
            await _answer(send, 405, b"", {"allow": "POST, OPTIONS"})
            return
        try:
            reply = await self._take(scope, headers, receive)
        except _Refused as refused:
            reason = refused.reason
            self._count(reason)
            wait = {"retry-after": "2"} if _STATUS[reason] in (429, 503) else {}
            body = _json({"success": False, "code": reason, "message": SENTENCES[reason]})
            await _answer(send, _STATUS[reason], body, {**cors, **wait})
            return
        await _answer(send, 200, _json(reply), cors)

    async def _take(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> dict[str, Any]:
        address = self._address(scope, headers)
        path = scope["path"]
        if path == "/e":
            self._limit(address)
            sender = self._browser(address, headers)
            body = await _body(headers, receive)
            hits = self._read(lambda now: shapes.from_tracker(shapes.unpack(body), sender, now_ms=now))
        else:
            found = _SEGMENT.fullmatch(path)
            assert found is not None
            verb = _SHORT.get(found[1], found[1])
            body = await _body(headers, receive)
            plain = self._unpacked(body)
            key = await self._key(headers, plain)
            if key is None or key.public:
                self._limit(address)
            if key is None:
                raise _Refused(Reason.NO_KEY)
            if key.public and verb == "import":
                raise _Refused(Reason.NOT_FOR_PUBLIC_KEYS)
            sender = self._sender(address, headers, key)
            hits = self._read(lambda now: shapes.from_segment(verb, plain, sender, now_ms=now))
        return await self._store(hits)

    async def _store(self, hits: Sequence[Hit]) -> dict[str, Any]:
        events: list[Event] = []
        identifications: list[Identification] = []
        dropped: Counter[Reason] = Counter()
        for hit in hits:
            result = steps.take(hit, self._steps)
            if isinstance(result, Drop):
                dropped[result.reason] += 1
                self._count(result.reason)
                continue
            events.append(steps.event(result))
            if (said := steps.identification(result)) is not None:
                identifications.append(said)
        try:
            if identifications:
                # First the personal side: when it fails, the sender repeats both, and both know a repeat.
                await asyncio.to_thread(self._records.store_identifications, identifications)
            await self._buffer.add(events)
        except Full:
            raise _Refused(Reason.BUSY) from None
        except NotStored:
            raise _Refused(Reason.NOT_STORED) from None
        except Exception:
            log.exception("identifications could not be stored")
            raise _Refused(Reason.NOT_STORED) from None
        return {"success": True, "taken": len(events), "dropped": dict(dropped)}

    def _read(self, read: Callable[[int], list[Hit]]) -> list[Hit]:
        try:
            return read(int(self._settings.clock() * 1000))
        except shapes.TooLarge:
            raise _Refused(Reason.TOO_LARGE) from None
        except (shapes.Unreadable, RecursionError):
            raise _Refused(Reason.MALFORMED) from None

    def _unpacked(self, body: bytes) -> bytes:
        try:
            return shapes.unpack(body)
        except shapes.TooLarge:
            raise _Refused(Reason.TOO_LARGE) from None
        except shapes.Unreadable:
            raise _Refused(Reason.MALFORMED) from None

    def _limit(self, address: str) -> None:
        if not self._buckets.take(address, now=time.monotonic()):
            raise _Refused(Reason.TOO_MANY)

    async def _key(self, headers: Mapping[str, str], body: bytes) -> Key | None:
        text = _basic(headers.get("authorization", "")) or headers.get("x-write-key", "")
        text = text or shapes.written_key(body)
        if not text:
            return None
        known, key = self._records.cached_key(text)
        if not known:
            try:
                key = await asyncio.to_thread(self._records.key, text)
            except Exception:
                log.exception("write keys could not be read")
                raise _Refused(Reason.NOT_STORED) from None
        return key

    def _browser(self, address: str, headers: Mapping[str, str]) -> Sender:
        sender = self._sender(address, headers, None)
        origin = headers.get("origin", "")
        host = steps.host_of(origin)
        if not self._is_own_host(sender.host):
            raise _Refused(Reason.FOREIGN_ORIGIN)
        if origin and host != sender.host and not self._is_own_host(host):
            raise _Refused(Reason.FOREIGN_ORIGIN)
        return sender

    def _sender(self, address: str, headers: Mapping[str, str], key: Key | None) -> Sender:
        return Sender(
            address=address,
            user_agent=headers.get("user-agent", "")[:500],
            host=steps.host_of(f"//{headers.get('host', '')}"),
            private=headers.get("sec-gpc") == "1" or headers.get("dnt") == "1",
            key=key,
        )

    def _is_own_host(self, host: str) -> bool:
        for allowed in self._settings.hosts:
            if allowed == "*" or host == allowed.strip("[]"):
                return True
            if allowed.startswith(".") and (host == allowed[1:] or host.endswith(allowed)):
                return True
        return False

    def _address(self, scope: Scope, headers: Mapping[str, str]) -> str:
        address = (scope.get("client") or ("", 0))[0]
        hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        while hops and self._is_proxy(address):
            address = hops.pop()
        return str(address)[:60]

    def _is_proxy(self, address: str) -> bool:
        with contextlib.suppress(ValueError):
            ip = ipaddress.ip_address(address)
            return any(ip in network for network in self._proxies)
        return False

    def _cors(self, path: str, headers: Mapping[str, str]) -> dict[str, str]:
        origin = headers.get("origin", "")
        if not origin:
            return {}
        # Keys carry no cookies, so any site may use its own; our tracker is for configured sites.
        if path != "/e" or self._is_own_host(steps.host_of(origin)):
            return {"access-control-allow-origin": origin, "vary": "origin"}
        return {}

    def _count(self, reason: Reason) -> None:
        day = datetime.fromtimestamp(self._settings.clock(), UTC).strftime("%Y-%m-%d")
        self._refusals[day, reason] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later())

    async def _write_later(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), 1.0)
        await self._write_refusals()

    async def _write_refusals(self) -> None:
        counts, self._refusals = self._refusals, Counter()
        if not counts:
            return
        try:
            await asyncio.to_thread(self._records.count_refusals, counts)
        except Exception:
            log.exception("refusals could not be counted")
            self._refusals.update(counts)


_PREFLIGHT = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type, x-write-key",
    "access-control-max-age": "86400",
}


def _basic(header: str) -> str:
    """The user name of Basic authentication: the write key."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes:
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > shapes.MOST_BYTES:
        raise _Refused(Reason.TOO_LARGE)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Refused(Reason.MALFORMED)
        part = message.get("body", b"")
        size += len(part)
        if size > shapes.MOST_BYTES:
            raise _Refused(Reason.TOO_LARGE)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    all_headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **headers,
    }
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in all_headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
