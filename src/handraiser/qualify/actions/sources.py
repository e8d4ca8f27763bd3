"""Who is asked about domains and addresses: their settings, their quotas, their troubles."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from handraiser.kit import sealing
from handraiser.kit.errors import DomainError
from handraiser.qualify import providers
from handraiser.qualify.models import Source
from handraiser.qualify.providers import Outcome, Refused, Unknown
from handraiser.qualify.rules import findings

DNS = "dns"
BUDGET_MS = (200, 5_000)
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
_QUOTA = 1_000_000
_DNS_QUOTA = 20_000


def dns(*, at: datetime) -> Source:
    """The domain name system, which is there from the start and on."""
    return Source.objects.get_or_create(
        kind=DNS,
        defaults={
            "name": "Mail servers (DNS)",
            "is_on": True,
            "budget_ms": 3_000,
            "keep_days": 7,
            "quota": _DNS_QUOTA,
            "created_at": at,
        },
    )[0]


def on(*, at: datetime) -> list[Source]:
    """Whom new people are asked of. Nobody in demo mode: nothing leaves the machine."""
    if settings.DEMO:
        return []
    found = list(Source.objects.order_by("id"))
    if not any(source.kind == DNS for source in found):
        found.append(dns(at=at))
    return [source for source in found if source.is_on]


def switch(*, source: Source, on: bool) -> None:
    """Ask this source from now on, or no more. What it told stays."""
    Source.objects.filter(id=source.id).update(is_on=on, paused_until=None)


def save(*, source: Source | None, values: dict[str, Any], secret: str, at: datetime) -> Source:
    """Make or change a source of the kind http_json; an empty secret leaves the stored one.

    Keys are name, about, url, header, fields, quota, budget_ms, keep_days. Raises DomainError with the field at
    fault.
    """
    if source is not None and source.kind == DNS:
        raise DomainError(
            "built_in", "Of the domain name system only the switch can be changed.", kind="refused"
        )
    _check(values)
    row = source or Source(kind="http_json", created_at=at)
    if row.secret_sealed and not secret and urlsplit(row.url).netloc != urlsplit(values["url"]).netloc:
        raise DomainError("key_again", "The address is another one. Enter the key for it.", field="secret")
    for key, value in values.items():
        setattr(row, key, value)
    if secret:
        row.secret_sealed = sealing.seal(secret)
    row.paused_until = None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise DomainError("name_taken", "Another source has this name.", field="name") from error
    return row


def _check(values: dict[str, Any]) -> None:
    if not values["name"].strip():
        raise DomainError("no_name", "Give it a name.", field="name")
    url, mark = values["url"], f"{{{values['about']}}}"
    if not re.match(r"https?://[^/{}]+/", url) or mark not in url:
        raise DomainError(
            "bad_url", f"Write a whole address with {mark} where the question belongs.", field="url"
        )
    if values["header"] and not _HEADER.fullmatch(values["header"]):
        raise DomainError("bad_header", "Write the name of a header. Example: X-Api-Key", field="header")
    if not values["fields"]:
        raise DomainError("no_fields", "Say where in the answer at least one field is.", field="fields")
    allowed = findings.OF_COMPANY if values["about"] == Source.About.DOMAIN else findings.OF_PERSON
    for field, pointer in values["fields"].items():
        if field not in allowed:
            raise DomainError("unknown_field", f"A source of this sort cannot tell {field}.", field="fields")
        if not pointer.startswith("/"):
            raise DomainError("bad_pointer", "A place begins with /. Example: /data/name", field=field)
    low, high = BUDGET_MS
    if not low <= values["budget_ms"] <= high:
        raise DomainError("bad_budget", f"Between {low} and {high} milliseconds.", field="budget_ms")
    if not 0 <= values["quota"] <= _QUOTA:
        raise DomainError("bad_quota", f"Between 0 and {_QUOTA:,} questions a day.", field="quota")
    if not 1 <= values["keep_days"] <= 730:
        raise DomainError("bad_keep", "Between 1 and 730 days.", field="keep_days")


def take(*, source: Source, at: datetime) -> bool:
    """Use one question of today's quota; False when there is none left. Exact with several processes."""
    today = at.date()
    Source.objects.filter(Q(used_date=None) | Q(used_date__lt=today), id=source.id).update(
        used=0, used_date=today
    )
    return bool(Source.objects.filter(id=source.id, used__lt=F("quota")).update(used=F("used") + 1))


def ask(*, source: Source, subject: str, at: datetime) -> Outcome:
    """Ask one question within the time budget, and note troubles. The caller took it from the quota."""
    try:
        outcome = providers.of(source).look_up(subject, budget_seconds=source.budget_ms / 1000)
    except Exception as error:
        # A connector that fails is that source's trouble, not that of the others in the queue.
        outcome = Unknown(f"The connector failed: {type(error).__name__}.", trouble=True)
    if isinstance(outcome, Refused):
        until = at + timedelta(seconds=outcome.wait_seconds)
        Source.objects.filter(id=source.id).update(
            paused_until=until, last_error=outcome.reason[:300], last_error_at=at
        )
    elif isinstance(outcome, Unknown) and outcome.trouble:
        Source.objects.filter(id=source.id).update(last_error=outcome.reason[:300], last_error_at=at)
    return outcome


def try_it(*, source: Source, subject: str, at: datetime) -> Outcome:
    """Ask one question to see what comes, keeping nothing of it. Raises DomainError when it must not be asked."""
    if settings.DEMO:
        raise DomainError(
            "demo", "This is a demo: nothing leaves the machine.", kind="refused", field="subject"
        )
    if not subject or len(subject) > 254 or not subject.isprintable() or " " in subject:
        raise DomainError("bad_subject", f"Write {source.get_about_display()}.", field="subject")
    if (source.about == Source.About.EMAIL) != ("@" in subject):
        example = "ines@halden.example.com" if source.about == Source.About.EMAIL else "halden.example.com"
        raise DomainError(
            "bad_subject",
            f"This source is asked about {source.get_about_display()}: {example}",
            field="subject",
        )
    if not take(source=source, at=at):
        raise DomainError("quota", "Today's questions are used up.", kind="refused", field="subject")
    return ask(source=source, subject=subject, at=at)
