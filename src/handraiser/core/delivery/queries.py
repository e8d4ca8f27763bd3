"""Reading the ledger: counts for screens and for `measure`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from handraiser.core.delivery.models import DeliveryEvent, Message, State
from handraiser.core.delivery.rules import suppress

TABS: dict[str, tuple[str, ...]] = {
    "waiting": (State.WAITING, State.HELD, State.SENDING),
    "sent": (State.SENT,),
    "not-sent": (State.SUPPRESSED,),
    "failed": (State.FAILED, State.UNKNOWN),
}


@dataclass(frozen=True)
class Result:
    """What became of the messages made from one template. Opens and clicks are those of people, counted once
    a message; `openable` leaves out messages that a privacy proxy opened, where nobody can know."""

    sent: int = 0
    openable: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    waiting: int = 0
    failed: int = 0
    not_sent: int = 0


def results(templates: Iterable[str]) -> dict[str, Result]:
    """For each template what its messages did; a fixed number of queries."""
    templates = list(templates)
    ours = Message.objects.filter(template__in=templates)
    states = {
        row["template"]: row
        for row in ours.order_by()
        .values("template")
        .annotate(
            sent=Count("id", filter=Q(state=State.SENT)),
            waiting=Count("id", filter=Q(state__in=TABS["waiting"])),
            failed=Count("id", filter=Q(state__in=TABS["failed"])),
            not_sent=Count("id", filter=Q(state=State.SUPPRESSED)),
        )
    }
    events = DeliveryEvent.objects.filter(message__template__in=templates)
    reactions = {
        row["message__template"]: row
        for row in events.order_by()
        .values("message__template")
        .annotate(
            opened=Count("message", distinct=True, filter=Q(kind="opened", machine="")),
            hidden=Count("message", distinct=True, filter=Q(kind="opened", machine="Apple Mail Privacy")),
            clicked=Count("message", distinct=True, filter=Q(kind="clicked", machine="")),
            unsubscribed=Count("message", distinct=True, filter=Q(kind="unsubscribed")),
        )
    }
    found = {}
    for template in templates:
        state: Mapping[str, Any] = states.get(template, {})
        reaction: Mapping[str, Any] = reactions.get(template, {})
        found[template] = Result(
            sent=state.get("sent", 0),
            openable=max(state.get("sent", 0) - reaction.get("hidden", 0), reaction.get("opened", 0)),
            opened=reaction.get("opened", 0),
            clicked=reaction.get("clicked", 0),
            unsubscribed=reaction.get("unsubscribed", 0),
            waiting=state.get("waiting", 0),
            failed=state.get("failed", 0),
            not_sent=state.get("not_sent", 0),
        )
    return found


def tab_counts() -> dict[str, int]:
    """How many messages stand under each tab of the outbox."""
    counts = dict(Message.objects.order_by().values_list("state").annotate(n=Count("id")))
    return {tab: sum(counts.get(state, 0) for state in states) for tab, states in TABS.items()}


def not_sent_reasons() -> list[tuple[str, str, int]]:
    """Why messages were not sent: (reason, in words, how many), the commonest first."""
    rows = Message.objects.filter(state=State.SUPPRESSED).order_by().values_list("reason")
    counted = rows.annotate(n=Count("id")).order_by("-n")
    return [(reason, suppress.SHORT.get(reason, reason), n) for reason, n in counted]


def due_soon(now: datetime) -> int:
    """How many messages leave within the next hour."""
    until = now + timedelta(hours=1)
    return Message.objects.filter(state=State.WAITING, due_at__lte=until).count()


def listing(tab: str, *, search: str = "", reason: str = ""):
    """The messages of a tab, newest first (waiting: next first)."""
    rows = Message.objects.filter(state__in=TABS[tab]).select_related("person").defer("html", "text")
    if search:
        rows = rows.filter(Q(to__icontains=search) | Q(subject__icontains=search))
    if reason:
        rows = rows.filter(reason=reason)
    return rows.order_by("due_at", "id") if tab == "waiting" else rows.order_by("-settled_at", "-id")


def reacted(keys: Sequence[str]) -> dict[str, set[str]]:
    """For messages by their key what people (no machines) did with them: opened, clicked."""
    rows = DeliveryEvent.objects.filter(message__key__in=keys, machine="", kind__in=("opened", "clicked"))
    found: dict[str, set[str]] = {}
    for key, kind in rows.values_list("message__key", "kind"):
        found.setdefault(key, set()).add(kind)
    return found
