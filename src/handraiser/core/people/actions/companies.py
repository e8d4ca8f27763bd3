"""Finding companies by domain or name, making them if new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import CompanyChanged
from handraiser.core.people.models import Company
from handraiser.kit import clock, ids, rows

Named = tuple[str, str]
_LEARNED = ["domain", "name", "name_key"]


def named(wanted: Iterable[Named], *, at: datetime) -> dict[Named, str]:
    """Ids of companies by (name, domain) as given, in order: the one of this domain, of this name, or a new one.

    Names are compared without case. A company that was known by its name alone learns its domain, and one that was
    known by its domain alone its name. A pair of two empty texts has no company.
    """
    asked = {pair: (pair[0].strip()[:200], pair[1].strip().lower()[:200]) for pair in wanted}
    domains = {domain for _, domain in asked.values() if domain}
    keys = {Company.key_of(name) for name, _ in asked.values() if name}
    found = rows.find(Company, {"domain": domains}) + rows.find(Company, {"name_key": keys})
    by_domain: dict[str, Company] = {}
    by_key: dict[str, Company] = {}
    made: list[Company] = []
    learned: dict[str, Company] = {}
    answer: dict[Named, str] = {}
    # The oldest company of a name comes last and stays.
    for company in sorted(found, key=lambda company: company.id, reverse=True):
        by_key[company.name_key] = by_domain[company.domain] = company
    for pair, (name, domain) in asked.items():
        if not name and not domain:
            continue
        key = Company.key_of(name or domain)
        known = (by_domain.get(domain) if domain else None) or (by_key.get(key) if name else None)
        if known is None:
            known = Company(
                id=ids.new("company", at_ms=clock.ms(at)),
                name=name or domain,
                name_key=key,
                domain=domain,
                created_at=at,
            )
            made.append(known)
            by_key[key] = known
        elif domain and not known.domain:
            known.domain = domain
            learned[known.id] = known
        elif name and known.name == known.domain and key not in by_key:
            known.name, known.name_key = name, key
            by_key[key] = learned[known.id] = known
        if domain:
            by_domain[domain] = known
        answer[pair] = known.id
    taught = [company for company in learned.values() if company not in made]
    rows.update(taught, _LEARNED)
    rows.insert(made)
    # Also of those that were made for one and learned from another: as if they had come one by one.
    _announce({company: ["name", "domain"] for company in learned}, at=at)
    return answer


def _announce(changed: Mapping[str, list[str]], *, at: datetime) -> None:
    outbox.publish_all(
        [
            outbox.prepare(CompanyChanged(company=company, fields=fields), at=at)
            for company, fields in changed.items()
        ]
    )


def call(told: Iterable[Named], *, at: datetime) -> None:
    """Give companies that are called by their domain alone the name that one of their people told.

    Pairs of (name, domain), inside the caller's transaction; no company is made and none changes its name.
    """
    names = {domain.strip().lower()[:200]: name.strip()[:200] for name, domain in told}
    found = [
        company for company in rows.find(Company, {"domain": set(names)}) if company.name == company.domain
    ]
    for company in found:
        company.name = names[company.domain]
        company.name_key = Company.key_of(company.name)
    rows.update(found, ["name", "name_key"])
    _announce({company.id: ["name"] for company in found}, at=at)


@transaction.atomic
def learn(*, domain: str, values: Mapping[str, Any], at: datetime) -> list[str]:
    """Fill what is empty of the company of a domain; returns the names of what was filled.

    Keys are name, industry, employees, country. A name is taken only for a company that is called by its domain.
    """
    company = Company.objects.select_for_update().filter(domain=domain).first() if domain else None
    if company is None:
        return []
    filled = []
    for key in ("name", "industry", "employees", "country"):
        empty = company.name == company.domain if key == "name" else getattr(company, key) in ("", None)
        if empty and values.get(key) not in ("", None):
            setattr(company, key, values[key])
            filled.append(key)
    company.name_key = Company.key_of(company.name)
    if filled:
        company.save(update_fields=[*filled, "name_key"])
        _announce({company.id: filled}, at=at)
    return filled
