"""Leads as they were known at a moment: what a model learns from and is asked about.

Only what was known by then counts: attributes from `Profile`, events that happened by then of visitors who were
linked by then, the points that were announced by then, the first touch that came with the opening. What staff did
or judged (owner, stage, calls, deals, why sales rejected it) is left out: it knows the outcome sooner than the lead
does; what sales said is a label only (`rules.feedback`), never a column. Left out too are texts of
a lead that later forms may change (what it was raised with, custom fields), for their past is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.db import connection

from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import FieldDefinition, Lead
from handraiser.kit import clock, rows
from handraiser.qualify.models import Profile, SalesAnswer, StageChange
from handraiser.qualify.rules.feedback import label

AGES = (0, 7, 30)  # days after the opening at which a lead is looked at for learning, while it is open
SETTLED = timedelta(minutes=10)  # what an opening sets off at once belongs to it
CHUNK = 2_000
WINDOWS = (7, 30)  # days
DAY_MS = 86_400_000

# Events by which a lead shows interest, each with its column.
KINDS = {
    "attract.visit_started": "visits",
    "attract.page_viewed": "pages",
    "attract.event_tracked": "events",
    "capture.form_submitted": "forms",
    "capture.magnet_downloaded": "downloads",
    "delivery.email_opened": "opens",
    "delivery.email_clicked": "clicks",
    "delivery.unsubscribed": "unsubscribed",
}
_BY_MACHINES = ("delivery.email_opened", "delivery.email_clicked")
PRIVATE = {
    "company_name": "names a firm rather than describes it",
    "email_domain": "names a firm or a mail service rather than describes a lead",
}
REACHED = {"customer": ("customer",), "sql": ("sql", "opportunity", "customer")}
_BEFORE = {
    "customer": ("lead", "mql", "accepted", "sql", "opportunity"),
    "sql": ("lead", "mql", "accepted"),
}

T = TypeVar("T")
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Moment(NamedTuple):
    """A lead at a moment. `opened_at` and `at` in milliseconds."""

    lead: str
    person: str
    opened_at: int
    at: int


@dataclass
class Outcomes:
    """Moments whose label window is over, and whether the target was reached within it.

    `too_young` leads have none yet; `untold` moments have no label, for sales rejected the lead for a reason that
    says nothing about it.
    """

    moments: list[Moment] = field(default_factory=list)
    label: list[int] = field(default_factory=list)
    too_young: int = 0
    untold: int = 0


_LEADS = """
    select id, person_id, opened_at, closed_at, stage, stage_at from people_lead
    where opened_at <= %s order by opened_at desc, id desc limit %s"""
_REACHED = """
    select lead_id, min(at) from qualify_stage_change where lead_id {in} and stage {in} group by lead_id"""
_SAID = """
    select lead_id, at, outcome, reason from qualify_sales_answer
    where lead_id {in} and at <= %s order by at, key"""
_LINES = "select id, name from people_offer_line"


def outcomes(*, target: str, window_days: int, at: datetime, most: int) -> Outcomes:
    """What became of the newest `most` leads, at each of `AGES` at which they were open and short of the target.

    Only moments whose whole window is over count, also those with an early yes or an early no: else young leads
    would seem to say it more often. Disqualified and recycled are no. A lead that was moved back from the target
    never reached it. Whom sales rejected for what they are is a no from then on, and no longer asked about; whom
    they rejected for another reason is neither, unless the target was reached all the same.
    """
    window, now = window_days * DAY_MS, clock.ms(at)
    found = Outcomes()
    last = rows.moment(Lead, at)
    leads = rows.ask(Lead, _LEADS, [last, most])
    for some in _chunks(leads):
        hits = reached([row[0] for row in some], target)
        answers = said([row[0] for row in some], upto=at)
        for lead, person, opened, closed, stage, stage_at in some:
            opened_at, ended = rows.milliseconds(opened), rows.milliseconds(closed) if closed else None
            hit = hits.get(lead)
            if stage in _BEFORE[target]:
                hit = None
            elif hit is None and stage in REACHED[target]:
                hit = rows.milliseconds(stage_at)
            for age in AGES:
                moment = opened_at + (age * DAY_MS or SETTLED // timedelta(milliseconds=1))
                if (hit is not None and hit <= moment) or (ended is not None and ended <= moment):
                    break
                if moment + window > now:
                    found.too_young += age == 0
                    break
                yes = hit is not None and hit <= moment + window
                last = None if yes else last_said(answers.get(lead, ()), moment + window)
                if last is not None and last.worth is None:
                    found.untold += 1
                    continue
                if last is not None and last.worth is False and last.at <= moment:
                    break
                found.moments.append(Moment(lead, person, opened_at, moment))
                found.label.append(int(yes))
    return found


def reached(leads: Sequence[str], target: str) -> dict[str, int]:
    """When each of these leads first reached the target, in milliseconds; those that never did are left out."""
    return {
        lead: rows.milliseconds(at)
        for some in _chunks(leads)
        for lead, at in rows.ask(StageChange, _REACHED, [list(some), list(REACHED[target])])
    }


class Said(NamedTuple):
    """What sales said of a lead, and when (milliseconds). `worth` as `rules.feedback.label` has it."""

    at: int
    worth: bool | None


def said(leads: Sequence[str], *, upto: datetime) -> dict[str, list[Said]]:
    """What sales had said of these leads by a moment, oldest first; leads without an answer are left out."""
    found: dict[str, list[Said]] = {}
    last = rows.moment(SalesAnswer, upto)
    for some in _chunks(leads):
        for lead, at, outcome, reason in rows.ask(SalesAnswer, _SAID, [list(some), last]):
            found.setdefault(lead, []).append(Said(rows.milliseconds(at), label(outcome, reason)))
    return found


def last_said(answers: Sequence[Said], upto: int) -> Said | None:
    """The last of these answers by a moment."""
    return next((one for one in reversed(answers) if one.at <= upto), None)


def since(moment: datetime, at: datetime, *, most: int) -> list[Moment]:
    """The newest `most` leads that were opened after a moment, each at its opening."""
    settled = SETTLED // timedelta(milliseconds=1)
    told = rows.ask(
        Lead,
        "select id, person_id, opened_at from people_lead where opened_at > %s and opened_at <= %s"
        " order by opened_at desc, id desc limit %s",
        [rows.moment(Lead, moment), rows.moment(Lead, at - SETTLED), most],
    )
    opened = ((lead, person, rows.milliseconds(stored)) for lead, person, stored in told)
    return [Moment(lead, person, began, began + settled) for lead, person, began in opened]


def of_leads(leads: Collection[str], at: datetime) -> list[Moment]:
    """These leads as they are known at present."""
    now = clock.ms(at)
    told = rows.ask(
        Lead, "select id, person_id, opened_at from people_lead where id {in} order by id", [sorted(leads)]
    )
    return [Moment(lead, person, rows.milliseconds(opened), now) for lead, person, opened in told]


_FIXED = """
    select s.n, l.how, l.channel, l.source, l.medium, l.campaign, l.landing_page, l.offer_line_id,
           l.recycled_from_id, p.created_at
    from qualify_moment s cross join people_lead l cross join people_person p
    where l.id = s.lead and p.id = s.person"""
_COUNTED = """
    select s.n, t.name, count(*), sum(case when t.occurred_at > s.week then 1 else 0 end),
           sum(case when t.occurred_at > s.month then 1 else 0 end), max(t.occurred_at)
    from qualify_moment s cross join identity_timeline t
    left join identity_visitor_link v on v.visitor = t.visitor
    where t.person_id = s.person and t.occurred_at <= s.at and t.name {in}
      and (t.told_person <> '' or t.told_lead <> '' or v.linked_at <= s.at)
      and not (t.name {in} and replace({json}t.body, ': ', ':') like '%%"machine":"%%'
               and replace({json}t.body, ': ', ':') not like '%%"machine":""%%')
    group by s.n, t.name"""
_NEWEST = """
    select n, name, body from (
        select s.n, t.name, {json}t.body as body,
               row_number() over (partition by s.n, t.name order by t.occurred_at desc, t.id desc) as back
        from qualify_moment s cross join identity_timeline t
        left join identity_visitor_link v on v.visitor = t.visitor
        where t.person_id = s.person and t.occurred_at <= s.at and t.name {in}
          and (t.told_person <> '' or t.told_lead <> '' or v.linked_at <= s.at)
          and (t.name <> 'qualify.score_changed' or t.lead_id = s.lead)
    ) newest where back = 1"""
_KNOWN = """
    select n, attributes from (
        select s.n, {json}p.attributes as attributes,
               row_number() over (partition by s.n order by p.at desc, p.id desc) as back
        from qualify_moment s cross join qualify_profile p
        where p.person_id = s.person and p.at <= s.at
    ) newest where back = 1"""
_TABLE = """
    create temporary table if not exists qualify_moment (
        n integer primary key, lead varchar(40), person varchar(40), at {moment}, week {moment}, month {moment})"""
_TEXTS = ("how", "channel", "source", "medium", "campaign", "landing_page", "offer_line")


def features(moments: Sequence[Moment]) -> Iterator[list[dict[str, Any]]]:
    """What was known of each lead at its moment, chunk by chunk: values by column; what is unknown is left out."""
    private = set(FieldDefinition.objects.filter(personal=True).values_list("key", flat=True))
    left_out = PRIVATE.keys() | {f"custom.{key}" for key in private}
    lines = dict(rows.ask(Lead, _LINES, []))
    for some in _chunks(moments):
        _enter(some)
        told: list[dict[str, Any]] = [{} for _ in some]
        for n, *texts, recycled, known_since in rows.ask(Lead, _FIXED, []):
            one = told[n]
            texts[-1] = lines.get(texts[-1], "")
            one.update({name: text for name, text in zip(_TEXTS, texts, strict=True) if text})
            one["recycled"] = "yes" if recycled else "no"
            one["days_open"] = max(0.0, (some[n].at - some[n].opened_at) // DAY_MS)
            one["days_known"] = max(0, (some[n].opened_at - rows.milliseconds(known_since)) // DAY_MS)
            for column in KINDS.values():
                one.update({f"{column}_{days}": 0 for days in WINDOWS} | {f"{column}_all": 0})
        for n, name, ever, week, month, newest in rows.ask(
            TimelineItem, _COUNTED, [list(KINDS), list(_BY_MACHINES)]
        ):
            column, one = KINDS[name], told[n]
            one[f"{column}_all"], one[f"{column}_7"], one[f"{column}_30"] = int(ever), int(week), int(month)
            one[f"{column}_since"] = (some[n].at - rows.milliseconds(newest)) // DAY_MS
        for n, name, body in rows.ask(
            TimelineItem, _NEWEST, [["qualify.score_changed", "attract.visit_started"]]
        ):
            told[n].update(
                _score(_decode(body)) if name == "qualify.score_changed" else _visit(_decode(body))
            )
        for n, attributes in rows.ask(Profile, _KNOWN, []):
            known = _decode(attributes)
            told[n].update({key: _plain(value) for key, value in known.items() if key not in left_out})
        yield told


def _score(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[key] // 1_000_000 for name, key in (("fit", "fit"), ("engagement", "engagement"))}


def _visit(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"last_channel": body["channel"]} if body.get("channel") else {}


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int | float) else str(value)[:120]


def _enter(moments: Sequence[Moment]) -> None:
    """Lay the moments beside the tables, in a table that only this connection sees."""
    kind = "text" if connection.vendor == "sqlite" else "timestamptz"
    week, month = (days * DAY_MS for days in WINDOWS)
    with connection.cursor() as cursor:
        cursor.execute(_TABLE.replace("{moment}", kind))
        cursor.execute("delete from qualify_moment")
        cursor.executemany(
            "insert into qualify_moment values (%s, %s, %s, %s, %s, %s)",
            [
                (n, one.lead, one.person, *(_stored(one.at - back) for back in (0, week, month)))
                for n, one in enumerate(moments)
            ],
        )


def _stored(at: int) -> Any:
    return rows.moment(TimelineItem, at)


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
