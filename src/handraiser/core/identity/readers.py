"""Keeps the timeline: every event of an identified person, and the anonymous past when a visitor is linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from handraiser.core.identity import aliases
from handraiser.core.identity.models import TimelineItem
from handraiser.core.identity.queries import people_of
from handraiser.core.journal import history
from handraiser.core.journal.events.base import CATALOGUE
from handraiser.core.journal.readers import Reader
from handraiser.core.people.models import Lead, Person
from handraiser.kit import clock, rows
from handraiser.kit.envelope import Event

NAME = "identity.timeline"
_LINKED = "identity.visitor_linked"
_BATCH = 1_000
_COLUMNS = (
    "person_id",
    "lead_id",
    "visitor",
    "message_id",
    "name",
    "occurred_at",
    "body",
    "told_person",
    "told_lead",
)
_encode = msgspec.json.Encoder().encode
_PAST = 5_000  # events of an anonymous past that are fetched when a visitor is linked


def _past_of(events: Sequence[Event]) -> list[Event]:
    """What the visitors who are linked by these events did before, sealed or not."""
    linked = {event.visitor for event in events if event.name == _LINKED and event.visitor}
    return history.of_visitors(linked, limit=_PAST)


def _unknown(past: Sequence[Event]) -> list[Event]:
    # Sealed events of strangers have lost their id; some may stand here under it, from an earlier link.
    visitors = {event.visitor for event in past if event.message_id.startswith("lake:")}
    if not visitors:
        return list(past)
    theirs = TimelineItem.objects.filter(visitor__in=visitors)
    known = theirs.values_list("message_id", "visitor", "occurred_at", "name")
    return history.not_yet_known(past, [(one, who, clock.ms(at), name) for one, who, at, name in known])


def _in_order(events: Sequence[Event], past: Sequence[Event]) -> list[Event]:
    """Each event behind the past that it brings along: the rows' ids say what the timeline heard of first.

    What a visitor did after the link is read in its turn.
    """
    of_visitor: dict[str, list[Event]] = {}
    for event in past:
        of_visitor.setdefault(event.visitor or "", []).append(event)
    ordered: list[Event] = []
    for event in events:
        if event.name == _LINKED and event.visitor:
            before = of_visitor.pop(event.visitor, [])
            ordered += [one for one in before if one.position < event.position]
        ordered.append(event)
    return ordered


def _keep(events: Sequence[Event], *, fetched: Sequence[Event]) -> None:
    everything = _in_order(events, _unknown(fetched)) if fetched else events
    named = {event.person for event in everything} | {event.lead for event in everything}
    links = [event for event in events if event.body.get("instead_of")]
    now = aliases.of({one for one in named if one} | {link.body["instead_of"] for link in links})
    _hand_over(links, fetched, now)
    owners = _owners(everything, now)
    # The past of a visitor may have been copied already.
    rows.put(
        TimelineItem,
        _COLUMNS,
        [
            (
                person,
                now.get(event.lead, event.lead) if event.lead else "",
                event.visitor or "",
                event.message_id,
                event.name,
                event.occurred_at,
                _encode(event.body).decode(),
                event.person or "",
                event.lead or "",
            )
            for event, person in zip(everything, owners, strict=True)
            if person and not event.body.get("bot")
        ],
    )


def _owners(events: Sequence[Event], now: Mapping[str, str]) -> list[str | None]:
    """Whose each event is: the lead's person, else the one that it names, else the visitor's; None: nobody's."""
    leads = {now.get(event.lead, event.lead) for event in events if event.lead}
    of_lead = dict(rows.values(Lead, ["id", "person_id"], {"id": leads}))
    people = {now.get(event.person, event.person) for event in events if event.person}
    alive = {key: key for (key,) in rows.values(Person, ["id"], {"id": people - set(of_lead.values())})}
    alive |= {person: person for person in of_lead.values()}
    of_visitor = people_of({event.visitor for event in events if event.visitor and not event.person})
    found: list[str | None] = []
    for event in events:
        if event.person:
            owner = of_lead.get(now.get(event.lead, event.lead)) if event.lead else None
            found.append(owner or alive.get(now.get(event.person, event.person)))
        else:
            found.append(of_visitor.get(event.visitor) if event.visitor else None)
    return found


def _hand_over(links: Sequence[Event], fetched: Sequence[Event], now: Mapping[str, str]) -> None:
    """Visitors who were thought to be somebody else take their history along, but for what names that person."""
    for link in links:
        before, person = link.body["instead_of"], link.person or ""
        named = [event.message_id for event in fetched if event.visitor == link.visitor and event.person]
        theirs = TimelineItem.objects.filter(visitor=link.visitor, person=now.get(before, before))
        theirs.exclude(message_id__in=named).update(person=now.get(person, person))


def timeline() -> Reader:
    """The reader; a function, because the catalogue must be complete before it is asked for.

    It looks up old ids itself, because it keeps them too: a merge that is undone needs them.
    """
    return Reader(
        name=NAME,
        events=frozenset(CATALOGUE),
        apply=_keep,
        batch=_BATCH,
        fetch=_past_of,
        owns=(TimelineItem,),
    )
