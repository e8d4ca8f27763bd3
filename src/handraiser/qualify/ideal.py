"""Reads of the ideal customer: how people and companies fit, how many do, and what customers have in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL

from handraiser.core.audience import asking
from handraiser.core.audience.rules import sql, wording
from handraiser.core.audience.rules.vocabulary import Catalogue
from handraiser.core.people.models import Company, Lead, Person, Stage
from handraiser.kit import rows
from handraiser.qualify.models import IdealCustomer
from handraiser.qualify.rules import ideal as rules
from handraiser.qualify.rules.ideal import Fit, Ideal, Need, Suggestion

NEWEST = 2_000  # leads that are looked at for a preview and for suggestions
_AT_ONCE = 500

Truths = Mapping[str, bool | None]


def current() -> Ideal:
    """The criteria in force; none while nobody wrote any."""
    newest = IdealCustomer.objects.order_by("-number").first()
    return rules.from_data(newest.content) if newest else Ideal()


def truths(
    ideal: Ideal, people: Iterable[str], *, at: datetime, known: Catalogue | None = None
) -> dict[str, Truths]:
    """What is true of these people, by criterion: one SELECT for some hundred of them."""
    if not ideal.criteria:
        return {person: {} for person in people}
    how = asking.asked(at, known)
    columns, arguments = [], list[Any]()
    for criterion in ideal.criteria:
        for node in (criterion.condition, rules.unknown(criterion.condition)):
            text, more = sql.condition(node, how)
            columns.append(f"(case when {text} then 1 else 0 end)")
            arguments += more
    statement = f"select p.id, {', '.join(columns)} from people_person p where p.id {{in}}"
    found: dict[str, Truths] = {}
    wanted = sorted(set(people))
    for place in range(0, len(wanted), _AT_ONCE):
        for person, *told in rows.ask(Person, statement, [*arguments, wanted[place : place + _AT_ONCE]]):
            found[person] = {
                criterion.key: None if told[2 * number + 1] else bool(told[2 * number])
                for number, criterion in enumerate(ideal.criteria)
            }
    return found


def fits(people: Iterable[str], *, at: datetime) -> dict[str, Fit]:
    """How these people fit the criteria in force; empty while there are none."""
    ideal = current()
    if not ideal.criteria:
        return {}
    return {person: rules.fit(ideal, true) for person, true in truths(ideal, people, at=at).items()}


def who(words: Iterable[str], *, at: datetime) -> Q:
    """The condition on leads that the verdict on their person is one of these words; `rules.fit` says the same."""
    ideal, wanted = current(), list(words)
    if not ideal.criteria:
        return Q() if rules.UNKNOWN in wanted else Q(pk__in=[])
    how = asking.asked(at)
    columns, arguments = [], list[Any]()
    for number, criterion in enumerate(ideal.criteria):
        (text, more), (open_, of_open) = (
            sql.condition(node, how) for node in (criterion.condition, rules.unknown(criterion.condition))
        )
        columns.append(f"case when {open_} then null when {text} then 1 else 0 end as c{number}")
        arguments += [*of_open, *more]
    marks = ", ".join(["%s"] * len(wanted))
    statement = (
        f"select id from (select p.id, {', '.join(columns)} from people_person p) judged"
        f" where {_verdict(ideal)} in ({marks})"
    )
    return Q(person_id__in=RawSQL(statement, [*arguments, *wanted]))


def _verdict(ideal: Ideal) -> str:
    """The word for a row whose columns c0, c1… are 1, 0 or null: met, not met, unknown."""
    of_need: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, criterion in enumerate(ideal.criteria):
        of_need[criterion.need].append((f"c{number}", criterion.weight))
    musts = [column for column, _ in of_need[Need.MUST]]
    wishes = of_need[Need.SHOULD]
    told = " + ".join(f"case when {column} is null then 0 else {w} end" for column, w in wishes) or "0"
    met = " + ".join(f"case when {column} = 1 then {w} else 0 end" for column, w in wishes) or "0"
    cases = [(f"{column} = 0", rules.NO) for column in musts]
    cases += [(f"{column} = 1", rules.NO) for column, _ in of_need[Need.MUST_NOT]]
    cases += [(f"100 * ({met}) < {rules.ENOUGH} * ({told})", rules.NO)] if wishes else []
    cases += [(f"{column} is null", rules.UNKNOWN) for column in musts]
    cases += [(f"({told}) > 0", rules.YES)] if wishes else []
    otherwise = rules.YES if musts else rules.UNKNOWN
    whens = " ".join(f"when {when} then '{word}'" for when, word in cases)
    return f"(case {whens} else '{otherwise}' end)" if cases else f"'{otherwise}'"


@dataclass(frozen=True)
class Said:
    """How somebody fits, with every criterion in words."""

    fit: Fit
    lines: tuple[tuple[str, str, str, bool | None, bool | None], ...]
    criteria: int


def _said(fit: Fit, catalogue: Catalogue) -> Said:
    lines = tuple(
        (
            rules.ABOUT[line.criterion.about],
            wording.words(line.criterion.condition, catalogue),
            rules.NEEDS[line.criterion.need],
            line.met,
            line.good,
        )
        for line in fit.lines
    )
    return Said(fit, lines, len(lines))


def of_lead(lead: Lead, *, at: datetime) -> Said | None:
    """How a lead fits and why; None while there are no criteria."""
    ideal = current()
    if not ideal.criteria:
        return None
    catalogue = asking.catalogue()
    true = truths(ideal, [lead.person_id], at=at, known=catalogue).get(lead.person_id, {})
    return _said(rules.fit(ideal, true), catalogue)


def of_company(company: Company, *, at: datetime) -> Said | None:
    """How a company fits, by all of its people: what one of them meets is met. None without criteria or people."""
    ideal = current()
    people = list(company.people.filter(erased_at=None).order_by("-id").values_list("id", flat=True)[:NEWEST])
    if not ideal.criteria or not people:
        return None
    catalogue = asking.catalogue()
    true = truths(ideal, people, at=at, known=catalogue)
    return _said(rules.fit(ideal, rules.together(true.values())), catalogue)


@dataclass(frozen=True)
class Tally:
    """How many of a group fit, do not, and cannot be told yet."""

    n: int
    fits: int
    not_: int
    unknown: int


@dataclass(frozen=True)
class Preview:
    """How the customers and the newest open leads fit, and the customers who do not."""

    customers: Tally
    leads: Tally
    surprising: tuple[tuple[Lead, Fit], ...]


def preview(ideal: Ideal, *, at: datetime) -> Preview:
    """Judge the newest 2,000 customers and open leads."""
    customers = list(
        Lead.objects.filter(stage=Stage.CUSTOMER, person__erased_at=None)
        .select_related("person__company")
        .order_by("-stage_at", "-id")[:NEWEST]
    )
    open_leads = Lead.objects.filter(closed_at=None, person__erased_at=None).order_by("-opened_at", "-id")
    newest = list(open_leads.values_list("person_id", flat=True)[:NEWEST])
    told = truths(ideal, [*(lead.person_id for lead in customers), *newest], at=at)
    fits = {person: rules.fit(ideal, true) for person, true in told.items()}
    outside = [(lead, fits[lead.person_id]) for lead in customers if fits[lead.person_id].fits is False]
    return Preview(
        customers=_tally({lead.person_id for lead in customers}, fits),
        leads=_tally(set(newest), fits),
        surprising=tuple(outside[:5]),
    )


def _tally(people: set[str], fits: Mapping[str, Fit]) -> Tally:
    counted = Counter(fits[person].fits for person in people)
    return Tally(len(people), counted[True], counted[False], counted[None])


def suggestions(ideal: Ideal) -> list[Suggestion]:
    """What customers have in common and the newest other leads have less, without what is a criterion already."""
    ours = _values(Lead.objects.filter(stage=Stage.CUSTOMER))
    others = _values(Lead.objects.exclude(stage=Stage.CUSTOMER))
    values = {key: (ours[key], others[key]) for key in ours}
    there = {criterion.condition for criterion in ideal.criteria}
    return [one for one in rules.suggest(values) if one.condition not in there]


def _values(leads: Any) -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    asked = (
        leads.filter(person__erased_at=None)
        .order_by("-opened_at", "-id")
        .values_list(
            "person__company__industry",
            "person__company__employees",
            "person__company__country",
            "person__job_title",
        )[:NEWEST]
    )
    for industry, employees, country, title in asked:
        if industry:
            found["company.industry"].append(industry)
        if employees is not None:
            found["company.employees"].append(rules.size_band(employees))
        if country:
            found["company.country"].append(country)
        if title:
            found["person.job_title"].append(title)
    return dict(found)
