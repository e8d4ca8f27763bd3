"""Changing whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from handraiser.convert.models import Route, RouteMember
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import SELLERS
from handraiser.kit.errors import DomainError


def fill(*, route: Route) -> None:
    """Give everybody who takes leads a place at the end of the turn, so that no newcomer is forgotten."""
    placed = RouteMember.objects.filter(route=route).values("user")
    new = User.objects.filter(role__in=SELLERS, is_active=True, takes_leads=True).exclude(id__in=placed)
    for user in new.order_by("id"):
        join(route=route, user=user)


@transaction.atomic
def join(*, route: Route, user: User) -> RouteMember:
    """Put somebody at the end of the turn. Raises DomainError("cannot_sell") for roles that cannot accept."""
    if user.role not in SELLERS:
        raise DomainError("cannot_sell", f"{user} reads only, so no lead can go to them.", kind="refused")
    last = RouteMember.objects.filter(route=route).aggregate(last=Max("position"))["last"] or 0
    return RouteMember.objects.get_or_create(route=route, user=user, defaults={"position": last + 1})[0]


def switch(*, member: RouteMember, on: bool) -> None:
    """Let somebody take turns, or pass them over; their place is kept."""
    RouteMember.objects.filter(id=member.id).update(on=on)


@transaction.atomic
def reorder(*, route: Route, user_ids: Sequence[int]) -> None:
    """Set the order of the turn. Raises DomainError("other_members") unless it names every member once."""
    members = {member.user_id: member for member in RouteMember.objects.filter(route=route)}
    if sorted(user_ids) != sorted(members):
        raise DomainError("other_members", "The turn has other members by now. Look again.", kind="conflict")
    for position, user_id in enumerate(user_ids, 1):
        members[user_id].position = position
    RouteMember.objects.bulk_update(members.values(), ["position"])


def set_answer_time(*, route: Route, minutes: int) -> None:
    """Set how long a rep has to answer. Raises DomainError("answer_time") outside one minute to one week."""
    if not 1 <= minutes <= 7 * 24 * 60:
        raise DomainError(
            "answer_time", "Between 1 and 10,080 minutes (a week). Example: 15", field="minutes"
        )
    Route.objects.filter(id=route.id).update(answer_minutes=minutes)
