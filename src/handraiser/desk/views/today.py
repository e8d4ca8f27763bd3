"""Today: whom do I answer first, how long have I got, why them?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from handraiser.convert import panels
from handraiser.convert.queries import acceptance
from handraiser.core.people.models import Lead
from handraiser.core.staff import queries as staff
from handraiser.core.staff.models import User
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS, SELLERS, Role
from handraiser.desk import getting_ready, queries, today
from handraiser.kit import clock

ON_THEIR_WAY = 10
"""Whoever has so many leads needs nobody to show them the way."""


def show(request: StaffRequest) -> HttpResponse:
    """One card is next; the rest is a list in an order that is explained. Owners see the team besides."""
    user, at = request.user, clock.now()
    zone = queries.zone_of(user)
    order = request.GET.get("order", "clock")
    order = order if order in today.ORDERS else "clock"
    offers = today.hand_offs(user)
    first = offers[0] if offers else None
    todo = list(today.tasks(user, at=at, zone=zone)[:200])
    items = today.queue(offers[1:], todo, at=at, zone=zone, order=order)
    everything = bool(request.GET.get("all"))
    team = user.role in (Role.OWNER, Role.MARKETER, Role.ANALYST)
    week = at - timedelta(days=7)
    answer_median, answer_n = today.median_answer(None if team else user, since=week)
    context: dict[str, Any] = {
        "day": at.astimezone(zone),
        "items": items if everything else items[: today.SHOWN],
        "n": len(items),
        "more": 0 if everything else max(0, len(items) - today.SHOWN),
        "order": order,
        "orders": [(key, label, key == order) for key, label in today.ORDERS.items()],
        "sells": user.role in SELLERS,
        "week": acceptance(since=week, until=at, user=None if team else user),
        "answer_median": answer_median,
        "answer_n": answer_n,
        "team": team,
        "alerts": today.alerts(user, at=at),
        "may_change": user.role in SELLERS,
    }
    if first is not None:
        context["packet"] = panels.packet(hand_off=first, user=user, at=at)
    if team:
        free, free_n = today.nobodys(user)
        context |= {"by_rep": today.waiting_by_rep(at=at), "free": free, "free_n": free_n}
    if not first and not items:
        context["next_task"] = (
            today.open_tasks(user)
            .filter(due_at__gt=at)
            .select_related("lead__person")
            .order_by("due_at")
            .first()
        )
    if user.role in EDITORS:
        context |= _getting_ready(user, busy=bool(first or items))
    return render(request, "desk/today.html", context)


def _getting_ready(user: User, *, busy: bool) -> dict[str, Any]:
    """What is left of the first evening. It stands in the middle until there is work, then beside it."""
    steps, care = getting_ready.way(), staff.getting_ready() if user.role == Role.OWNER else []
    found: dict[str, Any] = {"new_here": False}
    leads = list(Lead.objects.visible_to(user).with_people().order_by("id")[:ON_THEIR_WAY])
    if len(leads) == 1 or (len(leads) < ON_THEIR_WAY and not all(step.done for step in steps)):
        found |= {
            "steps": steps,
            "steps_done": sum(step.done for step in steps),
            "ahead": next((step for step in steps if not step.done), None),
            "first_lead": leads[0] if len(leads) == 1 else None,
            "waits": steps[1].done and not leads,
            "new_here": not busy and len(leads) < 2,
        }
    if not all(step.done for step in care):
        found |= {"care": care, "care_done": sum(step.done for step in care)}
    return found
