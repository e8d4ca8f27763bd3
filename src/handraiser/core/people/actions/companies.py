"""Finding companies by domain or name, making them if new."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from handraiser.core.people.models import Company
from handraiser.kit import clock, ids, rows

Named = tuple[str, str]


def named(wanted: Iterable[Named], *, at: datetime) -> dict[Named, str]:
    """Ids of companies by (name, domain) as given, in order: the one of this domain, of this name, or a new one.

    Names are compared without case. A pair of two empty texts has no company.
    """
    asked = {pair: (pair[0].strip()[:200], pair[1].strip().lower()[:200]) for pair in wanted}
    domains = {domain for _, domain in asked.values() if domain}
    keys = {Company.key_of(name) for name, _ in asked.values() if name}
    if not domains and not keys:
        return {}
    by_domain: dict[str, str] = {}
    by_key: dict[str, str] = {}
    seen = ["id", "name_key", "domain"]
    found = rows.values(Company, seen, {"domain": domains}) + rows.values(Company, seen, {"name_key": keys})
    for company_id, key, domain in sorted(found, reverse=True):
        by_key[key] = company_id
        if domain:
            by_domain[domain] = company_id
    made: list[Company] = []
    answer: dict[Named, str] = {}
    for pair, (name, domain) in asked.items():
        key = Company.key_of(name)
        known = by_domain.get(domain) if domain else None
        known = known or (by_key.get(key) if name else None)
        if known is None and (name or domain):
            title = name or domain
            company = Company(
                id=ids.new("company", at_ms=clock.ms(at)),
                name=title,
                name_key=Company.key_of(title),
                domain=domain,
                created_at=at,
            )
            made.append(company)
            known = by_key[company.name_key] = company.id
            if domain:
                by_domain[domain] = known
        if known is not None:
            answer[pair] = known
    rows.insert(made)
    return answer
