"""Bodies of both doors, read into hits."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from handraiser.collector.records import Key
from handraiser.kit import ids

# As Segment says them: SDKs fill their batches up to these, in units of 1,024.
MOST_BYTES = 500 * 1024  # a batch, unpacked
MOST_EVENT_BYTES = 32 * 1024
MOST_EVENTS = 2_500
_MILLISECONDS = re.compile(r"(?:^|[-_])(1\d{12})(?:[-_]|$)")
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NULL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")  # behind an even number of backslashes
_LATEST_MS = 4_102_444_800_000  # the year 2100: a clock beyond it is broken


class Unreadable(Exception):
    """The body is not what this door takes; the text says why."""


class TooLarge(Unreadable):
    """The body is larger than the door."""


class Sender(msgspec.Struct, frozen=True):
    """Who knocks: what the request itself says, before its body is believed."""

    address: str
    user_agent: str
    host: str
    private: bool = False  # the browser asks not to be followed: GPC or DNT
    key: Key | None = None  # None: our own tracker


class Hit(msgspec.Struct, gc=False):
    """One event as sent, before any step. `kind`: page, track, screen, group, alias, identify.

    It belongs to the request that brought it: steps change it in place, for a copy a step costs more than
    the steps do. A struct is made in a fifth of a dataclass's time, and is in no ring: no garbage to look for.
    """

    kind: str
    message_id: str
    occurred_at: int
    received_at: int
    sender: Sender
    name: str = ""
    url: str = ""
    title: str = ""
    referrer: str = ""
    visitor: str = ""
    anonymous_id: str = ""
    user_id: str = ""
    user_agent: str = ""  # of whom it is about; "" if a server does not say
    consent: bool = False
    bot: str = ""
    size: int = 0
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    utm: dict[str, str] = {}
    click_ids: dict[str, str] = {}
    term: str = ""


class _TrackerEvent(msgspec.Struct):
    """k kind, i message id, a browser's clock, u address, t title, r referrer, n name, p properties."""

    k: str
    i: str = ""
    a: float = 0
    u: str = ""
    t: str = ""
    r: str = ""
    n: str = ""
    p: dict[str, Any] = {}


class _TrackerBody(msgspec.Struct):
    """v visitor id, c 1 with consent, g 1 wants not to be followed, s clock at sending, e events."""

    e: list[_TrackerEvent]
    v: str = ""
    c: int = 0
    g: int = 0
    s: float = 0


class _Page(msgspec.Struct, gc=False):
    url: str | None = None
    title: str | None = None
    referrer: str | None = None


class _Context(msgspec.Struct, rename="camel", gc=False):
    page: _Page | None = None
    campaign: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    user_agent: str | None = None


class _Call(msgspec.Struct, rename="camel", gc=False):
    """One call of the Segment shape, as most say it; what others say in its place is mended."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    message_id: str | None = None
    anonymous_id: str | None = None
    user_id: str | None = None
    previous_id: str | None = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    write_key: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: _Context | None = None


class _Batch(msgspec.Struct, rename="camel"):
    """Many calls. They stay bytes at first, so that one that is wrong, or too large, harms no other."""

    batch: list[msgspec.Raw]
    sent_at: Any = None
    write_key: Any = None
    context: Any = None


_tracker_body = msgspec.json.Decoder(_TrackerBody)
_call = msgspec.json.Decoder(_Call)
_batch = msgspec.json.Decoder(_Batch)
_object = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode
_NO_CONTEXT, _NO_PAGE = _Context(), _Page()
# They stand in fields of their own.
_NOT_PROPERTIES = frozenset(("url", "title", "referrer", "path", "search"))
_OBJECTS = {"properties", "traits", "context", "page", "campaign"}
_TEXTS = {
    "type", "event", "name", "messageId", "anonymousId", "userId", "previousId", "writeKey", "userAgent",
    "url", "title", "referrer",
}  # fmt: skip
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def unpack(body: bytes) -> bytes:
    """The body, unpacked if its first bytes say gzip: SDKs mislabel it. Null characters are replaced in it.

    Raises TooLarge or Unreadable.
    """
    if body[:2] != b"\x1f\x8b":
        return _without_nulls(body)
    try:
        unpacker = zlib.decompressobj(wbits=31)
        plain = unpacker.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise Unreadable("The body begins like gzip, but cannot be unpacked.") from error
    if len(plain) > MOST_BYTES or unpacker.unconsumed_tail:
        raise TooLarge(f"Unpacked, the body is larger than {MOST_BYTES:,} bytes.")
    if not unpacker.eof:
        raise Unreadable("The body is cut off.")
    return _without_nulls(plain)


def _without_nulls(body: bytes) -> bytes:
    """Null characters as the sign for what cannot be shown: PostgreSQL can hold them in no text.

    Only the escape can say one; in JSON the character itself is an error.
    """
    return _NULL.sub(rb"\1\\ufffd", body) if b"\\u0000" in body else body


def pack(body: bytes) -> bytes:
    """The reverse of `unpack`, for tests and clients."""
    return gzip.compress(body, mtime=0)


def from_tracker(body: bytes, sender: Sender, *, now_ms: int) -> list[Hit]:
    """The hits of our own tracker. Raises Unreadable."""
    try:
        batch = _tracker_body.decode(body)
    except _BROKEN as error:
        raise Unreadable(f"Not a tracker's body: {error}") from error
    if len(batch.e) > MOST_EVENTS:
        raise TooLarge(f"More than {MOST_EVENTS:,} events.")
    if batch.g:
        sender = msgspec.structs.replace(sender, private=True)
    hits = []
    for one in batch.e:
        # The browser's clock may be wrong; how long ago it was is not.
        ago = max(0, int(batch.s - one.a)) if batch.s and one.a else 0
        at = max(0, now_ms - min(ago, now_ms))
        hits.append(
            Hit(
                kind=one.k[:20],
                message_id=_message_id("e", one.i, int(one.a)) if one.i else ids.new("evt", at_ms=at),
                occurred_at=at,
                received_at=now_ms,
                sender=sender,
                name=one.n,
                url=one.u,
                title=one.t,
                referrer=one.r,
                visitor=batch.v,
                consent=bool(batch.c),
                user_agent=sender.user_agent,
                properties=one.p,
                size=(len(_encode(one.p)) if one.p else 0)
                + len(one.u)
                + len(one.t)
                + len(one.r)
                + len(one.n),
            )
        )
    return hits


class Sent:
    """The body of a Segment-shaped request: one call, or a batch of them. Raises Unreadable."""

    def __init__(self, verb: str, body: bytes) -> None:
        self._verb = verb
        self._size = len(body)
        self._single: _Call | None = None
        self._calls: list[msgspec.Raw] = []
        self._around = _NO_CONTEXT
        try:
            if verb in ("batch", "import"):
                batch = _batch.decode(body)
                self._calls = batch.batch
                self._sent_at, key = batch.sent_at, batch.write_key
                if isinstance(batch.context, dict):
                    self._around = msgspec.convert(_mended(batch.context), _Context)
            else:
                self._single = _read(body)
                self._sent_at, key = self._single.sent_at, self._single.write_key
        except _BROKEN as error:
            raise Unreadable(f"The body is not what it should be: {error}") from error
        if len(self._calls) > MOST_EVENTS:
            raise TooLarge(f"More than {MOST_EVENTS:,} events.")
        self.write_key = key if isinstance(key, str) else ""

    def hits(self, sender: Sender, *, now_ms: int) -> list[Hit]:
        """One for each call, in their order; those that cannot be read have no kind."""
        skew = _skew(self._sent_at, now_ms)
        if self._single is not None:
            return [self._hit(self._single, self._size, sender, now_ms, skew)]
        hits = []
        for raw in self._calls:
            try:
                call = _read(raw)
            except _BROKEN:
                hits.append(Hit("", "", now_ms, now_ms, sender))
            else:
                hits.append(self._hit(call, len(memoryview(raw)), sender, now_ms, skew))
        return hits

    def _hit(self, call: _Call, size: int, sender: Sender, now_ms: int, skew: int) -> Hit:
        context, around = call.context or _NO_CONTEXT, self._around
        page = context.page or around.page or _NO_PAGE
        url, title, referrer = page.url, page.title, page.referrer
        properties = call.properties or {}
        if not _NOT_PROPERTIES.isdisjoint(properties):
            url = _text(properties.get("url")) or url
            title = _text(properties.get("title")) or title
            referrer = _text(properties.get("referrer")) or referrer
            properties = {name: value for name, value in properties.items() if name not in _NOT_PROPERTIES}
        written = _time(call.original_timestamp) or _time(call.timestamp)
        imported = self._verb == "import"
        at = now_ms if written is None else written if imported else written + skew
        kind = call.type or self._verb
        given = call.message_id
        key = sender.key
        by_server = key is not None and not key.public
        agent = context.user_agent or around.user_agent or ""
        campaign = context.campaign or around.campaign
        return Hit(
            kind=kind,
            message_id=_message_id(key.id if key else "", given, _time_in(given))
            if given
            else ids.new("evt", at_ms=now_ms),
            occurred_at=max(0, min(at, now_ms)),
            received_at=now_ms,
            sender=sender,
            name=call.event or call.name or "",
            url=url or "",
            title=title or "",
            referrer=referrer or "",
            anonymous_id=call.anonymous_id or "",
            user_id=call.user_id or (call.previous_id if kind == "alias" else "") or "",
            # A server's own name says nothing about whom it speaks for; a page cannot speak for another browser.
            user_agent=agent[:500] if by_server else sender.user_agent,
            # A server that names its user has a contract with them; it answers for their consent.
            consent=by_server,
            properties=properties,
            traits={**(context.traits or {}), **(call.traits or {})} if kind == "identify" else {},
            utm=_texts(campaign) if campaign else {},
            size=size,
        )


def _read(raw: bytes | msgspec.Raw) -> _Call:
    """A call. SDKs have been seen to send numbers for texts, and anything for objects: that is mended."""
    try:
        return _call.decode(raw)
    except msgspec.ValidationError:
        return msgspec.convert(_mended(_object.decode(raw)), _Call)


def _mended(said: dict[str, Any]) -> dict[str, Any]:
    """Numbers for texts as texts; what else is of a wrong shape counts as not said."""
    kept: dict[str, Any] = {
        name: _text(value) if name in _TEXTS else value
        for name, value in said.items()
        if name not in _OBJECTS or isinstance(value, dict)
    }
    for name in ("context", "page"):
        if name in kept:
            kept[name] = _mended(kept[name])
    return kept


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {name: text for name, value in values.items() if (text := _text(value))}


def _message_id(space: str, given: str, at_ms: int) -> str:
    """Deterministic, so that a repeat is known; in order of time, so that the journal's index stays quick.

    `space` keeps one sender's ids apart from another's.
    """
    digest = hashlib.blake2b(f"{space}\n{given}".encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"c{max(0, min(at_ms, _LATEST_MS)):012x}{digest}"


def _time_in(message_id: str) -> int:
    """The time that many SDKs write into an id, whole (…-1795294600472-…) or as a UUID of version 7; else 0.

    The time beside the id will not do: it may differ when the id is sent again.
    """
    if found := _MILLISECONDS.search(message_id):
        return int(found[1])
    if _UUID7.fullmatch(message_id):
        return int(message_id[:8] + message_id[9:13], 16)
    return 0


def _skew(sent_at: Any, now_ms: int) -> int:
    """What to add to the sender's clock; nothing if it does not say, or is right within a minute."""
    sent = _time(sent_at)
    if sent is None or abs(now_ms - sent) < 60_000:
        return 0
    return now_ms - sent


def _time(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        ms = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
        return ms if 0 <= ms < _LATEST_MS else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = int(value) if value == value and abs(value) < 1e15 else None
        return number if number is not None and 0 <= number < _LATEST_MS else None
    return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
