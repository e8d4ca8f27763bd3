"""The door for public pages: plain ASGI in front of Django, which holds rendered pages in memory.

A page is the same for every visitor: it sets no cookie, carries no session, and nothing in it is personal. Django
says so page by page, with the header `X-Handraiser-Page`, which goes no further than this door. It holds the
campaign fields in the page's headings and what filled them; nothing else of an address' query changes a page.

Whoever is signed in is led past the door. A held page is shown as long as the site's stamp is the one from before
it was made, and no longer than five minutes, as the date changes without anybody's doing. The mark of time and the
number in its forms are made anew each second.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from handraiser.capture import rendering
from handraiser.kit import clock
from handraiser.website.models import NAMED
from handraiser.website.rules import fields
from handraiser.website.stamp import Watcher

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Address = tuple[str, bytes, str]  # scheme, host, path

HELD_SECONDS = 300
MOST_BYTES = 16 * 1024 * 1024
MOST_PAGE_BYTES = 1024 * 1024
_MOST_ADDRESSES = 5_000
_NAMED = NAMED.lower().encode()
_GZIP = re.compile(rb"\bgzip\b")
# With one of these, a request is not a stranger's plain wish for a page.
_PAST = {b"authorization", b"x-requested-with", b"hx-request"}
_OURS = {b"content-length", b"content-encoding", b"vary", b"etag", b"cache-control", _NAMED}


@dataclass
class Page:
    """A rendered page, and the shape in which it is sent during this second."""

    stamp: str
    text: str
    headers: Headers
    until: float
    has_form: bool
    digest: str
    second: int = -1
    plain: bytes = b""
    packed: bytes = b""
    etag: bytes = b""

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, roughly: as rendered, as sent, and packed."""
        return len(self.text) * 5 // 2

    def freshen(self, second: int) -> None:
        """Give its forms the mark of this second. A page without a form stays as it is."""
        if self.plain and (second == self.second or not self.has_form):
            return
        text = rendering.renewed(self.text, at=clock.from_ms(second * 1000)) if self.has_form else self.text
        self.plain = text.encode()
        self.packed = gzip.compress(self.plain, 6, mtime=0)
        # A browser's own copy may keep its form for an hour, not for ever: the mark grows too old.
        hour = f"-{second // 3600}" if self.has_form else ""
        self.etag = f'W/"{self.digest}{hour}"'.encode()
        self.second = second


@dataclass
class PageDoor:
    """Answers for held pages, and asks `app` (Django) for everything else."""

    app: App
    stamp: Watcher
    session_cookie: str
    now: Callable[[], float] = time.time
    _pages: OrderedDict[tuple[Address, tuple[str, ...]], Page] = field(default_factory=OrderedDict)
    _fields: OrderedDict[Address, tuple[str, ...]] = field(default_factory=OrderedDict)
    held_bytes: int = 0
    _making: dict[tuple[Address, tuple[str, ...]], asyncio.Event] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if not self._is_plain(scope, headers):
            await self.app(scope, receive, _without_name(send))
            return
        address: Address = (scope["scheme"], headers.get(b"host", b""), scope["path"])
        stamp = await self.stamp()
        named = self._fields.get(address)
        if named is None or not stamp:
            await self._ask(scope, receive, send, address, stamp)
            return
        key = (address, _values(named, scope["query_string"]))
        if (page := self._held(key, stamp)) is None and (making := self._making.get(key)) is not None:
            # Somebody asked for it a moment ago: it need not be made twice.
            await making.wait()
            page = self._held(key, stamp)
        if page is None:
            made = self._making[key] = asyncio.Event()
            try:
                await self._ask(scope, receive, send, address, stamp)
            finally:
                made.set()
                if self._making.get(key) is made:
                    del self._making[key]
            return
        await self._answer(page, scope["method"], headers, send)

    def _is_plain(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        return (
            scope["method"] in ("GET", "HEAD")
            and not _PAST & headers.keys()
            and f"{self.session_cookie}=".encode() not in headers.get(b"cookie", b"")
        )

    def _held(self, key: tuple[Address, tuple[str, ...]], stamp: str) -> Page | None:
        page = self._pages.get(key)
        if page is None:
            return None
        if page.stamp != stamp or page.until < self.now():
            self._drop(key)
            return None
        self._pages.move_to_end(key)
        return page

    def _drop(self, key: tuple[Address, tuple[str, ...]]) -> None:
        self.held_bytes -= self._pages.pop(key).size

    async def _answer(self, page: Page, method: str, headers: dict[bytes, bytes], send: Send) -> None:
        page.freshen(int(self.now()))
        packs = _GZIP.search(headers.get(b"accept-encoding", b"")) is not None
        known = [tag.strip() for tag in headers.get(b"if-none-match", b"").split(b",")]
        if page.etag in known or page.etag[2:] in known or b"*" in known:
            status, body = 304, b""
            sent = [*page.headers]
        else:
            status, body = 200, page.packed if packs else page.plain
            sent = [*page.headers, (b"content-length", str(len(body)).encode())]
            if packs:
                sent.append((b"content-encoding", b"gzip"))
        sent += [(b"etag", page.etag), (b"cache-control", b"no-cache"), (b"vary", b"Accept-Encoding")]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    async def _ask(self, scope: Scope, receive: Receive, send: Send, address: Address, stamp: str) -> None:
        """Let Django answer; hold the answer if it is a page for everybody."""
        start: Message | None = None
        body = bytearray()
        filled: dict[str, str] | None = None

        async def listen(message: Message) -> None:
            nonlocal start, filled
            if message["type"] == "http.response.start":
                filled = _filled(message)
                if filled is not None and stamp and scope["method"] == "GET" and _is_for_everybody(message):
                    start = message
                await send(_stripped(message))
                return
            if start is not None and len(body) <= MOST_PAGE_BYTES:
                body.extend(message.get("body", b""))
                # Held before its last byte leaves: whoever has read it may ask again at once.
                if len(body) == _length(start) <= MOST_PAGE_BYTES:
                    self._hold(address, filled or {}, stamp, start, bytes(body))
                    start = None
            await send(message)

        await self.app(scope, receive, listen)

    def _hold(
        self,
        address: Address,
        filled: dict[str, str],
        stamp: str,
        start: Message,
        body: bytes,
    ) -> None:
        headers = [(name.lower(), value) for name, value in start["headers"]]
        if dict(headers).get(b"content-encoding") == b"gzip":
            body = gzip.decompress(body)
        text = body.decode()
        bare = rendering.bare(text)
        page = Page(
            stamp=stamp,
            text=text,
            headers=[(name, value) for name, value in headers if name not in _OURS],
            until=self.now() + HELD_SECONDS,
            has_form=bare != text,
            digest=hashlib.sha256(bare.encode()).hexdigest()[:24],
        )
        # Under what Django filled in, not what this door reads in the query: nobody's words become another's page.
        key = (address, tuple(filled.values()))
        if key in self._pages:
            self._drop(key)
        self._pages[key] = page
        self.held_bytes += page.size
        while self.held_bytes > MOST_BYTES:
            self._drop(next(iter(self._pages)))
        self._fields[address] = tuple(filled)
        self._fields.move_to_end(address)
        if len(self._fields) > _MOST_ADDRESSES:
            self._fields.popitem(last=False)


def _values(named: tuple[str, ...], query: bytes) -> tuple[str, ...]:
    """What the query gives for the page's campaign fields; all other addresses of the page are one."""
    if not named or not query:
        return ("",) * len(named)
    try:
        # As Django reads it: the last of several counts.
        given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        given = {}
    return tuple(fields.given(name, given) for name in named)


def _filled(message: Message) -> dict[str, str] | None:
    for name, value in message["headers"]:
        if name.lower() == _NAMED:
            return dict(parse_qsl(value.decode(), keep_blank_values=True))
    return None


def _is_for_everybody(message: Message) -> bool:
    headers = {name.lower(): value.lower() for name, value in message["headers"]}
    return (
        message["status"] == 200
        and b"set-cookie" not in headers
        and b"cookie" not in headers.get(b"vary", b"")
        and not any(word in headers.get(b"cache-control", b"") for word in (b"private", b"no-store"))
    )


def _length(message: Message) -> int:
    return next((int(value) for name, value in message["headers"] if name.lower() == b"content-length"), -1)


def _stripped(message: Message) -> Message:
    kept = [(name, value) for name, value in message["headers"] if name.lower() != _NAMED]
    return {**message, "headers": kept}


def _without_name(send: Send) -> Send:
    async def on(message: Message) -> None:
        await send(_stripped(message) if message["type"] == "http.response.start" else message)

    return on
