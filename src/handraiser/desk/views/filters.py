"""Dialogs of the lead list that change what it shows: a filter, the columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import queries, words
from handraiser.desk.rules import filters, listing
from handraiser.desk.rules.filters import Filter
from handraiser.desk.views.dialogs import dialog
from handraiser.desk.views.leads import address, state_of

DAYS = (1, 7, 14, 30, 90, 365)


def choose(request: StaffRequest) -> HttpResponse:
    """First what to filter by (`pick`), then its values; `apply` goes to the list in its new state."""
    state = state_of(request)
    fields = words.custom_fields("person", "lead")
    labels = {key: filters.LABELS[key] for key in filters.LABELS}
    labels |= {key: row.label for key, row in fields.items()}
    pick = request.GET.get("pick", "")
    if pick not in labels:
        offered = [
            (key, label, any(one.key == key for one in state.filters)) for key, label in labels.items()
        ]
        return dialog(request, "desk/_filter_pick.html", {"state": state, "offered": offered}, title="Filter")
    if request.GET.get("apply"):
        return redirect(address(_with(state, request, pick)))
    before = next((one for one in state.filters if one.key == pick), Filter(pick, ()))
    context: dict[str, Any] = {
        "state": state,
        "pairs": state.pairs(),
        "pick": pick,
        "label": labels[pick],
        "before": before,
        "kind": "window" if pick in filters.WINDOWS else "choice",
    }
    if pick in filters.WINDOWS:
        span = filters.window(before.values[0]) if before.values else filters.Window(days=30)
        context |= {"days": DAYS, "span": span}
    elif pick in fields and not fields[pick].choices:
        context |= {"kind": "text", "value": before.values[0] if before.values else ""}
    else:
        context["options"] = [
            (value, text, value in before.values) for value, text in _options(request, pick, fields)
        ]
    return dialog(request, "desk/_filter_values.html", context, title=labels[pick])


def _with(state: listing.Listing, request: StaffRequest, key: str) -> listing.Listing:
    values = request.GET.getlist("value")
    if key in filters.WINDOWS and not any(values):
        first, last = request.GET.get("first", ""), request.GET.get("last", "")
        values = [f"{first}..{last}"]
    name = key + (filters.NOT if request.GET.get("op") == "not" else "")
    others = tuple(one for one in state.filters if one.key != key)
    return replace(state, filters=others + filters.read({name: values}), page=1)


def _options(request: StaffRequest, key: str, fields: dict[str, Any]) -> list[tuple[str, str]]:
    if key == "owner":
        people = [(str(user.id), user.name) for user in queries.owners(request.user)]
        return [("me", "Me"), ("nobody", "Nobody yet"), *people]
    if key in fields:
        return [(str(choice), str(choice)) for choice in fields[key].choices]
    if key in words.FIXED:
        return [(value, text[:1].upper() + text[1:]) for value, text in words.FIXED[key].items()]
    return [(value, words.spoken(value)) for value in queries.values_of(request.user, key)]


def columns(request: StaffRequest) -> HttpResponse:
    """Which columns the list shows."""
    state = state_of(request)
    if request.GET.get("apply"):
        chosen = tuple(name for name in listing.COLUMNS if name in request.GET.getlist("column"))
        return redirect(address(replace(state, columns=chosen or listing.FIRST_COLUMNS)))
    context = {
        "pairs": [pair for pair in state.pairs() if pair[0] != "columns"],
        "columns": [(key, label, key in state.columns) for key, label in listing.COLUMNS.items()],
    }
    return dialog(request, "desk/_columns.html", context, title="Columns")
