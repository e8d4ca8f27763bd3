"""Importing people and their leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from handraiser.capture.imports.kinds import Kind, Memory, Plan, Refusal, Refused, Setting
from handraiser.capture.imports.rules import mapping as rules
from handraiser.capture.imports.rules.mapping import Target
from handraiser.core.identity.models import TimelineItem
from handraiser.core.identity.rules import normal_email, normal_phone
from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import LeadOpened, LeadRemoved, PersonChanged, PersonCreated
from handraiser.core.people.actions import companies
from handraiser.core.people.actions.people import FIELDS
from handraiser.core.people.models import Identifier, Lead, Note, OfferLine, Person, Stage, Task
from handraiser.kit import clock, ids, rows
from handraiser.kit.envelope import Event

TARGETS = (
    Target("external_id", "Id in the other system", ("id", "lead id", "contact id", "record id", "mql id")),
    Target("email", "Email", ("e-mail", "mail", "email address", "work email")),
    Target("phone", "Phone", ("telephone", "phone number", "mobile", "mobile phone")),
    Target("first_name", "First name", ("given name", "forename")),
    Target("last_name", "Last name", ("surname", "family name")),
    Target("name", "Full name", ("contact", "contact name")),
    Target("job_title", "Job title", ("role", "position", "title")),
    Target("company_name", "Company", ("organisation", "organization", "account", "employer")),
    Target("country", "Country (two letters)", ("country code",)),
    Target("time_zone", "Time zone"),
    Target("opened_at", "Raised a hand at", ("created at", "date", "created", "first contact date")),
    Target("raised_with", "Raised a hand with", ("offer", "form")),
    Target("channel", "Channel"),
    Target("source", "Source", ("utm source", "origin", "lead source")),
    Target("medium", "Medium", ("utm medium",)),
    Target("campaign", "Campaign", ("utm campaign",)),
    Target("landing_page", "Landing page", ("landing page id", "page")),
)

_PERSON_LIMITS = {"first_name": 120, "last_name": 120, "job_title": 200, "company_name": 200, "time_zone": 64}
_LEAD_LIMITS = {
    "external_id": 120,
    "raised_with": 200,
    "channel": 40,
    "source": 120,
    "medium": 120,
    "campaign": 200,
    "landing_page": 400,
}
# What happens to a lead without anybody working with it; anything else keeps it from being undone.
_QUIET = {
    "people.person_created",
    "people.person_changed",
    "people.lead_opened",
    "qualify.score_changed",
    "qualify.person_enriched",
}


def _read(plan: Plan, setting: Setting) -> None:
    """Turn a row's values into identifiers and moments. Raises Refused."""
    values, facts = plan.values, plan.facts
    for target, limit in (*_PERSON_LIMITS.items(), *_LEAD_LIMITS.items()):
        if len(values.get(target, "")) > limit:
            raise Refused(Refusal.TOO_LONG, f"{target} is longer than {limit} characters.")
    identifiers: dict[str, str] = {}
    if text := values.get("email", ""):
        if not (address := normal_email(text)):
            raise Refused(Refusal.BAD_EMAIL, f"“{text[:80]}” is not an email address.")
        identifiers["email"] = address
    if external := values.get("external_id", ""):
        identifiers[f"external:{setting.mapping.system}"] = external
    if text := values.get("phone", ""):
        number = normal_phone(text, country=values.get("country", "") or setting.country)
        if number:
            identifiers["phone"] = number
        elif not identifiers:
            raise Refused(Refusal.BAD_PHONE, f"“{text[:40]}” is not a telephone number.")
    if not identifiers:
        raise Refused(Refusal.NOBODY, "The row has no email, no phone and no id to know the person by.")
    if len(values.get("country", "")) not in (0, 2):
        raise Refused(Refusal.TOO_LONG, "The country must be two letters, like GB.")
    try:
        opened = values.get("opened_at")
        facts["opened_at"] = rules.read_moment(opened, setting.mapping) if opened else setting.at
    except ValueError as error:
        raise Refused(Refusal.BAD_DATE, str(error)) from None
    if facts["opened_at"] > setting.at:
        raise Refused(Refusal.BAD_DATE, f"“{opened}” lies in the future.")
    facts["identifiers"] = identifiers
    facts["person_values"] = _person_values(values, identifiers)


def _person_values(values: dict[str, str], identifiers: dict[str, str]) -> dict[str, str]:
    first, last = values.get("first_name", ""), values.get("last_name", "")
    if not first and not last and (full := values.get("name", "")):
        first, _, last = full[:240].rpartition(" ") if " " in full else (full, "", "")
    found = {
        "first_name": first[:120],
        "last_name": last[:120],
        "email": values.get("email", "").strip() if "email" in identifiers else "",
        "phone": identifiers.get("phone", values.get("phone", "")[:32]),
        "job_title": values.get("job_title", ""),
        "country": values.get("country", "").upper(),
        "time_zone": values.get("time_zone", ""),
    }
    return {key: value for key, value in found.items() if value}


def _custom(values: dict[str, str], entity: str) -> dict[str, str]:
    return {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{entity}.")}


def _plan(plans: Sequence[Plan], setting: Setting, memory: Memory) -> None:
    for plan in plans:
        try:
            _read(plan, setting)
        except Refused as refused:
            plan.refuse(refused.refusal, refused.sentence)
    fit = [plan for plan in plans if plan.outcome != "rejected"]
    # (kind, value) -> person id; person id -> [(lead id, external id, opened at, is open)]; who has an email
    holders: dict[tuple[str, str], str] = memory.setdefault("holders", {})
    leads: dict[str, list[tuple[str, str, datetime, bool]]] = memory.setdefault("leads", {})
    mailed: set[str] = memory.setdefault("mailed", set())
    _look_up(fit, holders, leads, mailed)
    for plan in fit:
        _decide(plan, setting, holders, leads, mailed)


def _look_up(
    plans: Sequence[Plan],
    holders: dict[tuple[str, str], str],
    leads: dict[str, list[tuple[str, str, datetime, bool]]],
    mailed: set[str],
) -> None:
    wanted: dict[str, set[str]] = {}
    for plan in plans:
        for kind, value in plan.facts["identifiers"].items():
            if (kind, value) not in holders:
                wanted.setdefault(kind, set()).add(value)
    for kind, values in wanted.items():
        held = Identifier.objects.filter(kind=kind, value__in=values)
        holders.update(((kind, value), person) for value, person in held.values_list("value", "person_id"))
    people = {holders[key] for plan in plans for key in plan.facts["identifiers"].items() if key in holders}
    mailed.update(
        Identifier.objects.filter(kind="email", person_id__in=people).values_list("person_id", flat=True)
    )
    theirs = Lead.objects.filter(person_id__in=people - leads.keys(), offer_line=OfferLine.default())
    for lead in theirs.only("person_id", "external_id", "opened_at", "closed_at"):
        row = (lead.id, lead.external_id, lead.opened_at, lead.closed_at is None)
        leads.setdefault(lead.person_id, []).append(row)


def _decide(
    plan: Plan,
    setting: Setting,
    holders: dict[tuple[str, str], str],
    leads: dict[str, list[tuple[str, str, datetime, bool]]],
    mailed: set[str],
) -> None:
    identifiers, values, opened_at = plan.facts["identifiers"], plan.values, plan.facts["opened_at"]
    # The same order as `identifiers.resolve`: a phone alone joins only when no email speaks against it.
    order = ["email", *(kind for kind in identifiers if kind.startswith("external:")), "phone"]
    person, by = next(
        (
            (holders[(kind, identifiers[kind])], kind)
            for kind in order
            if kind in identifiers and (kind, identifiers[kind]) in holders
        ),
        (None, ""),
    )
    if by == "phone" and "email" in identifiers and person in mailed:
        person = None
    plan.outcome = "joined" if person else "created"
    if person is None:
        person = ids.new("person", at_ms=clock.ms(opened_at))
        plan.made["person"] = person
    plan.facts["person"] = person
    fresh = [[kind, value] for kind, value in identifiers.items() if (kind, value) not in holders]
    if fresh:
        plan.made["identifiers"] = fresh
    for kind, value in fresh:
        holders[(kind, value)] = person
    if "email" in identifiers:
        mailed.add(person)
    external = values.get("external_id", "")
    known = [
        lead
        for lead, its_external, its_moment, is_open in leads.get(person, [])
        # A lead that was closed since is still the one of this row.
        if is_open or (external and its_external == external) or its_moment == opened_at
    ]
    if not known:
        plan.made["lead"] = ids.new("lead", at_ms=clock.ms(opened_at))
        leads.setdefault(person, []).append((plan.made["lead"], external, opened_at, True))


def _write(plans: Sequence[Plan], setting: Setting) -> None:
    fit = [plan for plan in plans if plan.outcome != "rejected"]
    employers = {plan.values["company_name"] for plan in fit if plan.values.get("company_name")}
    found = companies.named({(name, "") for name in employers}, at=setting.at)
    company_ids = {name: found[(name, "")] for name in employers}
    line = OfferLine.default()
    facts: list[Event] = []
    people, leads, identifiers = [], [], []
    for plan in fit:
        person, opened_at = plan.facts["person"], plan.facts["opened_at"]
        if "person" in plan.made:
            given = plan.facts["person_values"]
            people.append(
                Person(
                    id=person,
                    **given,
                    company_id=company_ids.get(plan.values.get("company_name", "")),
                    attributes=_custom(plan.values, "person"),
                    created_at=opened_at,
                )
            )
            made = PersonCreated(how="import", email=given.get("email", ""), phone=given.get("phone", ""))
            facts.append(outbox.prepare(made, at=opened_at, person=person))
        identifiers += [
            Identifier(kind=kind, value=value, person_id=person, created_at=setting.at)
            for kind, value in plan.made.get("identifiers", ())
        ]
        if "lead" in plan.made:
            leads.append(_lead(plan, line))
            raised = LeadOpened(
                offer_line=line.id,
                how="import",
                channel=plan.values.get("channel", ""),
                source=plan.values.get("source", ""),
                campaign=plan.values.get("campaign", ""),
            )
            facts.append(outbox.prepare(raised, at=opened_at, person=person, lead=plan.made["lead"]))
    rows.insert(people)
    rows.insert(identifiers)
    rows.insert(leads)
    facts += _fill([plan for plan in fit if plan.outcome == "joined"], company_ids, setting)
    outbox.publish_all(facts)


def _lead(plan: Plan, line: OfferLine) -> Lead:
    values, opened_at = plan.values, plan.facts["opened_at"]
    touch = {
        key: values[key]
        for key in ("channel", "source", "medium", "campaign", "landing_page")
        if key in values
    }
    return Lead(
        id=plan.made["lead"],
        person_id=plan.facts["person"],
        offer_line=line,
        how="import",
        raised_with=values.get("raised_with", ""),
        opened_at=opened_at,
        stage_at=opened_at,
        external_id=values.get("external_id", ""),
        attributes=_custom(values, "lead"),
        last_touch=touch,
        last_activity="Was imported",
        last_activity_at=opened_at,
        **touch,
    )


def _fill(plans: Sequence[Plan], company_ids: dict[str, str], setting: Setting) -> list[Event]:
    """Fill gaps of people we know already; what they have is never overwritten."""
    known = {
        person.id: person for person in Person.objects.filter(id__in={plan.facts["person"] for plan in plans})
    }
    touched: dict[str, Person] = {}
    facts = []
    for plan in plans:
        person = known[plan.facts["person"]]
        offered: dict[str, Any] = dict(plan.facts["person_values"])
        if company := company_ids.get(plan.values.get("company_name", "")):
            offered["company_id"] = company
        filled = {key: value for key, value in offered.items() if not getattr(person, key)}
        if not filled:
            continue
        for key, value in filled.items():
            setattr(person, key, value)
            hidden = FIELDS.get(key, False)
            fact = PersonChanged(
                field_name=key.removesuffix("_id"),
                value=None if hidden else value,
                value_hash=outbox.personal_hash(value) if hidden else None,
                by="import",
            )
            facts.append(outbox.prepare(fact, at=setting.at, person=person.id))
        plan.made["filled"], plan.made["who"] = filled, person.id
        touched[person.id] = person
    rows.update(list(touched.values()), [*FIELDS, "company"])
    return facts


def _undo(made: dict[int, dict[str, Any]], at: datetime) -> set[int]:
    """Remove what rows made and nobody worked with since; returns the numbers of the rows that stay."""
    leads = {entry["lead"]: number for number, entry in made.items() if "lead" in entry}
    people = {entry["person"]: number for number, entry in made.items() if "person" in entry}
    owners = dict(Lead.objects.filter(id__in=leads).values_list("id", "person_id"))
    busy = _worked_with(leads.keys(), people.keys(), set(owners.values()))
    kept = {leads[lead] for lead in leads if lead in busy or owners.get(lead) in busy}
    kept |= {people[person] for person in people if person in busy}
    # Somebody with another lead than those of these rows stays.
    others = Lead.objects.filter(person_id__in=people).exclude(id__in=leads)
    kept |= {people[person] for person in others.values_list("person_id", flat=True)}
    _take_back({number: entry for number, entry in made.items() if number not in kept}, owners, at)
    return kept


def _worked_with(leads: Iterable[str], newcomers: Iterable[str], owners: set[str]) -> set[str]:
    """The ids of those leads and newcomers with whom something happened."""
    leads, newcomers = set(leads), set(newcomers)
    moved = Lead.objects.filter(id__in=leads).exclude(stage=Stage.LEAD, owner=None)
    traces = set(moved.values_list("id", "person_id"))
    everybody = newcomers | owners
    for model in (Note, Task):
        traces |= set(model.objects.filter(person_id__in=everybody).values_list("lead_id", "person_id"))
    items = TimelineItem.objects.filter(person_id__in=everybody).exclude(name__in=_QUIET)
    traces |= set(items.values_list("lead_id", "person_id"))
    # Of somebody we knew before, only what concerns the imported lead counts.
    return {lead for lead, _ in traces if lead in leads} | {who for _, who in traces if who in newcomers}


def _take_back(made: dict[int, dict[str, Any]], owners: dict[str, str], at: datetime) -> None:
    leads = [entry["lead"] for entry in made.values() if entry.get("lead") in owners]
    outbox.publish_all(
        [
            outbox.prepare(LeadRemoved(why="import undone"), at=at, person=owners[lead], lead=lead)
            for lead in leads
        ]
    )
    Lead.objects.filter(id__in=leads).delete()
    TimelineItem.objects.filter(person_id__in={owners[lead] for lead in leads}, lead_id__in=leads).delete()
    people = [entry["person"] for entry in made.values() if "person" in entry]
    Person.objects.filter(id__in=people).delete()
    joined = [entry for entry in made.values() if "person" not in entry]
    for kind in {kind for entry in joined for kind, _ in entry.get("identifiers", ())}:
        values = [value for entry in joined for its, value in entry.get("identifiers", ()) if its == kind]
        Identifier.objects.filter(kind=kind, value__in=values).delete()
    _empty_again(joined)


def _empty_again(entries: Sequence[dict[str, Any]]) -> None:
    """Empty the gaps that were filled, where the value is still the imported one."""
    wanted = {entry["who"]: entry["filled"] for entry in entries if "filled" in entry}
    people = list(Person.objects.filter(id__in=wanted))
    for person in people:
        for key, value in wanted[person.id].items():
            if getattr(person, key) == value:
                setattr(person, key, None if key == "company_id" else "")
    rows.update(people, [*FIELDS, "company"])


KIND = Kind(
    key="leads",
    label="Leads",
    noun="new",
    known_as="joined to people you know",
    targets=TARGETS,
    needs=(("email", "phone", "external_id"),),
    entities=frozenset({"person", "lead"}),
    plan=_plan,
    write=_write,
    undo=_undo,
)
