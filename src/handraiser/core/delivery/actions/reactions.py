"""What comes back from a message: opens and clicks, with the machines told apart."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from handraiser.core.delivery.models import DeliveryEvent, Message
from handraiser.core.delivery.rules import machines
from handraiser.core.journal import outbox
from handraiser.core.journal.events.delivery import EmailClicked, EmailOpened

PER_MESSAGE = 100  # more of one kind than any reader makes: somebody plays with the link


def opened(*, message: Message, at: datetime, method: str, user_agent: str, prefetch: bool = False) -> str:
    """Record that the pixel was fetched; returns the machine's name, "" for a person."""
    machine = machines.machine(
        kind="opened",
        method=method,
        user_agent=user_agent,
        since_sent=_seconds(message.sent_at, at),
        prefetch=prefetch,
    )
    with transaction.atomic():
        if _count(message, "opened") >= PER_MESSAGE:
            return machine
        DeliveryEvent.objects.create(message=message, kind="opened", at=at, machine=machine)
        if message.person_id:
            outbox.publish(
                EmailOpened(message=message.id, template=message.template, machine=machine),
                at=at,
                person=message.person_id,
                lead=message.lead_id,
            )
    return machine


def clicked(
    *, message: Message, link: int, at: datetime, method: str, user_agent: str, prefetch: bool = False
) -> str:
    """Record that a link was followed; returns the machine's name, "" for a person."""
    other = (
        message.events.filter(kind="clicked").exclude(link=link).order_by("-at").values_list("at", flat=True)
    ).first()
    machine = machines.machine(
        kind="clicked",
        method=method,
        user_agent=user_agent,
        since_sent=_seconds(message.sent_at, at),
        since_other_link=_seconds(other, at),
        prefetch=prefetch,
    )
    with transaction.atomic():
        if _count(message, "clicked") >= PER_MESSAGE:
            return machine
        DeliveryEvent.objects.create(message=message, kind="clicked", at=at, machine=machine, link=link)
        if message.person_id:
            outbox.publish(
                EmailClicked(
                    message=message.id,
                    template=message.template,
                    # A query may hold a token or an address: it stays out of the journal.
                    url=message.links[link].partition("?")[0].partition("#")[0],
                    machine=machine,
                ),
                at=at,
                person=message.person_id,
                lead=message.lead_id,
            )
    return machine


def _seconds(since: datetime | None, at: datetime) -> float | None:
    return (at - since).total_seconds() if since else None


def _count(message: Message, kind: str) -> int:
    return message.events.filter(kind=kind).count()
