"""Leads and forms for programs: read, add one, add many, submit a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Header, Query, Router, Schema, Status
from pydantic import Field

from handraiser.core.consent.actions import grants
from handraiser.core.identity.actions import identifiers
from handraiser.core.identity.rules import normal_email, normal_phone
from handraiser.core.journal import idempotency
from handraiser.core.people.actions import leads, people
from handraiser.core.people.models import FieldDefinition, Lead, OfferLine, Person, Stage
from handraiser.core.staff.api_auth import PROBLEMS, Id, KeyAuth, LongText, Text
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

router = Router(tags=["leads"])

# Leads of one transaction: some 30 ms.
_AT_ONCE = 100

IdempotencyKey = Header("", alias="Idempotency-Key", max_length=100)


class ConsentIn(Schema):
    """A permission that the person gave, with the exact words they saw."""

    purpose: Literal["marketing", "sales"]
    wording: LongText = Field(min_length=1)
    url: Text = ""


class LeadIn(Schema):
    """A person and what they raised a hand for. Email, phone or external id: one at least."""

    email: Text = ""
    phone: Text = ""
    external_system: Text = Field("", pattern=r"^[a-z0-9_-]{0,30}$")
    external_id: Text = ""
    first_name: Text = Field("", max_length=120)
    last_name: Text = Field("", max_length=120)
    job_title: Text = Field("", max_length=200)
    company: Text = Field("", max_length=200)
    country: Text = Field("", pattern=r"^([A-Za-z]{2})?$")
    offer_line: Text = Field("", description="Name of an offer line; empty: the default one.")
    raised_with: Text = Field("", max_length=200, description="What they raised a hand with.")
    channel: Text = Field("", max_length=40)
    source: Text = Field("", max_length=120)
    medium: Text = Field("", max_length=120)
    campaign: Text = Field("", max_length=200)
    landing_page: Text = ""
    attributes: dict[Text, Text | int | float | bool | None] = Field(
        default_factory=dict, description="Custom person fields by key.", max_length=100
    )
    consents: list[ConsentIn] = Field(default_factory=list, max_length=10)


class LeadOut(Schema):
    """A lead with its person. `score` is in points; an empty source is unknown."""

    id: str
    person_id: str
    name: str
    email: str
    phone: str
    company: str
    job_title: str
    stage: str
    score: int
    grade: str
    temperature: str
    owner: str
    channel: str
    source: str
    campaign: str
    how: str
    external_id: str
    opened_at: datetime
    closed_at: datetime | None

    @staticmethod
    def of(lead: Lead) -> dict[str, Any]:
        """The answer for one lead; needs `with_people()`."""
        person = lead.person
        return {
            "id": lead.id,
            "person_id": person.id,
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "company": person.company.name if person.company else "",
            "job_title": person.job_title,
            "stage": lead.stage,
            "score": lead.score,
            "grade": lead.grade,
            "temperature": lead.temperature,
            "owner": lead.owner.email if lead.owner else "",
            "channel": lead.channel,
            "source": lead.source,
            "campaign": lead.campaign,
            "how": lead.how,
            "external_id": lead.external_id,
            "opened_at": lead.opened_at.isoformat(),
            "closed_at": lead.closed_at.isoformat() if lead.closed_at else None,
        }


class LeadPage(Schema):
    """Up to `limit` leads, newest first; `next` is the cursor of the following page, or null."""

    leads: list[LeadOut]
    next: str | None


class LeadAdded(Schema):
    """What became of one lead."""

    lead: str
    person: str
    created: bool = Field(description="False: the person has an open lead on this line, which was kept.")
    new_person: bool


class BatchIn(Schema):
    """Up to 500 leads."""

    leads: list[LeadIn] = Field(min_length=1, max_length=500)


class BatchLine(Schema):
    """The result of one line: `added`, or the problem that stopped it."""

    index: int
    added: LeadAdded | None = None
    code: str = ""
    message: str = ""


class BatchOut(Schema):
    """One result for each line, in order. A bad line stops no other."""

    accepted: int
    rejected: int
    results: list[BatchLine]


Outcome = dict[str, Any] | DomainError


def _add(payload: LeadIn) -> tuple[int, dict[str, Any]]:
    [outcome] = _add_all([payload])
    if isinstance(outcome, DomainError):
        raise outcome
    return (201 if outcome["created"] else 200), outcome


def _add_all(payloads: Sequence[LeadIn]) -> list[Outcome]:
    """Add leads with a few statements for all; a line that will not do gets its error instead."""
    at = clock.now()
    problem = _checker(payloads)
    outcomes: list[Outcome | None] = [problem(payload) for payload in payloads]
    good = [payload for payload, refused in zip(payloads, outcomes, strict=True) if refused is None]
    resolved = identifiers.resolve_all([_asked(payload) for payload in good], at=at, how="api")
    lines = _lines(good)
    opened = leads.open_all(
        [
            leads.Opening(
                person=found.person,
                raised_with=payload.raised_with,
                offer_line=lines.get(payload.offer_line),
                touch={key: getattr(payload, key) for key in _TOUCH},
                external_id=payload.external_id[:120],
                newcomer=found.created,
            )
            for payload, found in zip(good, resolved, strict=True)
        ],
        at=at,
        how="api",
    )
    grants.grant_all(
        [
            grants.Permission(
                person=found.person,
                purpose=consent.purpose,
                wording=consent.wording,
                proof={"door": "api", "url": consent.url},
                newcomer=found.created,
            )
            for payload, found in zip(good, resolved, strict=True)
            for consent in payload.consents
        ],
        at=at,
    )
    answers = iter(
        {"lead": lead.id, "person": found.person.id, "created": created, "new_person": found.created}
        for found, (lead, created) in zip(resolved, opened, strict=True)
    )
    return [refused or next(answers) for refused in outcomes]


_TOUCH = ("channel", "source", "medium", "campaign", "landing_page")


def _lines(payloads: Sequence[LeadIn]) -> dict[str, OfferLine]:
    names = {payload.offer_line for payload in payloads if payload.offer_line}
    return {line.name: line for line in OfferLine.objects.filter(name__in=names)} if names else {}


def _checker(payloads: Sequence[LeadIn]) -> Callable[[LeadIn], DomainError | None]:
    """Says what is wrong with a line, before anything is written."""
    lines = _lines(payloads)
    known: set[str] = set()
    if any(payload.attributes for payload in payloads):
        known = set(FieldDefinition.objects.filter(entity="person").values_list("key", flat=True))
    country = Organisation.get().country if any(payload.phone for payload in payloads) else ""

    def problem(payload: LeadIn) -> DomainError | None:
        if payload.offer_line and payload.offer_line not in lines:
            return DomainError("unknown_offer_line", "There is no such offer line.", field="offer_line")
        if unknown := sorted(payload.attributes.keys() - known):
            return DomainError("unknown_field", f"There is no person field {unknown[0]}.", field="attributes")
        if payload.external_id.strip() or normal_email(payload.email):
            return None
        if normal_phone(payload.phone, country=country):
            return None
        return DomainError(
            "no_identity", "A lead needs a valid email, a valid phone or an external_id.", field="email"
        )

    return problem


def _asked(payload: LeadIn) -> identifiers.Asked:
    values = {
        "first_name": payload.first_name,
        "last_name": payload.last_name,
        "job_title": payload.job_title,
        "company_name": payload.company,
        "country": payload.country.upper(),
        **payload.attributes,
    }
    return identifiers.Asked(
        email=payload.email,
        phone=payload.phone,
        external=(payload.external_system or "api", payload.external_id) if payload.external_id else None,
        values={key: value for key, value in values.items() if value != ""},
    )


def _scope(request: HttpRequest) -> str:
    return f"{request.auth.id} {request.method} {request.path}"  # type: ignore[attr-defined]


@router.get("/leads", response={200: LeadPage, **PROBLEMS}, auth=KeyAuth("leads:read"))
def list_leads(
    request: HttpRequest,
    cursor: Id = "",
    limit: int = Query(50, ge=1, le=200),
    stage: Literal["", *Stage.values] = "",  # type: ignore[valid-type]
    source: Text | None = None,
):
    """Leads, newest id first. Pass `next` of an answer as `cursor` for the following page."""
    rows = Lead.objects.with_people().order_by("-id")
    if cursor:
        rows = rows.filter(id__lt=cursor)
    if stage:
        rows = rows.filter(stage=stage)
    if source is not None:
        rows = rows.filter(source=source)
    page = list(rows[: limit + 1])
    more = len(page) > limit
    return {
        "leads": [LeadOut.of(lead) for lead in page[:limit]],
        "next": page[limit - 1].id if more else None,
    }


@router.post("/leads", response={200: LeadAdded, 201: LeadAdded, **PROBLEMS}, auth=KeyAuth("leads:write"))
def add_lead(request: HttpRequest, payload: LeadIn, key: str = IdempotencyKey):
    """Add a lead: 201 when one was opened, 200 when the person's open lead was kept."""
    status, answer = idempotency.once(
        scope=_scope(request),
        key=key,
        request=payload.model_dump(),
        at=clock.now(),
        work=lambda: _add(payload),
    )
    return Status(status, answer)


@router.post("/leads/batch", response={200: BatchOut, **PROBLEMS}, auth=KeyAuth("leads:write"))
def add_leads(request: HttpRequest, payload: BatchIn, key: str = IdempotencyKey):
    """Add many leads. A bad line stops no other; a repeat with the same key adds nothing."""
    results: list[dict[str, Any]] = []
    # Small transactions, so that a visitor's form does not wait for a large import.
    for start in range(0, len(payload.leads), _AT_ONCE):
        lines = payload.leads[start : start + _AT_ONCE]
        _, answer = idempotency.once(
            scope=_scope(request),
            key=f"{key}:{start}" if key else "",
            request=[line.model_dump() for line in lines] if key else None,
            at=clock.now(),
            work=lambda lines=lines, start=start: (200, {"results": _results(lines, start)}),  # type: ignore[misc]
        )
        results += answer["results"]
    rejected = sum("code" in result for result in results)
    return {"accepted": len(results) - rejected, "rejected": rejected, "results": results}


def _results(lines: Sequence[LeadIn], start: int) -> list[dict[str, Any]]:
    return [
        {"index": index, "code": outcome.code, "message": outcome.message}
        if isinstance(outcome, DomainError)
        else {"index": index, "added": outcome}
        for index, outcome in enumerate(_add_all(lines), start)
    ]


@router.get("/leads/{lead_id}", response={200: LeadOut, **PROBLEMS}, auth=KeyAuth("leads:read"))
def get_lead(request: HttpRequest, lead_id: Id):
    """One lead."""
    leads = Lead.objects.with_people()
    lead = leads.filter(id=lead_id).first() or leads.filter(aliases__old_id=lead_id).first()
    if lead is None:
        raise DomainError("no_lead", "There is no lead with this id.", kind="missing")
    return LeadOut.of(lead)


class PersonOut(Schema):
    """A person as the product knows them. Empty: unknown."""

    id: str
    first_name: str
    last_name: str
    email: str
    phone: str
    job_title: str
    company: str
    country: str
    attributes: dict[str, Any]
    allows: list[str] = Field(description="Purposes that the person allows now.")
    created_at: datetime


class PersonChange(Schema):
    """Fields to set; what is left out stays."""

    first_name: Text | None = Field(None, max_length=120)
    last_name: Text | None = Field(None, max_length=120)
    job_title: Text | None = Field(None, max_length=200)
    company: Text | None = Field(None, max_length=200)
    country: Text | None = Field(None, pattern=r"^([A-Za-z]{2})?$")
    attributes: dict[Text, Text | int | float | bool | None] = Field(default_factory=dict, max_length=100)


def _person(person_id: str) -> Person:
    people = Person.objects.select_related("company")
    # Old ids of merged people are good for ever.
    person = people.filter(id=person_id).first() or people.filter(aliases__old_id=person_id).first()
    if person is None:
        raise DomainError("no_person", "There is no person with this id.", kind="missing")
    return person


def _person_out(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "job_title": person.job_title,
        "company": person.company.name if person.company else "",
        "country": person.country,
        "attributes": person.attributes,
        "allows": sorted(person.grants.filter(withdrawn_at=None).values_list("purpose_id", flat=True)),
        "created_at": person.created_at,
    }


@router.get("/people/{person_id}", response={200: PersonOut, **PROBLEMS}, auth=KeyAuth("leads:read"))
def get_person(request: HttpRequest, person_id: Id):
    """One person."""
    return _person_out(_person(person_id))


@router.patch("/people/{person_id}", response={200: PersonOut, **PROBLEMS}, auth=KeyAuth("leads:write"))
def change_person(request: HttpRequest, person_id: Id, payload: PersonChange):
    """Change a person; a server's word counts as proven."""
    person = _person(person_id)
    given = payload.model_dump(exclude_none=True, exclude={"attributes", "company"})
    if payload.company is not None:
        given["company_name"] = payload.company
    people.change(
        person=person, values={**given, **payload.attributes}, at=clock.now(), by="api", proven=True
    )
    return _person_out(_person(person_id))
