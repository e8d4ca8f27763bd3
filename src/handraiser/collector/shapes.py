"""Bodies of both doors, read into hits."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from handraiser.collector.records import Key
from handraiser.kit import ids

MOST_BYTES = 500_000  # a batch, unpacked
MOST_EVENT_BYTES = 32_000
MOST_EVENTS = 2_000
_LATEST_MS = 4_102_444_800_000  # the year 2100: a clock beyond it is broken


class Unreadable(Exception):
    """The body is not what this door takes; the text says why."""


class TooLarge(Unreadable):
    """The body is larger than the door."""


@dataclass(frozen=True)
class Sender:
    """Who knocks: what the request itself says, before its body is believed."""

    address: str
    user_agent: str
    host: str
    private: bool = False  # the browser asks not to be followed: GPC or DNT
    key: Key | None = None  # None: our own tracker


@dataclass(frozen=True)
class Hit:
    """One event as sent, before any step. `kind`: page, track, screen, group, alias, identify."""

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
    consent: bool = False
    bot: str = ""
    size: int = 0
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    utm: Mapping[str, str] = field(default_factory=dict)
    click_ids: Mapping[str, str] = field(default_factory=dict)


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


_tracker_body = msgspec.json.Decoder(_TrackerBody)
_any = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


def unpack(body: bytes) -> bytes:
    """The body, unpacked if its first bytes say gzip: SDKs mislabel it. Raises TooLarge or Unreadable."""
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        unpacker = zlib.decompressobj(wbits=31)
        plain = unpacker.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise Unreadable("The body begins like gzip, but cannot be unpacked.") from error
    if len(plain) > MOST_BYTES or unpacker.unconsumed_tail:
        raise TooLarge(f"Unpacked, the body is larger than {MOST_BYTES:,} bytes.")
    if not unpacker.eof:
        raise Unreadable("The body is cut off.")
    return plain


def pack(body: bytes) -> bytes:
    """The reverse of `unpack`, for tests and clients."""
    return gzip.compress(body, mtime=0)


def from_tracker(body: bytes, sender: Sender, *, now_ms: int) -> list[Hit]:
    """The hits of our own tracker. Raises Unreadable."""
    try:
        batch = _tracker_body.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"Not a tracker's body: {error}") from error
    if len(batch.e) > MOST_EVENTS:
        raise TooLarge(f"More than {MOST_EVENTS:,} events.")
    if batch.g:
        sender = replace(sender, private=True)
    hits = []
    for one in batch.e:
        # The browser's clock may be wrong; how long ago it was is not.
        ago = max(0, int(batch.s - one.a)) if batch.s and one.a else 0
        at = max(0, now_ms - min(ago, now_ms))
        hits.append(
            Hit(
                kind={"page": "page", "track": "track"}.get(one.k, one.k[:20]),
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
                properties=one.p,
                size=len(_encode(one.p)) + len(one.u) + len(one.t) + len(one.r) + len(one.n),
            )
        )
    return hits


def written_key(body: bytes) -> str:
    """The write key inside a Segment-shaped body, or ""."""
    try:
        data = _any.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    key = data.get("writeKey") if isinstance(data, dict) else None
    return key if isinstance(key, str) else ""


def from_segment(verb: str, body: bytes, sender: Sender, *, now_ms: int) -> list[Hit]:
    """The hits of a Segment-shaped request: one event, or a batch. Raises Unreadable."""
    try:
        data = _any.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"The body is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise Unreadable("The body must be a JSON object.")
    if verb in ("batch", "import"):
        events = data.get("batch")
        if not isinstance(events, list):
            raise Unreadable('The field "batch" must be a list of events.')
    else:
        events = [data]
    if len(events) > MOST_EVENTS:
        raise TooLarge(f"More than {MOST_EVENTS:,} events.")
    skew = _skew(data.get("sentAt"), now_ms)
    return [
        _segment_hit(one, verb, data, sender, now_ms=now_ms, skew=skew)
        if isinstance(one, dict)
        else Hit(kind="", message_id="", occurred_at=now_ms, received_at=now_ms, sender=sender)
        for one in events
    ]


def _segment_hit(
    one: dict[str, Any], verb: str, around: dict[str, Any], sender: Sender, *, now_ms: int, skew: int
) -> Hit:
    context = {**_dict(around.get("context")), **_dict(one.get("context"))}
    page, campaign = _dict(context.get("page")), _dict(context.get("campaign"))
    properties = _dict(one.get("properties"))
    written = _time(one.get("originalTimestamp")) or _time(one.get("timestamp"))
    at = now_ms if written is None else written if verb == "import" else written + skew
    kind = _text(one.get("type")) or verb
    given = _text(one.get("messageId"))
    key = sender.key.id if sender.key else ""
    return Hit(
        kind=kind,
        message_id=_message_id(key, given, written or 0) if given else ids.new("evt", at_ms=now_ms),
        occurred_at=max(0, min(at, now_ms)),
        received_at=now_ms,
        sender=sender,
        name=_text(one.get("event")) or _text(one.get("name")),
        url=_text(properties.get("url")) or _text(page.get("url")),
        title=_text(properties.get("title")) or _text(page.get("title")),
        referrer=_text(properties.get("referrer")) or _text(page.get("referrer")),
        anonymous_id=_text(one.get("anonymousId")),
        user_id=_text(one.get("userId")) or _text(one.get("previousId") if kind == "alias" else None),
        # A server that names its user has a contract with them; it answers for their consent.
        consent=bool(sender.key and not sender.key.public),
        properties={
            name: value
            for name, value in properties.items()
            if name not in ("url", "title", "referrer", "path", "search")
        },
        traits={**_dict(context.get("traits")), **_dict(one.get("traits"))} if kind == "identify" else {},
        utm={str(name): _text(value) for name, value in campaign.items() if _text(value)},
        size=len(_encode(one)),
    )


def _message_id(space: str, given: str, at_ms: int) -> str:
    """Deterministic, so that a repeat is known; in order of time, so that the journal's index stays quick.

    `space` keeps one sender's ids apart from another's.
    """
    digest = hashlib.blake2b(f"{space}\n{given}".encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"c{max(0, min(at_ms, _LATEST_MS)):012x}{digest}"


def _skew(sent_at: Any, now_ms: int) -> int:
    """What to add to the sender's clock; nothing if it does not say, or is right within a minute."""
    sent = _time(sent_at)
    if sent is None or abs(now_ms - sent) < 60_000:
        return 0
    return now_ms - sent


def _time(value: Any) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = int(value) if value == value and abs(value) < 1e15 else None
        return number if number is not None and 0 <= number < _LATEST_MS else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    ms = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    return ms if 0 <= ms < _LATEST_MS else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
