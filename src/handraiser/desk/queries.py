"""Reads of the lead list and of the navigation. Every one starts from what this person may see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, F, IntegerField, Q, Value, When
from django.db.models.functions import Lower

from handraiser.core.people.models import Lead, LeadQuerySet, Stage
from handraiser.core.staff.models import Organisation, User
from handraiser.desk.models import SavedView
from handraiser.desk.rules import filters, listing
from handraiser.desk.rules.filters import Filter
from handraiser.desk.rules.listing import Listing, View
from handraiser.qualify import ideal

SORT_FIELDS = {
    "name": ("person__last_name", "person__first_name"),
    "stage": ("stage_order", "stage_at"),
    "score": ("points",),
    "likely": ("prediction__probability",),
    "pql": ("product_lead__at",),
    "activity": ("last_activity_at",),
    "raised": ("raised_with",),
    "source": ("source",),
    "owner": ("owner__name",),
    "opened": ("opened_at",),
}
# `lead_hottest` and its sisters are indexes of exactly these columns; NULLs come last on both databases.
NULLABLE = {"last_activity_at", "owner__name", "prediction__probability", "product_lead__at"}
NUMBER = re.compile(r"^[+(]?\d[\d\s()./-]{2,}$")
COLUMN_OF = {
    "stage": "stage",
    "temperature": "temperature",
    "grade": "grade",
    "source": "source",
    "channel": "channel",
    "campaign": "campaign",
    "raised": "raised_with",
}


def zone_of(user: User) -> ZoneInfo:
    """The time zone in which this person reads times."""
    return ZoneInfo(user.time_zone or Organisation.get().time_zone)


def condition(one: Filter, *, user: User, at: datetime, zone: ZoneInfo) -> Q:
    """A filter as a condition on leads."""
    found = _condition(one, user=user, at=at, zone=zone)
    return ~found if one.negated else found


def _condition(one: Filter, *, user: User, at: datetime, zone: ZoneInfo) -> Q:
    if one.key == "state":
        states = {"open": Q(closed_at=None), "closed": Q(closed_at__isnull=False)}
        return _any(states.get(value, Q(pk__in=[])) for value in one.values)
    if one.key == "owner":
        return _any(_owned(value, user) for value in one.values)
    if one.key == "pql":
        return _any(Q(product_lead__isnull=value != "yes") for value in one.values)
    if one.key == "ideal":
        return ideal.who(one.values, at=at)
    if one.key in filters.WINDOWS:
        column = {"opened": "opened_at", "seen": "last_activity_at"}[one.key]
        return _within(column, one.values[0], at=at, zone=zone)
    if found := filters.FIELD.match(one.key):
        place = "person__attributes" if found[1] == "person" else "attributes"
        return _any(Q(**{f"{place}__{found[2]}": value}) for raw in one.values for value in _typed(raw))
    return Q(**{f"{COLUMN_OF[one.key]}__in": ["" if v == "unknown" else v for v in one.values]})


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


def _owned(value: str, user: User) -> Q:
    if value == "nobody":
        return Q(owner=None)
    return Q(owner_id=user.id if value == "me" else int(value) if value.isdigit() else -1)


def _within(column: str, text: str, *, at: datetime, zone: ZoneInfo) -> Q:
    span = filters.window(text)
    if span is None:
        return Q()
    # A lead without any activity is in no window, so `not` must find it: NULL alone would hide it from both.
    whole = Q(**{f"{column}__isnull": False})
    if span.days is not None:
        return whole & Q(**{f"{column}__gte": at - timedelta(days=span.days)})
    if span.first:
        whole &= Q(**{f"{column}__gte": datetime.combine(span.first, time.min, zone)})
    if span.last:
        whole &= Q(**{f"{column}__lt": datetime.combine(span.last + timedelta(days=1), time.min, zone)})
    return whole


def _typed(raw: str) -> list[object]:
    """A custom field holds text, a number or a truth; an address holds text only."""
    values: list[object] = [raw]
    if raw in ("true", "false"):
        values.append(raw == "true")
    elif raw.lstrip("-").isdigit():
        values.append(int(raw))
    return values


def searched(leads: LeadQuerySet, words: str) -> LeadQuerySet:
    """Those whose name, address, company or number holds every word; a number may be written with gaps."""
    if NUMBER.match(words):
        digits = "".join(filter(str.isdigit, words)).lstrip("0")
        return leads.filter(person__phone__contains=digits) if digits else leads.none()
    for word in words.split()[:6]:
        leads = leads.filter(
            Q(person__first_name__icontains=word)
            | Q(person__last_name__icontains=word)
            | Q(person__email__icontains=word)
            | Q(person__company__name__icontains=word)
        )
    return leads


def matching(user: User, state: Listing, *, at: datetime) -> LeadQuerySet:
    """The leads of a listing that this person may see, in no order."""
    zone = zone_of(user)
    leads = Lead.objects.visible_to(user).filter(person__erased_at=None)
    for one in state.filters:
        leads = leads.filter(condition(one, user=user, at=at, zone=zone))
    return searched(leads, state.search)


def ordered(leads: LeadQuerySet, sort: str) -> LeadQuerySet:
    """In the order of a sort, equal ones by id, so that pages never overlap."""
    falling = sort.startswith("-")
    column = sort.removeprefix("-")
    if column == "stage":
        whens = [When(stage=stage, then=Value(n)) for n, stage in enumerate(Stage.values)]
        leads = leads.annotate(stage_order=Case(*whens, output_field=IntegerField()))
    order = []
    for name in (*SORT_FIELDS[column], "id"):
        field = F(name)
        last = {"nulls_last": True} if name in NULLABLE else {}
        order.append(field.desc(**last) if falling else field.asc(**last))
    return leads.order_by(*order)


def page(leads: LeadQuerySet, sort: str, *, first: int, size: int) -> list[Lead]:
    """A part of the ordered list. Only ids are sorted: whole rows would make a long list slow."""
    ids = list(ordered(leads, sort).values_list("id", flat=True)[first : first + size])
    rows = Lead.objects.with_people().select_related("prediction", "product_lead").in_bulk(ids)
    return [rows[lead_id] for lead_id in ids if lead_id in rows]


def views_of(user: User) -> list[View]:
    """Our views, then the saved ones that this person sees."""
    saved = SavedView.objects.visible_to(user).order_by("created_at", "id")
    return [
        *listing.OUR_VIEWS,
        *(
            View(
                id=row.id,
                name=row.name,
                filters=filters.load(row.filters),
                sort=row.sort,
                columns=tuple(row.columns) or listing.FIRST_COLUMNS,
                shared=row.shared,
                mine=row.owner_id == user.id,
            )
            for row in saved
        ),
    ]


def counts(user: User, views: Sequence[View], *, at: datetime) -> dict[str, int]:
    """How many leads each view holds, in one query."""
    zone = zone_of(user)
    wanted = {}
    for number, view in enumerate(views):
        whole = Q()
        for one in view.filters:
            whole &= condition(one, user=user, at=at, zone=zone)
        wanted[f"view_{number}"] = Count("id", filter=whole) if whole else Count("id")
    found = Lead.objects.visible_to(user).filter(person__erased_at=None).aggregate(**wanted)
    return {view.id: found[f"view_{number}"] for number, view in enumerate(views)}


def excludes_most(user: User, state: Listing, *, at: datetime) -> tuple[Filter | None, int]:
    """For an empty list: the filter without which most would match, and how many; (None, 0) if none helps."""
    best: tuple[Filter | None, int] = (None, 0)
    for one in state.filters:
        n = matching(user, state.without(one), at=at).count()
        if n > best[1]:
            best = (one, n)
    return best


def values_of(user: User, key: str) -> list[str]:
    """The values that a filter can offer, commonest first."""
    column = COLUMN_OF[key]
    rows = Lead.objects.visible_to(user).values(column).annotate(n=Count("id")).order_by("-n", column)[:60]
    return [row[column] or "unknown" for row in rows]


def owners(user: User) -> list[User]:
    """Who may own a lead."""
    return list(User.objects.filter(is_active=True).exclude(role="analyst").order_by(Lower("name")))
