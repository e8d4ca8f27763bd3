"""Sales on the desk: the hand-off, and the deals of a lead.

The desk puts `hand_off_of(...)` (or each of `waiting(...)`) into its page as `packet` and includes
"convert/hand_off.html"; `deals_panel(...)` as `panel` with "convert/lead_deals.html". Both need the files
"convert/hand_off.css" and "convert/hand_off.js" in the page's head and scripts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from handraiser.capture import panels as forms
from handraiser.convert import queries
from handraiser.convert.actions.hand_offs import answered_before
from handraiser.convert.models import Deal, HandOff, HandOffState
from handraiser.convert.reasons import REJECT_SENTENCES, Reject
from handraiser.convert.rules import clocks, packets
from handraiser.convert.rules.clocks import Clock
from handraiser.core.consent import queries as consent
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.journal.events.capture import FormSubmitted, MagnetDownloaded
from handraiser.core.people.models import CLOSED_STAGES, Lead, Stage
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import SELLERS
from handraiser.qualify import explanations
from handraiser.qualify import known as qualification

# How long an answered hand-off stays on the lead's page.
SHOWN_AFTER_ANSWER = timedelta(days=1)
SALES = "sales"  # the purpose under which reps call and write
READ = (PageViewed.name, MagnetDownloaded.name)


@dataclass(frozen=True)
class Packet:
    """All that a rep needs to decide in one look. Without `visible` only the outcome may be shown."""

    hand_off: HandOff
    lead: Lead
    visible: bool
    can_answer: bool
    clock: Clock | None
    outcome: str
    who: str
    asked: str
    quote: str
    read: tuple[str, ...]
    reasons: tuple[tuple[str, str, bool], ...]
    gaps: tuple[packets.Gap, ...]
    open_questions: tuple[packets.Gap, ...]
    say_first: str
    allowed: bool

    @property
    def may_call(self) -> bool:
        """There is a number, and they allowed sales to use it."""
        return self.allowed and bool(self.lead.person.phone)

    @property
    def no_call(self) -> str:
        """Why the call is closed; empty when it is open."""
        if not self.lead.person.phone:
            return "No phone number is known."
        return "" if self.allowed else "They did not allow us to call."

    @property
    def reject_reasons(self) -> list[tuple[str, str, str]]:
        """(key, label, what it means) of every reason to say no."""
        return [(key, label, REJECT_SENTENCES[key]) for key, label in Reject.choices]


def packet(*, hand_off: HandOff, user: User, at: datetime, brief: bool = False) -> Packet:
    """One hand-off as this person may see it. `brief` leaves out what needs the lead's history."""
    lead = hand_off.lead
    visible = Lead.objects.visible_to(user).filter(id=lead.id).exists()
    waiting = hand_off.state == HandOffState.WAITING
    wrote = _last_words(lead) if visible and not brief else ""
    return Packet(
        hand_off=hand_off,
        lead=lead,
        visible=visible,
        can_answer=waiting and user.role in SELLERS,
        clock=_clock(hand_off, at) if waiting else None,
        outcome="" if waiting else _outcome(hand_off, user, at),
        who=_who(lead, at),
        asked=lead.raised_with,
        quote=wrote,
        read=_read(lead) if visible and not brief else (),
        reasons=_reasons(lead) if visible and not brief else (),
        gaps=packets.gaps(
            phone=lead.person.phone,
            email=lead.person.email,
            job_title=lead.person.job_title,
            company=lead.person.company.name if lead.person.company else "",
            employees=lead.person.company.employees if lead.person.company else None,
        ),
        open_questions=_open_questions(lead) if visible and not brief else (),
        say_first=packets.say_first(wrote=wrote, asked=lead.raised_with),
        allowed=bool(consent.may([lead.person_id], SALES)),
    )


def hand_off_of(*, lead: Lead, user: User, at: datetime) -> Packet | None:
    """The lead's offer that waits, or was answered within a day; None if there is none to show."""
    rows = (
        HandOff.objects.visible_to(user)
        .filter(lead=lead)
        .select_related("lead__person__company", "lead__owner", "owner", "answered_by")
    )
    newest = rows.order_by("-offered_at", "-id").first()
    if newest is None:
        return None
    if newest.answered_at is not None and newest.answered_at < at - SHOWN_AFTER_ANSWER:
        return None
    return packet(hand_off=newest, user=user, at=at)


def waiting(*, user: User, at: datetime, limit: int = 50) -> list[Packet]:
    """The offers that wait for this person, the most urgent first; only the first one in full."""
    rows = queries.waiting_for(user).select_related("answered_by")[:limit]
    return [packet(hand_off=row, user=user, at=at, brief=place > 0) for place, row in enumerate(rows)]


def _open_questions(lead: Lead) -> tuple[packets.Gap, ...]:
    """What is unknown of budget, need and such, with its question; the first two are enough for one call."""
    lines = qualification.gaps(lead)[:2]
    return tuple(packets.Gap(f"{line.element.label} unknown", line.question) for line in lines)


def _clock(hand_off: HandOff, at: datetime) -> Clock | None:
    if hand_off.answer_by is None:
        return None
    return clocks.clock(offered_at=hand_off.offered_at, answer_by=hand_off.answer_by, now=at)


def _outcome(hand_off: HandOff, user: User, at: datetime) -> str:
    if hand_off.answered_by_id != user.id or hand_off.answered_at is None:
        return answered_before(hand_off, by=user, at=hand_off.answered_at or at)
    if hand_off.state == HandOffState.ACCEPTED:
        took = clocks.span_in_words(int((hand_off.answered_at - hand_off.offered_at).total_seconds()))
        return f"You have it. Answered after {took}."
    said = f"You gave it back: {hand_off.get_reason_display().lower()}."
    if hand_off.recycle_on:
        said += f" A task comes on {hand_off.recycle_on.day} {hand_off.recycle_on:%B %Y}."
    return said


def _who(lead: Lead, at: datetime) -> str:
    person, company = lead.person, lead.person.company
    return packets.who(
        job_title=person.job_title,
        company=company.name if company else "",
        employees=company.employees if company else None,
        zone=person.time_zone,
        at=at,
    )


def _last_words(lead: Lead) -> str:
    """What they wrote themselves in the last form of this lead, if it asked for words."""
    sent = TimelineItem.objects.filter(person=lead.person_id, lead_id=lead.id, name=FormSubmitted.name)
    last = sent.order_by("-occurred_at", "-id").values_list("body", flat=True).first()
    return next(iter(forms.quotes([last["submission"]]).values()), "") if last else ""


def _read(lead: Lead) -> tuple[str, ...]:
    items = TimelineItem.objects.filter(person=lead.person_id, name__in=READ).order_by("-occurred_at", "-id")
    return packets.read(
        [
            str(body.get("magnet_name") or body.get("title") or body.get("path") or "")
            for body in items.values_list("body", flat=True)[:200]
        ]
    )


def _reasons(lead: Lead) -> tuple[tuple[str, str, bool], ...]:
    why = explanations.why(lead)
    if why is None:
        return ()
    return tuple(
        (f"{line.title}: {line.reason}" if line.reason else line.title, line.points, line.negative)
        for line in why.lines[:4]
    )


@dataclass(frozen=True)
class DealsPanel:
    """The deals of a lead, and what sales may do with it next."""

    lead: Lead
    deals: list[Deal]
    can_qualify: bool
    can_open: bool


def deals_panel(*, lead: Lead, user: User) -> DealsPanel:
    """What stands under "Deals" on the lead's page."""
    sells = user.role in SELLERS
    return DealsPanel(
        lead=lead,
        deals=list(queries.deals_of(lead=lead, user=user)),
        can_qualify=sells and lead.stage in (Stage.LEAD, Stage.MQL, Stage.ACCEPTED),
        can_open=sells and (lead.stage not in CLOSED_STAGES or lead.stage == Stage.CUSTOMER),
    )


def due_for(user: User) -> int:
    """How many offers wait for this person: the crimson count of the navigation."""
    return queries.waiting_for(user).count()
