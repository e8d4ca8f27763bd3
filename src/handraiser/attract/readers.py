"""Page views into visits, and forms sent into conversions of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.conf import settings

from handraiser.attract.models import Conversion, PageSeen, Visit
from handraiser.attract.rules import channels
from handraiser.attract.rules.visits import Span, View, fold
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import PageViewed, VisitStarted
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.readers import Reader, reader
from handraiser.kit import clock, ids, rows
from handraiser.kit.envelope import Event

_BATCH = 1_000
_encode = msgspec.json.Encoder().encode
_COLUMNS = (
    "id", "visitor", "started_at", "last_at", "pages", "consent", "channel", "source", "medium", "campaign",
    "landing_path", "referrer_host", "rule_version", "told",
)  # fmt: skip


def own_hosts(page_host: str = "") -> Callable[[str], bool]:
    """Whether a host is one of ours: that of the page itself, or one this instance answers to."""

    def check(host: str) -> bool:
        return host == page_host or any(
            host == allowed or (allowed.startswith(".") and host.endswith(allowed))
            for allowed in settings.ALLOWED_HOSTS
        )

    return check


def classified(told: Mapping[str, Any]) -> channels.Touch:
    """The touch of what a first hit told, under today's rules."""
    own = bool(told.get("own"))
    return channels.classify(
        utm=told.get("utm") or {},
        click_ids=told.get("click_ids") or {},
        referrer=told.get("referrer", ""),
        is_own_host=lambda host: own,
        landing_page=told.get("path", ""),
    )


@lru_cache(maxsize=10_000)
def _classified(
    utm: tuple[tuple[str, str], ...], clicks: tuple[tuple[str, str], ...], referrer: str, own: bool, path: str
) -> channels.Touch:
    # Most page views of a batch tell what another one told.
    return classified(
        {"utm": dict(utm), "click_ids": dict(clicks), "referrer": referrer, "own": own, "path": path}
    )


def _view(event: Event) -> View:
    body = event.body
    referrer = body.get("referrer", "")
    utm, click_ids = body.get("utm") or {}, body.get("click_ids") or {}
    told: dict[str, Any] = {"path": body["path"]}
    # Whether a host was ours is said of that day: sites come and go.
    if referrer and own_hosts(urlsplit(body["url"]).hostname or "")(channels.host_of(referrer)):
        told["own"] = True
    for name, value in (("referrer", referrer), ("utm", utm), ("click_ids", click_ids)):
        if value:
            told[name] = value
    return View(
        visitor=event.visitor or "",
        at_ms=event.occurred_at,
        path=body["path"],
        touch=_classified(
            tuple(utm.items()), tuple(click_ids.items()), referrer, "own" in told, body["path"]
        ),
        named=bool(utm or click_ids),
        message_id=event.message_id,
        consent=bool(body.get("consent")),
        told=told,
    )


_NEWEST = """
    select visitor, started_at, last_at, channel, source, medium, campaign, consent, id, pages
    from attract_visit one
    where visitor {in} and started_at = (select max(started_at) from attract_visit where visitor = one.visitor)
    order by id"""


def _newest(visitors: set[str]) -> dict[str, Span]:
    return {
        visitor: Span(
            visitor=visitor,
            started_ms=rows.milliseconds(started_at),
            last_ms=rows.milliseconds(last_at),
            touch=channels.Touch(channel, source, medium, campaign),
            consent=bool(consent),
            began_with="",
            id=key,
            views=pages,
        )
        for visitor, started_at, last_at, channel, source, medium, campaign, consent, key, pages in rows.ask(
            Visit, _NEWEST, [sorted(visitors)]
        )
    }


def _visits(events: Sequence[Event]) -> None:
    # Machines, and people who ask not to be followed, make no visits.
    counted = [event for event in events if event.visitor and not event.body.get("bot")]
    if not counted:
        return
    by_message = {event.message_id: event for event in counted}
    views = [_view(event) for event in counted]
    spans = fold(_newest({view.visitor for view in views}), views)
    fresh = [span for span in spans if not span.id]
    for span in fresh:
        span.id = ids.new("visit", at_ms=span.started_ms)
    rows.put(
        Visit,
        _COLUMNS,
        [
            (
                span.id,
                span.visitor,
                clock.from_ms(span.started_ms),
                clock.from_ms(span.last_ms),
                span.views,
                span.consent,
                span.touch.channel,
                span.touch.source[:200],
                span.touch.medium[:200],
                span.touch.campaign[:200],
                span.touch.landing_page,
                span.touch.referrer_host[:253],
                channels.RULE_VERSION,
                _encode(span.told).decode(),
            )
            for span in fresh
        ],
    )
    begun = {span.id for span in fresh}
    rows.change(
        Visit,
        ["last_at", "pages", "consent"],
        [
            (clock.from_ms(span.last_ms), span.views, span.consent, span.id)
            for span in spans
            if span.id not in begun
        ],
    )
    rows.put(
        PageSeen,
        ["visit_id", "path", "at"],
        [(span.id, path, clock.from_ms(at_ms)) for span in spans for path, at_ms in span.paths.items()],
    )
    started = [
        outbox.prepare(
            VisitStarted(
                visit=span.id,
                channel=span.touch.channel,
                source=span.touch.source,
                medium=span.touch.medium,
                campaign=span.touch.campaign,
                landing_path=span.touch.landing_page,
                referrer_host=span.touch.referrer_host,
                rule_version=channels.RULE_VERSION,
            ),
            at=clock.from_ms(span.started_ms),
            visitor=span.visitor,
            cause=by_message[span.began_with],
        )
        for span in fresh
    ]
    if started:
        outbox.publish_all(started)


def _conversions(events: Sequence[Event]) -> None:
    rows.put(
        Conversion,
        ["message_id", "path", "intent", "form", "at"],
        [
            (
                event.message_id,
                _path(event.body.get("page", "")),
                event.body.get("intent", "")[:40],
                event.body.get("form", "")[:32],
                clock.from_ms(event.occurred_at),
            )
            for event in events
        ],
    )


def _path(page: str) -> str:
    return (urlsplit(page).path or "/")[:400] if page else ""


def visits() -> Reader:
    """Page views into visits; announces each visit that began."""
    return reader("attract.visits", [PageViewed], _visits, batch=_BATCH)


def conversions() -> Reader:
    """Forms sent, by the page they were sent from."""
    return reader("attract.conversions", [FormSubmitted], _conversions, owns=[Conversion])
