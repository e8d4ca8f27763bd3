"""Working out scores: the one place that writes the points, the grade and the temperature of a lead.

Everything is set-based: a batch of people costs the same few statements whether it holds one or five hundred.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max

from handraiser.core.journal import outbox
from handraiser.core.journal.events.qualify import ScoreChanged
from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.qualify import queries
from handraiser.qualify.actions import rule_sets, stages
from handraiser.qualify.models import Profile, RuleSet, ScoreState, StageChange
from handraiser.qualify.rules import scoring, wording
from handraiser.qualify.rules.scoring import Score

_CHUNK = 200


@transaction.atomic
def rescore(
    people: Mapping[str, datetime],
    *,
    causes: Mapping[str, Event] | None = None,
    new_rules: bool = False,
) -> int:
    """Score the open leads of these people, each as of the moment given; returns how many leads changed.

    A score is never worked out for a moment before its last one: a late event is counted at the later
    moment. Leads that reach the threshold become MQL; one that falls below it stays MQL. `causes` (by person)
    are named as the cause of what is announced. `new_rules`: not the people but a new rule set is the reason.
    """
    live = rule_sets.live(at=max(people.values())) if people else None
    if live is None:
        return 0
    leads = list(
        Lead.objects.select_for_update(of=("self",))
        .filter(person__in=list(people), closed_at=None)
        .select_related("person", "person__company")
        .order_by("id")
    )
    states = ScoreState.objects.in_bulk(list(people))
    moments = {
        person: max(at, states[person].scored_at) if person in states else at for person, at in people.items()
    }
    _keep_profiles(leads, moments)
    scores = _scores(live, leads, moments)
    _announce(live, leads, scores, moments, causes or {})
    _store(leads, scores)
    _promote(live, leads, scores, moments, causes=causes, new_rules=new_rules)
    changed = sum(_differs(lead, scores[lead.id]) for lead in leads)
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


def _scores(live: RuleSet, leads: Sequence[Lead], moments: Mapping[str, datetime]) -> dict[str, Score]:
    rules = live.rules
    scored = {lead.person_id for lead in leads}
    evidence = queries.evidence(rules, {person: moments[person] for person in scored})
    return {
        lead.id: scoring.evaluate(
            rules,
            queries.attributes(lead.person) | queries.attributes_of_lead(lead),
            evidence[lead.person_id],
            now_ms=clock.ms(moments[lead.person_id]),
        )
        for lead in leads
    }


def _keep_profiles(leads: Sequence[Lead], moments: Mapping[str, datetime]) -> None:
    """Add a profile for everybody whose attributes are not those of their newest one.

    The first one holds from the day on which the person became known.
    """
    people = {lead.person_id: lead.person for lead in leads}
    newest = (
        Profile.objects.filter(person__in=list(people))
        .values("person")
        .annotate(last=Max("id"))
        .values("last")
    )
    known = dict(Profile.objects.filter(id__in=newest).values_list("person_id", "attributes"))
    Profile.objects.bulk_create(
        [
            Profile(
                person=person,
                at=moments[key] if key in known else min(person.created_at, moments[key]),
                attributes=now,
            )
            for key, person in people.items()
            if (now := queries.attributes(person)) != known.get(key)
        ],
        batch_size=100,
    )


def _announce(
    live: RuleSet,
    leads: Sequence[Lead],
    scores: Mapping[str, Score],
    moments: Mapping[str, datetime],
    causes: Mapping[str, Event],
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
                cause=causes.get(lead.person_id),
            )
            for lead in leads
            if (score := scores[lead.id])
            and (lead.fit_points, lead.engagement_points) != (score.fit, score.engagement)
        ]
    )


def _differs(lead: Lead, score: Score) -> bool:
    return (lead.points, lead.fit_points, lead.engagement_points, lead.grade, lead.temperature) != (
        score.total,
        score.fit,
        score.engagement,
        score.grade,
        score.temperature,
    )


def _store(leads: Sequence[Lead], scores: Mapping[str, Score]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "update people_lead set points = %s, fit_points = %s, engagement_points = %s, grade = %s,"
            " temperature = %s where id = %s",
            [
                (score.total, score.fit, score.engagement, score.grade, score.temperature, lead.id)
                for lead in leads
                if _differs(lead, score := scores[lead.id])
            ],
        )


def _promote(
    live: RuleSet,
    leads: Sequence[Lead],
    scores: Mapping[str, Score],
    moments: Mapping[str, datetime],
    *,
    causes: Mapping[str, Event] | None,
    new_rules: bool,
) -> None:
    threshold = live.rules.threshold
    reached = [lead for lead in leads if lead.stage == "lead" and scores[lead.id].total >= threshold]
    if not reached:
        return
    # Whom somebody moved back stays there until the points cross the threshold anew.
    moved = set(StageChange.objects.filter(lead__in=reached).values_list("lead_id", flat=True))
    reached = [lead for lead in reached if lead.id not in moved or lead.points < threshold]
    limit = wording.plain(threshold)
    why = f"{stages.RULE_SET_PUBLISHED}: " if new_rules else ""
    stages.qualify(
        reached,
        # An event from before the lead was opened made it qualified, but not before it was there.
        moments={lead.id: max(moments[lead.person_id], lead.stage_at) for lead in reached},
        reasons={
            lead.id: f"{why}{wording.plain(scores[lead.id].total)} of {limit} points" for lead in reached
        },
        rule_set_number=live.number,
        causes=causes,
    )


def _remember(
    live: RuleSet,
    leads: Sequence[Lead],
    scores: Mapping[str, Score],
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
    stored = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into qualify_score_state(person_id, rule_set_number, scored_at, next_change_at)"
            " values (%s, %s, %s, %s) on conflict (person_id) do update set"
            " rule_set_number = excluded.rule_set_number, scored_at = excluded.scored_at,"
            " next_change_at = excluded.next_change_at",
            [
                (
                    person,
                    live.number,
                    stored(moments[person]),
                    stored(clock.from_ms(min(times))) if times else None,
                )
                for person, times in changes.items()
            ],
        )
    if gone:
        ScoreState.objects.filter(person__in=list(gone)).delete()
