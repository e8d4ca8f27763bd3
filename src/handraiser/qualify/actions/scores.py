"""Working out the scores of some: their points, grade and temperature, event by event and moment by moment.

Of everybody at once a new rule set's scores are worked out by `rebuild` and written by `adoptions`.

What a person's events give is kept as counts and brought up to date event by event. Whenever the past itself
changes (a visitor linked, people merged, other rules), the counts are made anew from the timeline. Everything is
set-based: a batch of people costs the same few statements whether it holds one or five hundred.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from handraiser.core.audience.actions import touched
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import outbox
from handraiser.core.journal.events.qualify import ScoreChanged
from handraiser.core.people.models import Lead
from handraiser.kit import clock, rows
from handraiser.kit.envelope import Event
from handraiser.qualify import queries
from handraiser.qualify.actions import crossings, rule_sets
from handraiser.qualify.actions.crossings import Passage
from handraiser.qualify.models import Profile, RuleSet, ScoreState
from handraiser.qualify.queries import OpenLead, State
from handraiser.qualify.rebuild import counting
from handraiser.qualify.rules import points
from handraiser.qualify.rules.points import (
    NEVER,
    Counts,
    Prepared,
    Seen,
    Standing,
    Step,
    Tally,
    TooLate,
)

_CHUNK = 200
_MANY = 200  # more people than these are worked out at once
_prepared = lru_cache(maxsize=4)(Prepared)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode

# Somebody's way through a batch: each moment in milliseconds with its event, in the journal's order.
Way = Sequence[tuple[int, Event]]


class Kept(msgspec.Struct, array_like=True):
    """What `ScoreState.kept` holds.

    The person's counts; by lead the places of the attribute rules that fit what is known; and the journal's
    position up to which the events were followed.
    """

    counts: Counts
    fitting: dict[str, tuple[int, ...]]
    position: int


# By lead, the places of the attribute rules that fit.
Fitting = Mapping[str, tuple[int, ...]]
_kept: Callable[[str], Kept] = msgspec.json.Decoder(Kept).decode


class _Score(NamedTuple):
    """A person while being scored: the open leads with what fits each, and what the events give as of `now`.

    `way`: what they gave in between, if any of the leads can have crossed a line; else it is empty. `set_before` is
    the number of the rule set that gave the points of before.
    """

    leads: Sequence[OpenLead]
    fitting: Fitting
    now: int
    position: int
    tally: Tally
    way: Sequence[Standing]
    set_before: int | None = None


@rows.joined
def follow(
    ways: Mapping[str, Way],
    *,
    learnt: Collection[str] = (),
    anew: Collection[str] = (),
    upto: Callable[[], int | None],
) -> int:
    """Bring the scores of these people up to date with the events on their way; returns how many leads changed.

    `learnt` names those of whom something became known, `anew` those whose past changed. `upto` tells the last row
    of the timeline that counts, None for all; it is asked only if somebody's counts are made anew. A lead becomes
    MQL by the event, and leaves at the moment, that takes its points over the line, whatever follows in the batch;
    what changed is announced with the newest event as its cause.
    """
    moments = {person: max([at for at, _ in way]) for person, way in ways.items()}
    return _rescore(moments, ways=ways, learnt=learnt, anew=anew, upto=upto)


@rows.joined
def rescore(people: Mapping[str, datetime], *, new_rules: bool = False) -> int:
    """Score the open leads of these people, each as of the moment given; returns how many leads changed.

    `new_rules`: not the people but a new rule set is the reason.
    """
    moments = {person: clock.ms(at) for person, at in people.items()}
    return _rescore(moments, ways={}, learnt=moments, anew=(), upto=lambda: None, new_rules=new_rules)


def due(now: datetime) -> int:
    """Score the next people whose points are changed by time alone, or by a rule set that went live.

    Returns how many people were done; at most 200, so that no transaction is long. Whom a set that went live
    leaves to do by the thousand, `publishing` does.
    """
    live = rule_sets.live(at=now)
    outdated = ScoreState.objects.filter(rule_set_number__lt=live.number).order_by("person_id")
    people = [] if are_many(live) else list(outdated.values_list("person_id", flat=True)[:_CHUNK])
    if people:
        rescore(dict.fromkeys(people, now), new_rules=True)
        return len(people)
    late = ScoreState.objects.filter(next_change_at__lte=now).order_by("next_change_at")
    people = list(late.values_list("person_id", flat=True)[:_CHUNK])
    if people:
        rescore(dict.fromkeys(people, now))
    return len(people)


def are_many(live: RuleSet) -> bool:
    """Whether an older set scored so many people that all are worked out at once, beside the loop."""
    outdated = ScoreState.objects.filter(rule_set_number__lt=live.number)
    return outdated[_MANY : _MANY + 1].exists() and counting.covers(live.rules)


def _rescore(
    moments: Mapping[str, int],
    *,
    ways: Mapping[str, Way],
    learnt: Collection[str],
    anew: Collection[str],
    upto: Callable[[], int | None],
    new_rules: bool = False,
) -> int:
    """A score is never worked out for a moment before its last one: a late event counts at the later moment."""
    if not moments:
        return 0
    live = rule_sets.live(at=clock.from_ms(max(moments.values())))
    rules = _prepared(live.rules)
    by_person: dict[str, list[OpenLead]] = {}
    for lead in queries.open_leads(moments):
        by_person.setdefault(lead.person_id, []).append(lead)
    states = queries.states(by_person)
    kept = {
        person: _kept(state.kept)
        for person, state in states.items()
        if state.rule_set_number == live.number and state.kept and person not in anew
    }

    def began(person: str) -> int:
        first = ways[person][0][0] if person in ways else moments[person]
        return max(first, states[person].scored_at) if person in states else first

    unsure: dict[str, Sequence[OpenLead]] = {}
    for person, leads in by_person.items():
        known = kept.get(person)
        if known is None or person in learnt or not known.fitting.keys() >= {lead.id for lead in leads}:
            unsure[person] = leads
    fitting = _learn(rules, unsure, began)
    scores: dict[str, _Score] = {}
    fresh: dict[str, Sequence[OpenLead]] = {}
    for person, leads in by_person.items():
        known, way = kept.get(person), ways.get(person, ())
        fits = fitting.get(person)
        score = known and _brought_up(rules, leads, states[person], known, fits, moments[person], way)
        if score:
            scores[person] = score
        else:
            fresh[person] = leads
    if fresh:
        fitting = {person: kept[person].fitting for person in fresh.keys() & kept.keys()} | fitting
        scores |= _made_anew(rules, fresh, states, fitting, moments, began, ways, upto())
    changed = _store(rules, live, scores, ways)
    crossings.follow(list(_passages(rules, scores.values())), live=live, new_rules=new_rules)
    _remember(live, scores, states, gone=moments.keys() - scores.keys())
    return changed


_NEWEST_PROFILES = """
    select person_id, {json}attributes from qualify_profile one
    where person_id {in} and id = (select max(id) from qualify_profile where person_id = one.person_id)"""


def _learn(
    rules: Prepared,
    people: Mapping[str, Sequence[OpenLead]],
    began: Callable[[str], int],
) -> dict[str, dict[str, tuple[int, ...]]]:
    """The attribute rules that fit the leads of these people, by person.

    Adds a profile for everybody whose attributes are not those of their newest one: from `began` (ms), the first
    one from the day on which the person became known.
    """
    if not people:
        return {}
    known = queries.known(lead.id for leads in people.values() for lead in leads)
    newest = rows.ask(Profile, _NEWEST_PROFILES, [sorted(people)])
    before = {person: _decode(attributes) for person, attributes in newest}
    profiles = []
    for person, leads in people.items():
        now = known[leads[0].id]
        if now.person == before.get(person):
            continue
        at = clock.from_ms(began(person))
        if person not in before:
            at = min(now.since, at)
        profiles.append((person, at, _encode(now.person).decode()))
    rows.put(Profile, ["person_id", "at", "attributes"], profiles)
    return {
        person: {lead.id: rules.fitting(known[lead.id].person | known[lead.id].lead) for lead in leads}
        for person, leads in people.items()
    }


def _brought_up(
    rules: Prepared,
    leads: Sequence[OpenLead],
    state: State,
    kept: Kept,
    learnt: dict[str, tuple[int, ...]] | None,
    moment: int,
    way: Way,
) -> _Score | None:
    """The score of a person from the counts that are kept; None if they must be made anew.

    `learnt` is what fits the leads now, if something became known.
    """
    now = max(state.scored_at, moment)
    position = _followed(kept.position, way)
    fitting = kept.fitting if learnt is None else learnt
    changes_by_time = state.next_change_at is not None and state.next_change_at <= now
    tally = Tally(rules, kept.counts)
    names = rules.names
    try:
        for _, event in way:
            if event.name in names:
                tally.add(*_counted(rules, event))
        falls = tally.may_fall or changes_by_time or fitting != kept.fitting
        if not _may_cross(rules, leads, fitting, tally, falls=falls):
            tally.at(now)
            return _Score(leads, fitting, now, position, tally, ())
        tally = Tally(rules, _kept(state.kept).counts)
        steps = [
            Step(at, event, [_counted(rules, event)] if event.name in rules.names else ())
            for at, event in way
        ]
        standings = list(points.walk(tally, steps, since=state.scored_at, upto=now))
        return _Score(leads, fitting, now, position, tally, standings)
    except TooLate:
        return None


def _followed(position: int, way: Way) -> int:
    return max(position, max([event.position for _, event in way])) if way else position


def _counted(rules: Prepared, event: Event) -> Any:
    return (
        event.message_id,
        event.occurred_at,
        event.visitor or "",
        rules.told(event.name, event.body),
        rules.is_view(event.name),
    )


def _made_anew(
    rules: Prepared,
    people: Mapping[str, Sequence[OpenLead]],
    states: Mapping[str, State],
    fitting: Mapping[str, Fitting],
    moments: Mapping[str, int],
    began: Callable[[str], int],
    ways: Mapping[str, Way],
    upto: int | None,
) -> dict[str, _Score]:
    """The scores of people whose counts are made from the timeline."""
    seen = queries.seen(rules.rules, {person: began(person) for person in people}, upto=upto)
    asked = {event.message_id for person in people for _, event in ways.get(person, ())}
    heard = dict(rows.values(TimelineItem, ["message_id", "id"], {"message_id": asked}))
    found = {}
    for person, leads in people.items():
        state, way = states.get(person), ways.get(person, ())
        followed = _kept(state.kept).position if state and state.kept else 0
        # What was followed before is no step any more, though it is read again.
        ahead = [(at, event) for at, event in way if event.position > followed]
        tally = Tally(rules, Counts({}, {}))
        past, steps = _steps(rules, seen[person], ahead, heard)
        for event in past:
            tally.add(*event)
        now = max([state.scored_at if state else 0, moments[person], *(event[1] for event in past)])
        standings = list(points.walk(tally, steps, since=began(person), upto=now))
        position = _followed(followed, way)
        set_before = state.rule_set_number if state else None
        found[person] = _Score(leads, fitting[person], now, position, tally, standings, set_before)
    return found


def _steps(
    rules: Prepared, seen: Iterable[Seen], way: Way, heard: Mapping[str, int]
) -> tuple[list[Any], list[Step]]:
    """What was heard of before somebody's way, and the way: each event with what was heard of by then."""
    rows_of_way = [heard[event.message_id] for _, event in way if event.message_id in heard]
    upto = min(rows_of_way, default=sys.maxsize) - 1
    waiting = deque(points.by_order(seen))

    def heard_by(row: int) -> list[Any]:
        taken = []
        while waiting and waiting[0].order <= row:
            one = waiting.popleft()
            means = rules.read(one.name, one.body)
            if means is not None:
                taken.append((one.id, one.at, one.visitor, means, rules.is_view(one.name)))
        return taken

    past = sorted(heard_by(upto), key=lambda event: event[1])
    steps = []
    for at, event in way:
        upto = max(upto, heard.get(event.message_id, 0))
        steps.append(Step(at, event, heard_by(upto)))
    return past, steps


def _may_cross(
    rules: Prepared, leads: Sequence[OpenLead], fitting: Fitting, tally: Tally, *, falls: bool
) -> bool:
    """Whether any of the leads can have become MQL, or, if points can have fallen, have left."""
    stages_now = {lead.stage for lead in leads}
    if (rules.rules.leave is not None or rules.rules.exclusions) and falls and "mql" in stages_now:
        return True
    if "lead" not in stages_now:
        return False
    most = tally.most()
    return any(
        most + rules.best(fitting[lead.id]) >= rules.rules.threshold for lead in leads if lead.stage == "lead"
    )


def _passages(rules: Prepared, scores: Iterable[_Score]) -> Iterator[Passage]:
    """The leads that may have crossed a line, with what they were worth on their way."""
    for score in scores:
        for lead in score.leads if score.way else ():
            if lead.stage in crossings.STAGES:
                fitting = score.fitting[lead.id]
                totals = [(at, cause, rules.worth(fitting, given).total) for at, cause, given in score.way]
                out = rules.left_out(fitting)
                yield Passage(lead.id, lead.stage, lead.points, totals, out, score.set_before)


def _store(rules: Prepared, live: RuleSet, scores: Mapping[str, _Score], ways: Mapping[str, Way]) -> int:
    """Write the leads that differ and announce what is news; returns how many differ.

    A grade or a temperature that became another one is news; points alone move too often.
    """
    written, news = [], []
    for person, score in scores.items():
        given = score.tally.points
        for lead in score.leads:
            fit, engagement, total, grade, temperature = rules.worth(score.fitting[lead.id], given)
            another = lead.grade != grade or lead.temperature != temperature
            if another:
                fact = ScoreChanged(
                    total=total,
                    fit=fit,
                    engagement=engagement,
                    previous=lead.points,
                    grade=grade,
                    temperature=temperature,
                    rule_set=live.id,
                )
                cause = _newest(ways.get(person, ()))
                news.append(outbox.prepare(fact, at=score.now, person=person, lead=lead.id, cause=cause))
            if another or (lead.points, lead.fit_points, lead.engagement_points) != (total, fit, engagement):
                written.append((total, fit, engagement, grade, temperature, lead.id))
    outbox.publish_all(news)
    rows.change(Lead, ["points", "fit_points", "engagement_points", "grade", "temperature"], written)
    if written:
        touched.points(scores)
    return len(written)


def _newest(way: Way) -> Event | None:
    """The newest event; of two as old the one that came later."""
    newest: tuple[int, Event] | None = None
    for one in way:
        if newest is None or one[0] >= newest[0]:
            newest = one
    return newest[1] if newest else None


def _remember(
    live: RuleSet, scores: Mapping[str, _Score], states: Mapping[str, State], *, gone: Collection[str]
) -> None:
    """Keep the counts, and for each person when to look again; forget those without an open lead."""
    same, other, new = [], [], []
    for person, score in scores.items():
        change = score.tally.next_change_at if score.tally.next_change_at < NEVER else None
        kept = _encode(Kept(score.tally.kept(), dict(score.fitting), score.position)).decode()
        state = states.get(person)
        if state is None or state.rule_set_number != live.number:
            new.append((person, live.number, score.now, kept, change))
        elif state.next_change_at == change:
            same.append((score.now, kept, person))
        else:
            other.append((score.now, kept, change, person))
    # What did not change is not written: its index would be.
    columns = ["scored_at", "kept", "next_change_at"]
    rows.change(ScoreState, columns[:2], same)
    rows.change(ScoreState, columns, other)
    rows.put(
        ScoreState,
        ["person_id", "rule_set_number", *columns],
        new,
        key=["person_id"],
        changes=["rule_set_number", *columns],
    )
    if gone:
        ScoreState.objects.filter(person__in=list(gone)).delete()
