"""What is waiting for somebody: hand-offs and tasks, in one order that is explained."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse

from handraiser.convert.models import Deal, HandOff, HandOffState, Pipeline
from handraiser.convert.queries import stuck, waiting_for
from handraiser.convert.rules.clocks import Clock, clock, span_in_words
from handraiser.core.consent.queries import may
from handraiser.core.journal.models import ParkedEvent
from handraiser.core.people.models import Lead, Stage, Task
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import SELLERS, Role
from handraiser.measure.alerts import worth_knowing

SHOWN = 7
ORDERS = {"clock": "By clock", "score": "By score"}
ALERT_ICONS = {"mail": "mail", "form": "capture", "spend": "money"}


@dataclass(frozen=True)
class Item:
    """One thing to do. `when` says until when in words, `mood` is calm, soon or late."""

    key: str
    lead: Lead | None
    task: Task | None
    hand_off: HandOff | None
    reason: str
    when: str
    mood: str
    due_at: datetime | None
    verb: str
    icon: str
    url: str

    @property
    def points(self) -> int:
        return self.lead.points if self.lead else 0


@dataclass(frozen=True)
class Waiting:
    """How much waits with one rep, and how much of it is late."""

    user: User | None
    n: int
    late: int


@dataclass(frozen=True)
class Alert:
    """Something worth knowing; `bad` when time, money or data is being lost."""

    title: str
    text: str
    url: str
    verb: str
    icon: str
    bad: bool = False


def clock_of(hand_off: HandOff, at: datetime) -> Clock | None:
    """The clock of an offer; None when none runs."""
    if hand_off.answer_by is None:
        return None
    return clock(offered_at=hand_off.offered_at, answer_by=hand_off.answer_by, now=at)


def hand_offs(user: User) -> list[HandOff]:
    """The offers that this person is to answer: theirs, and those open to everybody."""
    if user.role not in SELLERS:
        return []
    return list(waiting_for(user).filter(Q(owner=user) | Q(open_to_all=True))[:100])


def tasks(user: User, *, at: datetime, zone: ZoneInfo) -> QuerySet[Task]:
    """Their open tasks that are late, or due until the end of tomorrow, or without a day."""
    local = at.astimezone(zone)
    tomorrow = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    rows = open_tasks(user).filter(Q(due_at=None) | Q(due_at__lt=tomorrow))
    rows = rows.select_related("lead__person__company", "lead__owner", "person")
    return rows.order_by(F("due_at").asc(nulls_last=True), "id")


def open_tasks(user: User) -> QuerySet[Task]:
    """Their open tasks, but for those of a lead that is no longer theirs to see."""
    mine = Task.objects.filter(assignee=user, done_at=None)
    if user.role == Role.REP:
        mine = mine.filter(Q(lead=None) | Q(lead__owner=user) | Q(lead__owner=None))
    return mine


def count_due(user: User, *, at: datetime) -> int:
    """For the navigation: offers to answer, and tasks whose time has come."""
    offers = 0
    if user.role in SELLERS:
        offers = waiting_for(user).filter(Q(owner=user) | Q(open_to_all=True)).count()
    return offers + open_tasks(user).filter(due_at__lte=at).count()


def queue(
    offers: Sequence[HandOff], todo: Sequence[Task], *, at: datetime, zone: ZoneInfo, order: str
) -> list[Item]:
    """Offers and tasks in one list: by what runs out first, or by the score of the lead."""
    allowed = may({task.lead.person_id for task in todo if task.lead}, "sales")
    items = [_offer(one, at) for one in offers] + [_task(one, at, zone, allowed) for one in todo]
    if order == "score":
        return sorted(items, key=lambda item: (-item.points, item.key))
    never = at + timedelta(days=36500)
    return sorted(items, key=lambda item: (item.due_at or never, item.key))


def _offer(offer: HandOff, at: datetime) -> Item:
    ticking = clock_of(offer, at)
    raised = offer.lead.raised_with
    return Item(
        key=offer.id,
        lead=offer.lead,
        task=None,
        hand_off=offer,
        reason=f"Raised a hand with {raised}" if raised else "Raised a hand",
        when=ticking.text if ticking else "No clock",
        mood=ticking.mood if ticking else "calm",
        due_at=offer.answer_by,
        verb="Answer",
        icon="check",
        url=offer.get_absolute_url(),
    )


def _task(task: Task, at: datetime, zone: ZoneInfo, allowed: Collection[str]) -> Item:
    """A task; one to call offers the call where the person allows it."""
    reach = ""
    if task.kind == "call" and task.lead is not None and task.lead.person_id in allowed:
        reach = f"tel:{task.lead.person.phone}" if task.lead.person.phone else ""
    when, mood = due_in_words(task.due_at, at=at, zone=zone)
    return Item(
        key=task.id,
        lead=task.lead,
        task=task,
        hand_off=None,
        reason=task.title,
        when=when,
        mood=mood,
        due_at=task.due_at,
        verb="Call" if reach else "Done",
        icon="phone" if reach else "check",
        url=reach,
    )


def due_in_words(due_at: datetime | None, *, at: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """("Due 11:00", "calm"): when a task is due in the reader's zone, and how pressing that is."""
    if due_at is None:
        return "No day set", "calm"
    due, today = due_at.astimezone(zone), at.astimezone(zone).date()
    days = (due.date() - today).days
    if days < 0:
        return ("Since yesterday" if days == -1 else f"{-days} days late"), "late"
    if days == 0:
        return f"Due {due:%H:%M}", "late" if due_at < at else "calm"
    return ("Tomorrow" if days == 1 else f"{due.day} {due:%b}"), "calm"


def median_answer(user: User | None, *, since: datetime) -> tuple[str, int]:
    """How long an answer took, in words, as the median of n; for one rep or for all. ("", 0) without any."""
    rows = HandOff.objects.filter(answered_at__gte=since, state__in=("accepted", "rejected"))
    if user is not None:
        rows = rows.filter(answered_by=user)
    spans = sorted(
        (answered - offered).total_seconds()
        for offered, answered in rows.values_list("offered_at", "answered_at")[:2000]
        if answered
    )
    return (span_in_words(round(median(spans))), len(spans)) if spans else ("", 0)


def waiting_by_rep(*, at: datetime) -> list[Waiting]:
    """Unanswered offers by rep, the most of them late first; None: open to everybody."""
    rows = (
        HandOff.objects.filter(state=HandOffState.WAITING)
        .values("owner")
        .annotate(n=Count("id"), late=Count("id", filter=Q(answer_by__lt=at)))
        .order_by("-late", "-n", "owner")
    )
    found = list(rows)
    users = User.objects.in_bulk([row["owner"] for row in found if row["owner"]])
    return [Waiting(users.get(row["owner"]), row["n"], row["late"]) for row in found]


def nobodys(user: User) -> tuple[list[Lead], int]:
    """Open leads without an owner that sales should see, the hottest first, and how many there are."""
    rows = Lead.objects.visible_to(user).open().filter(owner=None)
    rows = rows.exclude(stage=Stage.LEAD, temperature="cold")
    return list(rows.with_people().order_by("-points", "-id")[:5]), rows.count()


def alerts(user: User, *, at: datetime) -> list[Alert]:
    """What is being lost or forgotten, as far as this person can do something about it."""
    found = []
    if user.role in (Role.OWNER, Role.MARKETER):
        found += _parked()
    found += [
        Alert(f"{one.sentence}.", "", one.url, "Look", ALERT_ICONS.get(one.kind, "alert"), bad=True)
        for one in worth_knowing(user, at)
    ]
    stale = stuck(
        pipeline=Pipeline.default(), deals=Deal.objects.visible_to(user).select_related("company"), now=at
    )
    deals = list(stale.order_by("stage_at")[:3])
    if deals:
        n = stale.count()
        names = ", ".join(deal.company.name if deal.company else deal.title for deal in deals[:2])
        more = f" and {n - 2} more" if n > 2 else ""
        title = "1 deal is going stale." if n == 1 else f"{n} deals are going stale."
        found.append(Alert(title, f"{names}{more}.", reverse("convert:board"), "See", "pipe"))
    return found


def _parked() -> list[Alert]:
    parked = ParkedEvent.objects.filter(set_aside_at=None).count()
    if not parked:
        return []
    title = "1 event is parked." if parked == 1 else f"{parked} events are parked."
    text = "A reader could not take it; nothing is lost."
    return [Alert(title, text, reverse("journal:health"), "Look", "alert", bad=True)]
