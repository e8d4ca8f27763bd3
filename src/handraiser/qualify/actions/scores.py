"""Working out scores: the one place that writes the points, the grade and the temperature of a lead.

Everything is set-based: a batch of people costs the same few statements whether it holds one or five hundred.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.db import transaction

from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import outbox
from handraiser.core.journal.events.qualify import ScoreChanged
from handraiser.core.people.models import Lead
from handraiser.kit import clock, rows
from handraiser.kit.envelope import Event
from handraiser.qualify import queries
from handraiser.qualify.actions import rule_sets, stages
from handraiser.qualify.models import Profile, RuleSet, ScoreState, StageChange
from handraiser.qualify.queries import OpenLead
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.points import Done, Numbers, Prepared, Seen

_CHUNK = 200
_prepared = lru_cache(maxsize=4)(Prepared)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode

# Somebody's way through a batch: each moment with the event that it belongs to, in the journal's order.
Way = Sequence[tuple[datetime, Event]]


class _Crossing(NamedTuple):
    """Where a lead reached the threshold: when, by which event, with how many points."""

    at: datetime
    cause: Event | None
    total: int


@transaction.atomic
def rescore(
    people: Mapping[str, datetime],
    *,
    ways: Mapping[str, Way] | None = None,
    upto: int | None = None,
    new_rules: bool = False,
) -> int:
    """Score the open leads of these people, each as of the moment given; returns how many leads changed.

    A score is never worked out for a moment before its last one: a late event is counted at the later
    moment. Leads that reach the threshold become MQL; one that falls below it stays MQL. With `ways` (by person)
    a lead becomes MQL by the first event on the way that takes it over the threshold, whatever follows in the
    batch; what changed is announced once, with the newest event as its cause. `upto` is the last row of the
    timeline that counts. `new_rules`: not the people but a new rule set is the reason.
    """
    live = rule_sets.live(at=max(people.values())) if people else None
    if live is None:
        return 0
    ways = ways or {}
    rules = _prepared(live.rules)
    leads = queries.open_leads(people)
    scored_at = _scored_at(people)
    moments = {person: max(at, scored_at.get(person, at)) for person, at in people.items()}
    since = {person: moments[person] for person in {lead.person_id for lead in leads}}
    for person in since.keys() & ways.keys():
        first = ways[person][0][0]
        since[person] = max(first, scored_at.get(person, first))
    _keep_profiles(leads, since)
    events = queries.seen(live.rules, {person: clock.ms(at) for person, at in since.items()}, upto=upto)
    done = {
        person: rules.done(mine, now_ms=clock.ms(moments[person]), since_ms=clock.ms(since[person]))
        for person, mine in events.items()
    }
    scores = {lead.id: rules.numbers(lead.known | lead.own, done[lead.person_id]) for lead in leads}
    crossings = _crossings(rules, leads, scores, moments, since, done, events, ways)
    _announce(live, leads, scores, moments, ways)
    changed = _store(leads, scores)
    _promote(live, crossings, new_rules=new_rules)
    _remember(live, leads, scores, moments, gone=set(people) - {lead.person_id for lead in leads})
    return changed


def due(now: datetime) -> int:
    """Score the next people whose points are changed by time alone, or by a rule set that went live.

    Returns how many people were done; at most 200, so that no transaction is long.
    """
    live = rule_sets.live(at=now)
    outdated = ScoreState.objects.filter(rule_set_number__lt=live.number).order_by("person_id")
    people = list(outdated.values_list("person_id", flat=True)[:_CHUNK])
    if people:
        rescore(dict.fromkeys(people, now), new_rules=True)
        return len(people)
    late = ScoreState.objects.filter(next_change_at__lte=now).order_by("next_change_at")
    people = list(late.values_list("person_id", flat=True)[:_CHUNK])
    if people:
        rescore(dict.fromkeys(people, now))
    return len(people)


def _scored_at(people: Iterable[str]) -> dict[str, datetime]:
    statement = "select person_id, scored_at from qualify_score_state where person_id {in}"
    return {person: rows.when(at) for person, at in rows.ask(ScoreState, statement, [sorted(people)])}


_NEWEST_PROFILES = """
    select person_id, {json}attributes from qualify_profile one
    where person_id {in} and id = (select max(id) from qualify_profile where person_id = one.person_id)"""


def _keep_profiles(leads: Sequence[OpenLead], moments: Mapping[str, datetime]) -> None:
    """Add a profile for everybody whose attributes are not those of their newest one.

    The first one holds from the day on which the person became known.
    """
    people = {lead.person_id: lead for lead in leads}
    newest = rows.ask(Profile, _NEWEST_PROFILES, [sorted(people)])
    known = {person: _decode(attributes) for person, attributes in newest}
    rows.put(
        Profile,
        ["person_id", "at", "attributes"],
        [
            (
                person,
                moments[person] if person in known else min(rows.when(lead.person_since), moments[person]),
                _encode(lead.known).decode(),
            )
            for person, lead in people.items()
            if lead.known != known.get(person)
        ],
    )


def _crossings(
    rules: Prepared,
    leads: Sequence[OpenLead],
    scores: Mapping[str, Numbers],
    moments: Mapping[str, datetime],
    since: Mapping[str, datetime],
    done: Mapping[str, Done],
    events: Mapping[str, list[Seen]],
    ways: Mapping[str, Way],
) -> dict[str, _Crossing]:
    """Where leads crossed the threshold, by lead."""
    threshold = rules.rules.threshold
    near = [
        lead
        for lead in leads
        if lead.stage == "lead" and not rules.out_of_reach(lead.known | lead.own, done[lead.person_id])
    ]
    if not near:
        return {}
    # Whom somebody moved back stays there until the points cross the threshold anew.
    moved = {row[0] for row in rows.values(StageChange, ["lead_id"], {"lead_id": [lead.id for lead in near]})}
    walked = [event for lead in near for _, event in ways.get(lead.person_id, ())]
    heard = dict(
        rows.values(TimelineItem, ["message_id", "id"], {"message_id": {one.message_id for one in walked}})
    )
    found: dict[str, _Crossing] = {}
    for lead in near:
        before = lead.points
        for at, event, total in _totals(rules, lead, scores, moments, since, events, ways, heard):
            if total >= threshold and (lead.id not in moved or before < threshold):
                found[lead.id] = _Crossing(at, event, total)
                break
            before = total
    return found


def _totals(
    rules: Prepared,
    lead: OpenLead,
    scores: Mapping[str, Numbers],
    moments: Mapping[str, datetime],
    since: Mapping[str, datetime],
    events: Mapping[str, list[Seen]],
    ways: Mapping[str, Way],
    heard: Mapping[str, int],
) -> Iterator[tuple[datetime, Event | None, int]]:
    """The points of a lead after each event on its way, each with what the timeline had heard by then."""
    person = lead.person_id
    way = ways.get(person, ())
    if len(way) < 2:
        yield moments[person], way[0][1] if way else None, scores[lead.id].total
        return
    known = lead.known | lead.own
    rows_of_way = [heard[event.message_id] for _, event in way if event.message_id in heard]
    at, upto = since[person], min(rows_of_way, default=sys.maxsize)
    for moment, event in way:
        at, upto = max(at, moment), max(upto, heard.get(event.message_id, 0))
        mine = (one for one in events[person] if one.order <= upto)
        yield at, event, rules.numbers(known, rules.done(mine, now_ms=clock.ms(at))).total


def _announce(
    live: RuleSet,
    leads: Sequence[OpenLead],
    scores: Mapping[str, Numbers],
    moments: Mapping[str, datetime],
    ways: Mapping[str, Way],
) -> None:
    outbox.publish_all(
        [
            outbox.prepare(
                ScoreChanged(
                    total=score.total,
                    fit=score.fit,
                    engagement=score.engagement,
                    previous=lead.points,
                    rule_set=live.id,
                ),
                at=moments[lead.person_id],
                person=lead.person_id,
                lead=lead.id,
                cause=_newest(ways.get(lead.person_id, ())),
            )
            for lead in leads
            if (score := scores[lead.id])
            and (lead.fit_points, lead.engagement_points) != (score.fit, score.engagement)
        ]
    )


def _newest(way: Way) -> Event | None:
    """The newest event; of two as old the one that came later."""
    newest: tuple[datetime, Event] | None = None
    for one in way:
        if newest is None or one[0] >= newest[0]:
            newest = one
    return newest[1] if newest else None


def _store(leads: Sequence[OpenLead], scores: Mapping[str, Numbers]) -> int:
    """Write what differs; returns how many did."""
    written = [
        (score.total, score.fit, score.engagement, score.grade, score.temperature, lead.id)
        for lead in leads
        if (score := scores[lead.id])
        and (lead.points, lead.fit_points, lead.engagement_points, lead.grade, lead.temperature)
        != (score.total, score.fit, score.engagement, score.grade, score.temperature)
    ]
    rows.change(Lead, ["points", "fit_points", "engagement_points", "grade", "temperature"], written)
    return len(written)


def _promote(live: RuleSet, crossings: Mapping[str, _Crossing], *, new_rules: bool) -> None:
    if not crossings:
        return
    leads = rows.find(Lead, {"id": list(crossings)})
    limit = wording.plain(live.rules.threshold)
    why = f"{stages.RULE_SET_PUBLISHED}: " if new_rules else ""
    stages.qualify(
        sorted(leads, key=lambda lead: lead.id),
        # An event from before the lead was opened made it qualified, but not before it was there.
        moments={lead.id: max(crossings[lead.id].at, lead.stage_at) for lead in leads},
        reasons={
            lead.id: f"{why}{wording.plain(crossings[lead.id].total)} of {limit} points" for lead in leads
        },
        rule_set_number=live.number,
        causes={lead.person_id: cause for lead in leads if (cause := crossings[lead.id].cause)},
    )


def _remember(
    live: RuleSet,
    leads: Sequence[OpenLead],
    scores: Mapping[str, Numbers],
    moments: Mapping[str, datetime],
    *,
    gone: Collection[str],
) -> None:
    """Note for each person when to look again; forget those without an open lead."""
    changes: dict[str, list[int]] = {lead.person_id: [] for lead in leads}
    for lead in leads:
        next_change = scores[lead.id].next_change_at
        if next_change is not None:
            changes[lead.person_id].append(next_change)
    columns = ("person_id", "rule_set_number", "scored_at", "next_change_at")
    rows.put(
        ScoreState,
        columns,
        [
            (person, live.number, moments[person], clock.from_ms(min(times)) if times else None)
            for person, times in changes.items()
        ],
        key=columns[:1],
        changes=columns[1:],
    )
    if gone:
        ScoreState.objects.filter(person__in=list(gone)).delete()
