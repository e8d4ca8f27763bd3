"""Fit by engagement: how many open leads stand in each cell, and what sales said of such leads."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.statistics import Rate
from handraiser.qualify import feedback, queries
from handraiser.qualify.actions import rule_sets
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.grid import ADVICE, ENGAGEMENT, FIT
from handraiser.qualify.views.rule_sets import tabs


@dataclass(frozen=True)
class Cell:
    """One cell. `shade`: 0 to 4, how full it is beside the fullest."""

    grade: str
    n: int
    shade: int
    advice: str
    accepted: Rate


@require_GET
def fit(request: StaffRequest) -> HttpResponse:
    """The grid of the open leads, with a way to the leads of every cell."""
    visible = Lead.objects.visible_to(request.user)
    counts = queries.grid(visible)
    said = feedback.by_grade(feedback.answers(leads=visible))
    most = max((n for grade, n in counts.grades.items() if grade), default=0)
    rows = [
        (
            letter,
            [
                Cell(
                    grade=letter + digit,
                    n=counts.grades.get(letter + digit, 0),
                    shade=_shade(counts.grades.get(letter + digit, 0), most),
                    advice=ADVICE[letter + digit],
                    accepted=said[letter + digit],
                )
                for digit in ENGAGEMENT
            ],
        )
        for letter in FIT
    ]
    live = rule_sets.live(at=clock.now())
    bands = live.rules.bands
    return render(
        request,
        "qualify/fit.html",
        {
            "tabs": tabs("fit"),
            "rows": rows,
            "total": counts.total,
            "unscored": counts.grades.get("", 0),
            "live": live,
            "digits": [
                ("1", f"from {wording.plain(bands.engagement_1)} points"),
                ("2", f"from {wording.plain(bands.engagement_2)}"),
                ("3", "below"),
            ],
            "letters": {
                "A": f"from {wording.plain(bands.fit_a)} points",
                "B": f"from {wording.plain(bands.fit_b)}",
                "C": "below",
            },
            "temperatures": [
                ("hot", "Hot", counts.temperatures.get("hot", 0), f"from {wording.plain(bands.hot)} points"),
                ("warm", "Warm", counts.temperatures.get("warm", 0), f"from {wording.plain(bands.warm)}"),
                ("cold", "Cold", counts.temperatures.get("cold", 0), "below"),
            ],
        },
    )


def _shade(n: int, most: int) -> int:
    return -(-4 * n // most) if most else 0
