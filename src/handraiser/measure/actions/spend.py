"""Entering what was spent."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import SpendEntered, SpendRemoved
from handraiser.core.staff.models import Organisation, User
from handraiser.kit.envelope import Event
from handraiser.kit.errors import DomainError
from handraiser.measure.models import Spend

LARGEST = 10**15


def check(*, channel: str, from_date: date, to_date: date, amount: int, currency: str) -> None:
    """Raise DomainError naming the field at fault."""
    if not channel.strip():
        raise DomainError("no_channel", "Say which channel the money went to.", field="channel")
    if to_date < from_date:
        raise DomainError("days", "The last day comes before the first.", field="to_date")
    if (to_date - from_date).days > 3660:
        raise DomainError("days", "A spend covers ten years at most.", field="to_date")
    if not 0 <= amount <= LARGEST:
        raise DomainError("amount", "An amount is zero or more. Example: 1250.50", field="amount")
    if len(currency) != 3 or not currency.isalpha():
        raise DomainError("currency", "A currency has three letters, like GBP.", field="currency")


@transaction.atomic
def enter(
    *,
    channel: str,
    from_date: date,
    to_date: date,
    amount: int,
    at: datetime,
    by: User | None = None,
    currency: str = "",
    source: str = "",
    campaign: str = "",
    note: str = "",
) -> Spend:
    """Enter money spent on a channel from a day to a day, both included. `amount` in minor units."""
    currency = (currency or Organisation.get().currency).upper()
    check(channel=channel, from_date=from_date, to_date=to_date, amount=amount, currency=currency)
    row = Spend.objects.create(
        channel=channel.strip(),
        source=source.strip(),
        campaign=campaign.strip(),
        from_date=from_date,
        to_date=to_date,
        amount=amount,
        currency=currency,
        note=note.strip(),
        entered_at=at,
        entered_by=by,
    )
    outbox.publish_all([announcement(row, at)])
    return row


@transaction.atomic
def remove(*, row: Spend, at: datetime) -> None:
    """Take a spend out again: it was entered by mistake."""
    outbox.publish(SpendRemoved(spend=row.id), at=at)
    row.delete()


def announcement(row: Spend, at: datetime) -> Event:
    """The fact of an entered spend."""
    return outbox.prepare(
        SpendEntered(
            spend=row.id,
            channel=row.channel,
            campaign=row.campaign,
            from_date=row.from_date.isoformat(),
            to_date=row.to_date.isoformat(),
            amount=row.amount,
            currency=row.currency,
        ),
        at=at,
    )
