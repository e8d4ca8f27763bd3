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
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from handraiser.collector import buffer, shapes, steps
from handraiser.collector.bots import Judge, Networks
from handraiser.collector.buffer import Buffer, Full, NotStored
from handraiser.collector.limits import Buckets
from handraiser.collector.records import Identification, Key, Records
from handraiser.collector.shapes import Hit, Sender
from handraiser.collector.steps import SENTENCES, Drop, Reason
from handraiser.collector.visitors import Visitors
from handraiser.core.journal.store import Store
from handraiser.core.journal.store.rows import DAY_MS
from handraiser.kit.envelope import Event

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# SDKs put a prefix of their own before /v1; Jitsu says /api/s/<type>; Segment in browsers says one letter.
_SEGMENT = re.compile(
    r"(?:/[\w.-]+)*/(?:v1|api/s)/(track|identify|page|screen|group|alias|batch|import|[tipgasb])/?"
)
_SHORT = {
    "t": "track", "i": "identify", "p": "page", "g": "group", "a": "alias", "s": "screen", "b": "batch",
}  # fmt: skip
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
# The headers that mean something here; the server gives names in lower case.
_HEARD = {
    name.encode(): name
    for name in (
        "access-control-request-headers", "authorization", "content-length", "dnt", "host", "origin", "sec-gpc",
        "user-agent", "x-forwarded-for", "x-write-key",
    )
}  # fmt: skip
_json = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Settings:
    """What the collector needs to know of this instance. `hosts` as in Django: names, ".suffix", or "*".

    `alone`: nothing else runs in this process.
    """

    open_journal: Callable[[], Store]
    records: Records
    home: Path
    secret: str
    hosts: Sequence[str]
    trusted_proxies: Sequence[str] = ()
    committed: Callable[[], None] = lambda: None
    capacity: int = 20_000
    capacity_bytes: int = 64_000_000
    burst: float = 120
    per_second: float = 20
    alone: bool = False
    clock: Callable[[], float] = field(default=time.time)


@dataclass(frozen=True)
class Figures:
    """What this process did since it started: events stored and dropped, requests refused, commits."""

    journal: buffer.Figures
    waiting: int
    dropped: Mapping[str, int]


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Collector:
    """`POST /e` and the Segment-shaped addresses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._buffer = Buffer(
            settings.open_journal,
            capacity=settings.capacity,
            capacity_bytes=settings.capacity_bytes,
            committed=settings.committed,
            alone=settings.alone,
        )
        self._records = settings.records
        self._visitors = Visitors(settings.home / "run" / "salts", settings.secret)
        judge = Judge(Networks(settings.home / "data-centres.txt"))
        self._steps = steps.all_steps(own_host=self._is_own_host, visitors=self._visitors, judge=judge)
        self._buckets = Buckets(burst=settings.burst, per_second=settings.per_second)
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in settings.trusted_proxies]
        self._refusals: Counter[tuple[int, str, str]] = Counter()
        self._dropped: Counter[str] = Counter()
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def takes(self, path: str) -> bool:
        """True if this address is the collector's."""
        return _verb(path) is not None

    @property
    def figures(self) -> Figures:
        """For the metrics page."""
        return Figures(self._buffer.figures, self._buffer.held, self._dropped)

    async def close(self) -> None:
        """Commit what was taken and write down what was refused."""
        self._closing.set()
        await self._buffer.settled()
        if self._writing is not None:
            await self._writing
        await self._write_refusals()
        await self._buffer.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {_HEARD[raw]: text.decode("latin-1") for raw, text in scope["headers"] if raw in _HEARD}
        cors = self._cors(scope["path"], headers)
        if scope["method"] == "OPTIONS":
            await _answer(send, 204, b"", _preflight(headers, cors))
            return
        if scope["method"] != "POST":
            await _answer(send, 405, b"", {"allow": "POST, OPTIONS"})
            return
        try:
            reply = await self._take(scope, headers, receive)
        except (_Refused, shapes.Unreadable) as refused:
            reason = _reason(refused)
            self._count(reason)
            status = _STATUS[reason]
            if status == 413 and scope["path"] != "/e":
                status = 400  # so says Segment, and only then do its SDKs not send it again
            wait = {"retry-after": "2"} if status in (429, 503) else {}
            body = _json({"success": False, "code": reason, "message": SENTENCES[reason]})
            await _answer(send, status, body, {**cors, **wait})
            return
        await _answer(send, 200, reply, cors)

    async def _take(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> bytes:
        address = self._address(scope, headers)
        verb = _verb(scope["path"])
        if verb is None:
            raise _Refused(Reason.UNKNOWN_TYPE)
        if verb == "e":
            self._limit(address)
            sender = self._browser(address, headers)
            body = shapes.unpack(await _body(headers, receive))
            hits = shapes.from_tracker(body, sender, now_ms=self._now())
            return await self._store(hits, size=len(body))
        body = shapes.unpack(await _body(headers, receive))
        sent = shapes.Sent(verb, body)
        key = await self._key(headers, sent.write_key)
        if key is None or key.public:
            self._limit(address)
        if key is None:
            raise _Refused(Reason.NO_KEY)
        if key.public and verb == "import":
            raise _Refused(Reason.NOT_FOR_PUBLIC_KEYS)
        hits = sent.hits(self._sender(address, headers, key), now_ms=self._now())
        if verb not in ("batch", "import") and hits[0].size > shapes.MOST_EVENT_BYTES:
            raise _Refused(Reason.TOO_LARGE)
        return await self._store(hits, size=len(body))

    async def _store(self, hits: Sequence[Hit], *, size: int) -> bytes:
        events: list[Event] = []
        identifications: list[Identification] = []
        dropped: dict[Reason, int] = {}
        for hit in hits:
            result = steps.take(hit, self._steps)
            if isinstance(result, Drop):
                dropped[result.reason] = dropped.get(result.reason, 0) + 1
                self._count(result.reason, steps.fact_of(hit))
                continue
            events.append(steps.event(result))
            if (said := steps.identification(result)) is not None:
                identifications.append(said)
        try:
            if identifications:
                # First the personal side: when it fails, the sender repeats both, and both know a repeat.
                await asyncio.to_thread(self._records.store_identifications, identifications)
            await self._buffer.add(events, size=size)
        except Full:
            raise _Refused(Reason.BUSY) from None
        except NotStored:
            raise _Refused(Reason.NOT_STORED) from None
        except Exception:
            log.exception("identifications could not be stored")
            raise _Refused(Reason.NOT_STORED) from None
        if not dropped:
            return _all_taken(len(events))
        return _json({"success": True, "taken": len(events), "dropped": dropped})

    def _now(self) -> int:
        return int(self._settings.clock() * 1000)

    def _limit(self, address: str) -> None:
        if not self._buckets.take(address, now=time.monotonic()):
            raise _Refused(Reason.TOO_MANY)

    async def _key(self, headers: Mapping[str, str], written: str) -> Key | None:
        text = _basic(headers.get("authorization", "")) or headers.get("x-write-key", "") or written
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
            host=_host(headers.get("host", "")),
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
        if "x-forwarded-for" in headers:
            hops = [hop.strip() for hop in headers["x-forwarded-for"].split(",") if hop.strip()]
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

    def _count(self, reason: Reason, fact: str = "") -> None:
        """Count a "no" to an event, or, without a fact, to a whole request."""
        self._dropped[reason] += 1
        self._refusals[self._now() // DAY_MS, fact, reason] += 1
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
            await self._buffer.note_drops(counts)
        except Exception:
            log.exception("refusals could not be counted")
            self._refusals.update(counts)


@lru_cache(maxsize=256)
def _verb(path: str) -> str | None:
    """What is asked of this address: "e" for our own tracker, a verb of the Segment shape, or None."""
    if path == "/e":
        return "e"
    found = _SEGMENT.fullmatch(path)
    return _SHORT.get(found[1], found[1]) if found else None


def _reason(refused: _Refused | shapes.Unreadable) -> Reason:
    if isinstance(refused, _Refused):
        return refused.reason
    return Reason.TOO_LARGE if isinstance(refused, shapes.TooLarge) else Reason.MALFORMED


@lru_cache(maxsize=256)
def _host(header: str) -> str:
    return steps.host_of(f"//{header}")


def _preflight(headers: Mapping[str, str], cors: Mapping[str, str]) -> dict[str, str]:
    """What a browser asks before it sends. SDKs add headers of their own; none of them means anything here."""
    if not cors:
        return {}
    return {
        **cors,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": headers.get("access-control-request-headers", "")
        or "authorization, content-type, x-write-key",
        "access-control-max-age": "86400",
    }


@lru_cache(maxsize=256)
def _all_taken(events: int) -> bytes:
    return _json({"success": True, "taken": events, "dropped": {}})


@lru_cache(maxsize=256)
def _basic(header: str) -> str:
    """The user name of Basic authentication: the write key. Bearer is taken for the same."""
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


_SENT_ALWAYS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


async def _answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    more = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()] if headers else []
    length = (b"content-length", b"%d" % len(body))
    start = {"type": "http.response.start", "status": status, "headers": [*_SENT_ALWAYS, length, *more]}
    await send(start)
    await send({"type": "http.response.body", "body": body})
