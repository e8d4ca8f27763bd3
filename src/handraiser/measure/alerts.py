"""What is worth knowing today: forms gone silent, mail that failed, money without leads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp

from django.db.models import Count, Max, Q
from django.urls import reverse

from handraiser.attract.rules import channels
from handraiser.capture.models import Submission
from handraiser.core.delivery.models import Message, State
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import Role
from handraiser.measure import queries
from handraiser.measure.rules import periods
from handraiser.measure.rules.comparisons import DAILY_ALPHA
from handraiser.measure.rules.periods import Period
from handraiser.measure.screens import whole_money

_LOOK_BACK = timedelta(days=28)


@dataclass(frozen=True)
class Alert:
    """One sentence, what it is about, and where to look."""

    kind: str
    sentence: str
    url: str


def worth_knowing(user: User, at: datetime) -> list[Alert]:
    """The alerts for this person, gravest first. A sales rep is not bothered with channels and forms."""
    if user.role == Role.REP:
        return []
    return [*_failed_mail(at), *_silent_forms(at), *_spend_without_leads(at)]


def _failed_mail(at: datetime) -> list[Alert]:
    failed = Message.objects.filter(
        state__in=(State.FAILED, State.UNKNOWN), settled_at__gte=at - timedelta(days=1), settled_at__lte=at
    ).count()
    if not failed:
        return []
    what = "1 mail could" if failed == 1 else f"{failed:,} mails could"
    return [
        Alert("mail", f"{what} not be delivered since yesterday", f"{reverse('delivery:outbox')}?tab=failed")
    ]


def _silent_forms(at: datetime) -> list[Alert]:
    """Forms whose silence chance does not explain: at their usual rate it is rarer than 1 in 400."""
    since = at - _LOOK_BACK
    rows = (
        Submission.objects.filter(
            state=Submission.State.ACCEPTED, submitted_at__gte=since, submitted_at__lte=at
        )
        .filter(Q(form__archived_at=None))
        .values("form_id", "form__name")
        .annotate(sent=Count("id"), last=Max("submitted_at"))
        .order_by("form__name")
    )
    found = []
    for row in rows:
        silent = at - row["last"]
        spoke = (row["last"] - since) / timedelta(days=1)
        expected = row["sent"] / max(spoke, 1) * (silent / timedelta(days=1))
        if row["sent"] >= 5 and exp(-expected) < DAILY_ALPHA:
            found.append(
                Alert(
                    "form", f"{row['form__name']} is silent for {_span(silent)}", reverse("measure:channels")
                )
            )
    return found


def _span(silent: timedelta) -> str:
    hours = silent / timedelta(hours=1)
    return f"{hours:.0f} h" if hours < 72 else f"{silent.days} days"


def _spend_without_leads(at: datetime) -> list[Alert]:
    organisation = Organisation.get()
    period: Period = periods.ending_today(now=at, days=_LOOK_BACK.days, zone=organisation.time_zone)
    scope = queries.Scope(period)
    return [
        Alert(
            "spend",
            f"{channels.label(cohort.key)} cost {whole_money(cohort.spend, organisation.currency)} in 4 weeks"
            " and brought no lead",
            f"{reverse('measure:channels')}?period=4w",
        )
        for cohort in queries.cohorts(scope, "channel", now=at)
        if cohort.spend and not cohort.leads
    ]
