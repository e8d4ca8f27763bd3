"""Touches under newer channel rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from handraiser.attract.models import Visit
from handraiser.attract.readers import classified
from handraiser.attract.rules import channels

BATCH = 1_000
_DERIVED = ("channel", "source", "medium", "campaign", "landing_path", "referrer_host", "rule_version")


@dataclass(frozen=True)
class Rederived:
    """How many touches were asked again, and how many of them now say otherwise."""

    asked: int
    changed: int


def rederive(*, batch: int = BATCH) -> Iterator[Rederived]:
    """Ask the channel rules again about every visit that an older version of them answered; yields its progress.

    Each batch is a transaction of its own and leaves no trace of being half done, so it may be stopped and
    begun again at any time, beside the readers. Visits of before what was told was kept stay as they are. Leads
    keep the touch that they were opened with.
    """
    asked = changed = 0
    last = ""
    while True:
        with transaction.atomic():
            visits = list(
                Visit.objects.filter(id__gt=last, rule_version__lt=channels.RULE_VERSION, told__isnull=False)
                .select_for_update()
                .order_by("id")[:batch]
            )
            if not visits:
                return
            for visit in visits:
                before = _answer(visit)
                _answer_again(visit)
                changed += _answer(visit) != before
            Visit.objects.bulk_update(visits, _DERIVED, batch_size=200)
        asked += len(visits)
        last = visits[-1].id
        yield Rederived(asked, changed)


def _answer(visit: Visit) -> tuple[Any, ...]:
    return tuple(getattr(visit, name) for name in _DERIVED[:-1])


def _answer_again(visit: Visit) -> None:
    touch = classified(visit.told or {})
    visit.channel, visit.source, visit.medium = touch.channel, touch.source[:200], touch.medium[:200]
    visit.campaign, visit.landing_path = touch.campaign[:200], touch.landing_page
    visit.referrer_host = touch.referrer_host[:253]
    visit.rule_version = channels.RULE_VERSION
