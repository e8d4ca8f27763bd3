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
from handraiser.attract.rules.visits import GAP_MS, Span, View, fold
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import PageViewed, VisitStarted
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.readers import Reader, reader
from handraiser.kit import clock, ids, rows
from handraiser.kit.envelope import Event

_BATCH = 1_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_views = msgspec.json.Decoder(list[View]).decode
_DERIVED = (
    "started_at", "last_at", "pages", "consent", "channel", "source", "medium", "campaign", "landing_path",
    "referrer_host", "rule_version", "told", "views",
)  # fmt: skip
_COLUMNS = (*_DERIVED, "id", "visitor")


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
def _touch_of(told: str) -> channels.Touch:
    # Most page views of a batch tell what another one told.
    return classified(_decode(told))


@lru_cache(maxsize=10_000)
def _told_path(path: str) -> str:
    # Most page views tell nothing else.
    return _encode({"path": path}).decode()


def _view(event: Event) -> View:
    body = event.body
    path, consent = body["path"], bool(body.get("consent"))
    referrer, utm, click_ids = body.get("referrer"), body.get("utm"), body.get("click_ids")
    if not (referrer or utm or click_ids):
        return View(event.occurred_at, path, consent, False, _told_path(path))
    told: dict[str, Any] = {"path": path}
    if referrer:
        # Whether a host was ours is said of that day: sites come and go.
        if own_hosts(urlsplit(body["url"]).hostname or "")(channels.host_of(referrer)):
            told["own"] = True
        told["referrer"] = referrer
    if utm:
        told["utm"] = utm
    if click_ids:
        told["click_ids"] = click_ids
    return View(event.occurred_at, path, consent, bool(utm or click_ids), _encode(told).decode())


# For each visitor the visits that had not ended at a moment: what is more than a pause later can change no other.
_SINCE = """
    with asked(visitor, since) as (values {asked})
    select visit.id, visit.visitor, visit.views from asked join attract_visit visit on visit.visitor = asked.visitor
    where visit.started_at >= coalesce((select max(started_at) from attract_visit before
        where before.visitor = asked.visitor and before.started_at <= asked.since), asked.since)
    and visit.last_at >= asked.since"""


def _known(views: Mapping[str, Sequence[View]]) -> list[Span]:
    """The stored visits that these views can change."""
    asked: list[Any] = []
    for visitor, theirs in views.items():
        asked += (visitor, rows.moment(Visit, min([view.at_ms for view in theirs]) - GAP_MS))
    statement = _SINCE.replace("{asked}", ", ".join(["(%s, %s)"] * len(views)))
    found = []
    for key, visitor, kept in rows.ask(Visit, statement, asked):
        theirs = _decode_views(kept)
        if not theirs:
            continue  # from before visits kept their views: it stays as it is
        found.append(Span(visitor, theirs, _touch_of(theirs[0].told), id=key))
    return found


def _visits(events: Sequence[Event]) -> None:
    given: dict[str, list[Event]] = {}
    for event in events:
        # Machines, and people who ask not to be followed, make no visits.
        if event.visitor and not event.body.get("bot"):
            given.setdefault(event.visitor, []).append(event)
    if not given:
        return
    views = {visitor: [_view(event) for event in theirs] for visitor, theirs in given.items()}
    folded = fold(_known(views), views, _touch_of)
    began, changed = folded.began, folded.changed
    for span in began:
        span.id = ids.new("visit", at_ms=span.started_ms)
    seen = [(span.id, path, at_ms) for span in began for path, at_ms in span.paths.items()]
    unseen = [(span.id, path, at_ms) for span in folded.gone for path, at_ms in span.paths.items()]
    for span, before in changed:
        now = span.paths
        seen += [(span.id, path, at_ms) for path, at_ms in now.items() if before.get(path) != at_ms]
        unseen += [(span.id, path, at_ms) for path, at_ms in before.items() if now.get(path) != at_ms]
    for visit, path, at_ms in unseen:
        PageSeen.objects.filter(path=path, at=clock.from_ms(at_ms), visit=visit).delete()
    if folded.gone:
        Visit.objects.filter(id__in=[span.id for span in folded.gone]).delete()
    rows.put(Visit, _COLUMNS, [(*_derived(span), span.id, span.visitor) for span in began])
    rows.change(Visit, _DERIVED, [(*_derived(span), span.id) for span, _ in changed])
    rows.put(PageSeen, ["visit_id", "path", "at"], seen)
    outbox.publish_all([_started(span, _cause(span, given[span.visitor])) for span in began])


def _cause(span: Span, events: Sequence[Event]) -> Event:
    at_ms = span.started_ms
    for event in reversed(events):
        if event.occurred_at == at_ms:
            return event
    # What a campaign that came late cut away from a visit begins with a view that was told of before.
    return events[-1]


def _derived(span: Span) -> tuple[Any, ...]:
    touch, told = span.touch, span.views[0].told
    return (
        span.started_ms,
        span.last_ms,
        len(span.views),
        span.consent,
        touch.channel,
        touch.source[:200],
        touch.medium[:200],
        touch.campaign[:200],
        touch.landing_page,
        touch.referrer_host[:253],
        channels.RULE_VERSION,
        told,
        _encode(span.views).decode(),
    )


def _started(span: Span, cause: Event) -> Event:
    touch = span.touch
    fact = VisitStarted(
        visit=span.id,
        channel=touch.channel,
        source=touch.source,
        medium=touch.medium,
        campaign=touch.campaign,
        landing_path=touch.landing_page,
        referrer_host=touch.referrer_host,
        rule_version=channels.RULE_VERSION,
    )
    return outbox.prepare(fact, at=span.started_ms, visitor=span.visitor, cause=cause)


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
                event.occurred_at,
            )
            for event in events
        ],
    )


def _path(page: str) -> str:
    return (urlsplit(page).path or "/")[:400] if page else ""


def visits() -> Reader:
    """Page views into visits; announces each visit that began."""
    return reader("attract.visits", [PageViewed], _visits, batch=_BATCH, owns=[Visit, PageSeen])


def conversions() -> Reader:
    """Forms sent, by the page they were sent from."""
    return reader("attract.conversions", [FormSubmitted], _conversions, owns=[Conversion])
