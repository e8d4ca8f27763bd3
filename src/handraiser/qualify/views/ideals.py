"""The ideal customer: its criteria, how customers and leads fit, and what customers have in common."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.core.audience import asking
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules import wording
from handraiser.core.audience.rules.vocabulary import EVENTS
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify import ideal
from handraiser.qualify.actions import ideals as actions
from handraiser.qualify.actions.ideals import Decides
from handraiser.qualify.models import IdealCustomer
from handraiser.qualify.rules.ideal import ABOUT, NEEDS, WEIGHTS
from handraiser.qualify.views.rule_sets import tabs

_TESTS = ("is", "is_not", "contains", "starts_with", "between", "known")
# Buying triggers are things that somebody did.
_TRIGGERS = (
    "attract.page_viewed",
    "capture.form_submitted",
    "capture.magnet_downloaded",
    "attract.event_tracked",
)
_NARROWED_BY = {
    "attract.page_viewed": "path",
    "capture.form_submitted": "form_name",
    "capture.magnet_downloaded": "magnet_name",
    "attract.event_tracked": "event",
}


@require_GET
def show(request: StaffRequest) -> HttpResponse:
    """The criteria in force, and what they say of everybody."""
    return _page(request)


def _page(
    request: StaffRequest, given: dict[str, Any] | None = None, error: DomainError | None = None
) -> HttpResponse:
    now, catalogue = ideal.current(), asking.catalogue()
    may_edit = request.user.may("owner", "marketer")
    criteria = [(one, ABOUT[one.about], wording.words(one.condition, catalogue)) for one in now.criteria]
    suggested = [
        (one, ABOUT[one.about], wording.words(one.condition, catalogue)) for one in ideal.suggestions(now)
    ]
    context = {
        "tabs": tabs("fit"),
        "criteria": criteria,
        "preview": ideal.preview(now, at=clock.now()) if now.criteria else None,
        "suggested": suggested,
        "history": IdealCustomer.objects.select_related("by").order_by("-number")[:8],
        "may_edit": may_edit,
        "about": ABOUT.items(),
        "needs": [(need.value, words) for need, words in NEEDS.items()],
        "weights": WEIGHTS,
        "attributes": sorted(
            ((key, f"{known.label} ({known.source})") for key, known in catalogue.attributes.items()),
            key=lambda pair: pair[1].lower(),
        ),
        "tests": [(key, wording.TESTS[key]) for key in _TESTS],
        "events": [(key, f"{EVENTS[key].did} ({EVENTS[key].thing})") for key in _TRIGGERS],
        "given": {"values": "", **(given or {"weight": "3", "need": "should", "days": "90", "times": "1"})},
        "error": error,
    }
    return render(request, "qualify/ideal.html", context, status=error.status if error else 200)


@require_POST
def add(request: StaffRequest) -> HttpResponse:
    """Add a criterion: of what they are, or, with an event, of what they do."""
    told = request.POST
    try:
        row = actions.add(
            about=told.get("about", ""),
            condition=_event(told) if told.get("event") else _attribute(told),
            decides=_decides(told),
            by=request.user,
            at=clock.now(),
        )
    except DomainError as error:
        return _page(request, told.dict(), error)
    return _done(request, row)


def _attribute(told: Any) -> c.Attribute:
    test = told.get("test", "is")
    return c.Attribute(
        key=told.get("attribute", ""),
        test=test if test in _TESTS else "is",
        values=() if test in ("between", "known") else _values(told.get("values", "")),
        low=_number(told.get("low", "")) if test == "between" else None,
        high=_number(told.get("high", "")) if test == "between" else None,
    )


def _event(told: Any) -> c.Performed:
    event, values = told.get("event", ""), _values(told.get("what", ""))
    if event not in _TRIGGERS:
        raise DomainError("event", "Choose what they do.", field="event")
    where = (c.Where(field=_NARROWED_BY[event], test="contains", values=values),) if values else ()
    times, days = _number(told.get("times", "")), _number(told.get("days", ""))
    if times is None:
        raise DomainError("times", "Say how many times, from 1 up.", field="times")
    return c.Performed(event=event, times=times, days=days, where=where)


def _values(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(text: str) -> int | None:
    text = text.strip().replace(",", "")
    if not text:
        return None
    if not text.isdecimal():
        raise DomainError("number", "Write a whole number.", field="number")
    return int(text)


def _decides(told: Any) -> Decides:
    weight = told.get("weight", "3")
    return Decides(need=told.get("need", "should"), weight=int(weight) if weight.isdecimal() else 0)


@require_POST
def change(request: StaffRequest) -> HttpResponse:
    """Change how much a criterion decides."""
    try:
        row = actions.change(
            key=request.POST.get("key", ""), decides=_decides(request.POST), by=request.user, at=clock.now()
        )
    except DomainError as error:
        return _page(request, None, error)
    return _done(request, row)


@require_POST
def remove(request: StaffRequest) -> HttpResponse:
    """Take a criterion out."""
    try:
        row = actions.remove(key=request.POST.get("key", ""), by=request.user, at=clock.now())
    except DomainError as error:
        return _page(request, None, error)
    return _done(request, row)


@require_POST
def go_back(request: StaffRequest) -> HttpResponse:
    """Take a change back; `?number=` names it."""
    number = request.GET.get("number", "")
    try:
        row = actions.go_back(
            number=int(number) if number.isdecimal() else 0, by=request.user, at=clock.now()
        )
    except DomainError as error:
        return _page(request, None, error)
    toast(request, f"{row.change}.")
    return redirect("qualify:ideal")


def _done(request: StaffRequest, row: IdealCustomer | None) -> HttpResponse:
    if row is not None:
        toast(request, f"{row.change}.", undo=f"{reverse('qualify:ideal_back')}?number={row.number}")
    return redirect("qualify:ideal")
