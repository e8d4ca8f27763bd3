"""Page views into visits, and forms sent into conversions of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from handraiser.attract.models import Conversion, PageSeen, Visit
from handraiser.attract.rules import channels
from handraiser.attract.rules.visits import Span, View, fold
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import PageViewed, VisitStarted
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.readers import Reader, reader
from handraiser.kit import clock, ids
from handraiser.kit.envelope import Event


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


def _view(event: Event) -> View:
    body = event.body
    is_own = own_hosts(urlsplit(body["url"]).hostname or "")
    referrer = body.get("referrer", "")
    utm, click_ids = body.get("utm") or {}, body.get("click_ids") or {}
    told: dict[str, Any] = {"path": body["path"]}
    # Whether a host was ours is said of that day: sites come and go.
    told |= {"own": True} if is_own(channels.host_of(referrer)) else {}
    for name, value in (("referrer", referrer), ("utm", utm), ("click_ids", click_ids)):
        if value:
            told[name] = value
    return View(
        visitor=event.visitor or "",
        at_ms=event.occurred_at,
        path=body["path"],
        touch=classified(told),
        named=bool(utm or click_ids),
        message_id=event.message_id,
        consent=bool(body.get("consent")),
        told=told,
    )


def _newest(visitors: set[str]) -> dict[str, Span]:
    newest: dict[str, Span] = {}
    for visit in Visit.objects.filter(visitor__in=visitors).order_by("visitor", "started_at"):
        newest[visit.visitor] = Span(
            visitor=visit.visitor,
            started_ms=clock.ms(visit.started_at),
            last_ms=clock.ms(visit.last_at),
            touch=channels.Touch(visit.channel, visit.source, visit.medium, visit.campaign),
            consent=visit.consent,
            began_with="",
            id=visit.id,
            views=visit.pages,
        )
    return newest


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
    Visit.objects.bulk_create(
        Visit(
            id=span.id,
            visitor=span.visitor,
            started_at=clock.from_ms(span.started_ms),
            last_at=clock.from_ms(span.last_ms),
            pages=span.views,
            consent=span.consent,
            channel=span.touch.channel,
            source=span.touch.source[:200],
            medium=span.touch.medium[:200],
            campaign=span.touch.campaign[:200],
            landing_path=span.touch.landing_page,
            referrer_host=span.touch.referrer_host[:253],
            rule_version=channels.RULE_VERSION,
            told=dict(span.told),
        )
        for span in fresh
    )
    begun = {span.id for span in fresh}
    with connection.cursor() as cursor:
        cursor.executemany(
            "update attract_visit set last_at = %s, pages = %s, consent = %s where id = %s",
            [
                (
                    connection.ops.adapt_datetimefield_value(clock.from_ms(span.last_ms)),
                    span.views,
                    span.consent,
                    span.id,
                )
                for span in spans
                if span.id not in begun
            ],
        )
    PageSeen.objects.bulk_create(
        [
            PageSeen(visit_id=span.id, path=path, at=clock.from_ms(at_ms))
            for span in spans
            for path, at_ms in span.paths.items()
        ],
        ignore_conflicts=True,
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
    Conversion.objects.bulk_create(
        [
            Conversion(
                message_id=event.message_id,
                path=_path(event.body.get("page", "")),
                intent=event.body.get("intent", "")[:40],
                form=event.body.get("form", "")[:32],
                at=clock.from_ms(event.occurred_at),
            )
            for event in events
        ],
        ignore_conflicts=True,
    )


def _path(page: str) -> str:
    return (urlsplit(page).path or "/")[:400] if page else ""


def visits() -> Reader:
    """Page views into visits; announces each visit that began."""
    return reader("attract.visits", [PageViewed], _visits)


def conversions() -> Reader:
    """Forms sent, by the page they were sent from."""
    return reader("attract.conversions", [FormSubmitted], _conversions, owns=[Conversion])
