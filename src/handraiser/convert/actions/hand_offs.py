"""Offering qualified leads to reps, and what the reps answer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from handraiser.convert import queries
from handraiser.convert.actions import routes
from handraiser.convert.models import HandOff, HandOffState, Route
from handraiser.convert.reasons import Reject
from handraiser.convert.rules.clocks import faster_by
from handraiser.core.journal import outbox
from handraiser.core.journal.events.convert import HandOffAccepted, HandOffOffered, HandOffRejected
from handraiser.core.notices.actions import notices
from handraiser.core.people.actions import leads, tasks
from handraiser.core.people.models import CLOSED_STAGES, Lead, Stage
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import SELLERS, Role
from handraiser.kit import clock, ids
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages

# An offer that nobody answered for so long is closed, and the lead goes back to marketing.
LAPSES_AFTER = timedelta(days=30)


@transaction.atomic
def offer(
    *, lead: Lead, at: datetime, cause: str, quiet: bool = False, avoid: Collection[int] = ()
) -> HandOff | None:
    """Offer a lead to its owner, else to the next in turn, else to everybody; tell them.

    Once per `cause` and once per lead at a time: returns None when it was offered already. `quiet` runs no
    clock and tells nobody. `avoid` names users who gave this lead back.
    """
    route = Route.objects.select_for_update().get(id=Route.catch_all().id)
    routes.fill(route=route)
    if HandOff.objects.filter(cause=cause).exists() or HandOff.objects.waiting().filter(lead=lead).exists():
        return None
    owner, why = _owner(lead, route, avoid)
    if owner is not None:
        leads.assign(lead=lead, owner=owner, at=at, why=why)
    hand_off = HandOff.objects.create(
        id=ids.new("handoff", at_ms=clock.ms(at)),
        lead=lead,
        owner=owner,
        open_to_all=owner is None,
        route=route,
        why=why,
        cause=cause,
        offered_at=at,
        answer_by=None if quiet else at + timedelta(minutes=route.answer_minutes),
    )
    outbox.publish(
        HandOffOffered(
            hand_off=hand_off.id,
            owner=owner.id if owner else None,
            why=why,
            answer_by=clock.ms(hand_off.answer_by) if hand_off.answer_by else None,
        ),
        at=at,
        person=lead.person_id,
        lead=lead.id,
    )
    if not quiet:
        _tell(hand_off, route)
    return hand_off


def _owner(lead: Lead, route: Route, avoid: Collection[int]) -> tuple[User | None, str]:
    """Who gets the lead and why; moves the turn on."""
    if lead.owner_id and lead.owner_id not in avoid:
        owner = User.objects.filter(id=lead.owner_id, is_active=True, role__in=SELLERS).first()
        if owner is not None:
            return owner, "already their lead"
    choice = queries.who_is_next(route=route, avoid=avoid)
    if choice.user is None:
        return None, choice.why
    Route.objects.filter(id=route.id).update(last_served=choice.user)
    return User.objects.get(id=choice.user), choice.why


def _tell(hand_off: HandOff, route: Route) -> None:
    lead = Lead.objects.with_people().get(id=hand_off.lead_id)
    if hand_off.owner is not None:
        users = [hand_off.owner]
    else:
        users = list(User.objects.filter(role__in=SELLERS, is_active=True))
    who = ", ".join(filter(None, [lead.person.job_title, lead.person.company and lead.person.company.name]))
    asked = f"raised a hand with {lead.raised_with}" if lead.raised_with else ""
    facts = ". ".join(filter(None, [who, ", ".join(filter(None, [f"{lead.score} points", asked]))]))
    notices.tell(
        users=users,
        kind="hand_off",
        title=f"{lead.person.name} is waiting for {'you' if hand_off.owner else 'somebody'}",
        body=f"{facts}. Answer within {route.answer_minutes} minutes. Why you: {hand_off.why}.",
        url=hand_off.get_absolute_url(),
        at=hand_off.offered_at,
        key=f"hand_off:{hand_off.id}",
    )


@transaction.atomic
def accept(*, hand_off: HandOff, by: User, at: datetime) -> HandOff:
    """Take the lead: the clock stops, the lead is theirs and accepted.

    Raises DomainError("hand_off_missing") for what is not theirs to answer, ("hand_off_answered") when
    somebody was faster or it was answered before.
    """
    mine = _answer(hand_off, by=by, at=at, state=HandOffState.ACCEPTED)
    lead = mine.lead
    leads.assign(lead=lead, owner=by, at=at, why="accepted the hand-off", by=str(by.id))
    if lead.stage == Stage.MQL:
        stages.move(lead=lead, to=Stage.ACCEPTED, at=at, reason="accepted by sales", by=str(by.id))
    seconds = int((at - mine.offered_at).total_seconds())
    outbox.publish(
        HandOffAccepted(hand_off=mine.id, owner=by.id, seconds=seconds),
        at=at,
        person=lead.person_id,
        lead=lead.id,
    )
    return mine


@transaction.atomic
def reject(
    *,
    hand_off: HandOff,
    by: User,
    reason: str,
    at: datetime,
    note: str = "",
    recycle_on: date | None = None,
) -> HandOff:
    """Give the lead back, with a reason that decides where it goes (`reasons.REJECT_SENTENCES`).

    Raises DomainError("unknown_reason"), ("reason_note") for "other" without words, ("recycle_on") for
    "not now" without a coming day, and those of `accept`.
    """
    if reason not in Reject.values:
        raise DomainError("unknown_reason", "Choose a reason, so that marketing can learn.", field="reason")
    if reason == Reject.OTHER and not note.strip():
        raise DomainError("reason_note", "Say in a few words what it was.", field="note")
    if reason == Reject.NOT_NOW and (recycle_on is None or recycle_on <= at.date()):
        raise DomainError("recycle_on", "Choose a coming day on which to ask again.", field="recycle_on")
    recycle_on = recycle_on if reason == Reject.NOT_NOW else None
    mine = _answer(
        hand_off,
        by=by,
        at=at,
        state=HandOffState.REJECTED,
        reason=reason,
        reason_note=note.strip(),
        recycle_on=recycle_on,
    )
    lead = mine.lead
    outbox.publish(
        HandOffRejected(hand_off=mine.id, owner=by.id, reason=reason),
        at=at,
        person=lead.person_id,
        lead=lead.id,
    )
    if lead.stage not in CLOSED_STAGES:
        _after_reject(mine, lead, by=by, at=at)
    return mine


def _after_reject(hand_off: HandOff, lead: Lead, *, by: User, at: datetime) -> None:
    reason, who = hand_off.reason, str(by.id)
    why = f"rejected by sales: {Reject(reason).label.lower()}"
    if reason in (Reject.WRONG_FIT, Reject.NO_NEED):
        stages.move(lead=lead, to=Stage.DISQUALIFIED, at=at, reason=why, by=who)
    elif reason == Reject.NOT_NOW:
        assert hand_off.recycle_on is not None
        stages.move(lead=lead, to=Stage.RECYCLED, at=at, reason=why, by=who)
        morning = datetime.combine(hand_off.recycle_on, time(9), _zone(by))
        tasks.add(
            title="Ask again: it was “not now”",
            kind="call",
            person=lead.person,
            lead=lead,
            assignee=by,
            due_at=morning,
            at=at,
            by=who,
        )
    else:
        gave_back = set(
            lead.hand_offs.filter(state=HandOffState.REJECTED).values_list("answered_by_id", flat=True)
        )
        if reason != Reject.DUPLICATE and _somebody_else(gave_back):
            offer(lead=lead, at=at, cause=f"{hand_off.id}:rejected", avoid=gave_back)
        else:
            _give_back(lead, at=at, why=why, by=who)


def _somebody_else(gave_back: Collection[int]) -> bool:
    return queries.who_is_next(route=Route.catch_all(), avoid=gave_back).user is not None


def _give_back(lead: Lead, *, at: datetime, why: str, by: str = "") -> None:
    leads.assign(lead=lead, owner=None, at=at, why=why, by=by)
    stages.move(lead=lead, to=Stage.LEAD, at=at, reason=why, by=by)


def _zone(user: User) -> ZoneInfo:
    return ZoneInfo(user.time_zone or Organisation.get().time_zone)


def _answer(hand_off: HandOff, *, by: User, at: datetime, state: str, **values: object) -> HandOff:
    """Set the answer if the offer still waits: of two answers at once, one finds it waiting."""
    may = HandOff.objects.visible_to(by).filter(id=hand_off.id)
    if by.role not in SELLERS or not may.exists():
        raise DomainError("hand_off_missing", "There is no such hand-off.", kind="missing")
    changed = HandOff.objects.filter(id=hand_off.id, state=HandOffState.WAITING).update(
        state=state, answered_at=at, answered_by=by, **values
    )
    fresh = HandOff.objects.select_related("lead", "lead__person", "answered_by").get(id=hand_off.id)
    if not changed:
        raise DomainError("hand_off_answered", answered_before(fresh, by=by, at=at), kind="conflict")
    if fresh.owner_id is None or (state == HandOffState.ACCEPTED and by.role != Role.REP):
        HandOff.objects.filter(id=fresh.id).update(owner=by)
        fresh.owner = by
    return fresh


def answered_before(hand_off: HandOff, *, by: User, at: datetime) -> str:
    """Why this hand-off can no longer be answered, as `by` is told."""
    if hand_off.state == HandOffState.WITHDRAWN:
        return "This hand-off was withdrawn: the lead has moved on."
    if hand_off.state == HandOffState.EXPIRED:
        return "Nobody answered in time; the lead went back to marketing."
    if hand_off.answered_by_id == by.id:
        return f"You {hand_off.state} this hand-off already."
    name = hand_off.answered_by.get_short_name() if hand_off.answered_by else "Somebody"
    if hand_off.state == HandOffState.ACCEPTED and hand_off.answered_at is not None:
        return f"{name} was {faster_by(int((at - hand_off.answered_at).total_seconds()))} faster."
    return f"{name} {hand_off.state} this hand-off."


@transaction.atomic
def review(*, lead: Lead, at: datetime, cause: str) -> None:
    """Withdraw the waiting offer of a lead that moved on or changed hands; a new owner gets their own."""
    stale = HandOff.objects.waiting().filter(lead=lead).first()
    if stale is None or (lead.stage == Stage.MQL and lead.owner_id == stale.owner_id):
        return
    HandOff.objects.filter(id=stale.id, state=HandOffState.WAITING).update(
        state=HandOffState.WITHDRAWN, answered_at=at
    )
    if lead.stage == Stage.MQL and lead.owner_id:
        offer(lead=lead, at=at, cause=cause, quiet=stale.answer_by is None)


def lapse(now: datetime) -> int:
    """Close the offers that nobody answered for LAPSES_AFTER, at most 200; returns how many."""
    waiting = HandOff.objects.waiting().filter(offered_at__lt=now - LAPSES_AFTER).order_by("offered_at")
    done = 0
    for hand_off in waiting.select_related("lead")[:200]:
        with transaction.atomic():
            if not HandOff.objects.filter(id=hand_off.id, state=HandOffState.WAITING).update(
                state=HandOffState.EXPIRED, answered_at=now
            ):
                continue
            done += 1
            if hand_off.lead.stage == Stage.MQL:
                _give_back(hand_off.lead, at=now, why="nobody answered for 30 days")
    return done
