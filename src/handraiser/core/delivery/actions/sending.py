"""Sending what is due. An attempt is stored before its first byte leaves; an attempt without an answer is
`unknown` and never repeated by itself."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from handraiser.core.consent import queries as consent
from handraiser.core.delivery import mime, server
from handraiser.core.delivery.actions import suppressions
from handraiser.core.delivery.models import Attempt, Message, Purpose, State, Switch
from handraiser.core.delivery.rules import replies, suppress
from handraiser.core.journal import outbox
from handraiser.core.journal.events.delivery import MessageFailed, MessageSent, MessageSuppressed
from handraiser.core.journal.loop import Sweep
from handraiser.core.staff.models import Organisation
from handraiser.kit import failpoints

log = logging.getLogger(__name__)

BATCH = 50
BUDGET_SECONDS = 2.0  # the loop has other things to do; what is left over goes in its next turn
STALE = timedelta(minutes=15)
DEMO_SERVER = "this machine (demo)"
_HOST = socket.gethostname()


def sweep() -> Sweep:
    """What the loop runs."""
    return Sweep("delivery.send", send_due)


def send_due(now: datetime) -> int:
    """Send a batch of what is due; returns how many messages changed their state."""
    done = recover(now)
    waiting = Message.objects.filter(state=State.WAITING, due_at__lte=now)
    if not waiting.exists():
        return done
    switch = Switch.get()
    if switch.paused_at or (switch.retry_at and switch.retry_at > now):
        return done
    organisation = Organisation.get()
    if not settings.DEMO and not organisation.smtp_host:
        _trouble(switch, "No mail server is set. Set it under Settings, Mail.", now)
        return done
    batch = _claim(now)
    allowed = _judge(batch, organisation, now)
    done += len(batch) - len(allowed)
    if settings.DEMO:
        for message in allowed:
            _attempt(message, DEMO_SERVER, now)
            _sent(message, "Kept on this machine: demo mode sends nothing.", now)
        return done + len(allowed)
    return done + _hand_over(allowed, organisation, switch, now)


def _me() -> str:
    # The process id is asked anew: a fork must not pass for its parent.
    return f"{_HOST}:{os.getpid()}"


def _claim(now: datetime) -> list[Message]:
    """Take up to a batch of due messages for this process; what people wait for goes before marketing."""
    due = Message.objects.filter(state=State.WAITING, due_at__lte=now).order_by("due_at", "id")
    chosen = list(due.exclude(purpose=Purpose.MARKETING).values_list("id", flat=True)[:BATCH])
    if len(chosen) < BATCH:
        marketing = due.filter(purpose=Purpose.MARKETING)
        chosen += list(marketing.values_list("id", flat=True)[: BATCH - len(chosen)])
    Message.objects.filter(id__in=chosen, state=State.WAITING).update(
        state=State.SENDING, claimed_by=_me(), claimed_at=now
    )
    mine = Message.objects.filter(id__in=chosen, state=State.SENDING, claimed_by=_me())
    order = {message_id: place for place, message_id in enumerate(chosen)}
    return sorted(mine, key=lambda message: order[message.id])


def _give_back(messages: Sequence[Message]) -> None:
    Message.objects.filter(
        id__in=[message.id for message in messages], state=State.SENDING, claimed_by=_me()
    ).update(state=State.WAITING, claimed_by="", claimed_at=None)


def _judge(batch: Sequence[Message], organisation: Organisation, now: datetime) -> list[Message]:
    """Put aside what may not go out; return the rest."""
    if not batch:
        return []
    listed = suppressions.of({message.to for message in batch if message.to})
    readers = (message.person_id for message in batch if message.purpose == Purpose.MARKETING)
    may = consent.may([person for person in readers if person], "marketing")
    allowed = []
    for message in batch:
        address = organisation.postal_address.strip()
        reason = suppress.refusal(
            suppress.Facts(
                purpose=message.purpose,
                address=message.to,
                suppressed=listed.get(message.to, {}),
                may_market=message.person_id in may,
                has_sender=bool(organisation.sender_email),
                carries_postal_address=bool(address) and _one_line(address) in _one_line(message.text),
            )
        )
        if reason is None:
            allowed.append(message)
            continue
        with transaction.atomic():
            changed = _settle(message, State.SUPPRESSED, now, reason=reason)
            if changed and message.person_id:
                _tell(MessageSuppressed(message=message.id, reason=reason), message, now)
    return allowed


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _hand_over(messages: Sequence[Message], organisation: Organisation, switch: Switch, now: datetime) -> int:
    if not messages:
        return 0
    left = list(messages)
    until = time.monotonic() + BUDGET_SECONDS
    try:
        to = server.of(organisation)
        with server.Session(to) as session:
            if switch.trouble:
                Switch.objects.filter(id=1).update(trouble="", trouble_since=None, retry_at=None, failures=0)
            while left and time.monotonic() < until:
                if not _send(left.pop(0), session, f"{to.host}:{to.port}", organisation, now):
                    break
    except server.Unreachable as error:
        _trouble(switch, str(error), now)
    _give_back(left)
    return len(messages) - len(left)


def _send(
    message: Message, session: server.Session, host: str, organisation: Organisation, now: datetime
) -> bool:
    """Send one message; False when the connection is over. Raises Unreachable with nothing handed over."""
    try:
        mail = mime.build(message, organisation, at=now)
        content = mail.as_bytes()
    except (ValueError, IndexError) as error:
        with transaction.atomic():
            _settle(message, State.FAILED, now, error=f"The mail cannot be made: {error}")
            _tell(MessageFailed(message=message.id, outcome="failed", error="malformed"), message, now)
        return True
    attempt = _attempt(message, host, now)
    failpoints.reach("smtp.before")
    try:
        answer = session.send(
            sender=mime.sender(message, organisation).addr_spec, to=message.to, content=content
        )
    except server.Unreachable as error:
        _answered(attempt, "later", str(error), now)
        _give_back([message])
        raise
    except server.CutOff as error:
        with transaction.atomic():
            _answered(attempt, "unknown", str(error), now)
            _unknown(message, f"Cut off while the server had it: {error}", now)
        return False
    failpoints.reach("smtp.after")
    if answer.outcome == "sent":
        _sent(message, answer.reply, now)
    else:
        _refused(message, attempt, answer, now)
    return not answer.over


def _attempt(message: Message, host: str, now: datetime) -> Attempt:
    with transaction.atomic():
        message.attempts_made += 1
        number = message.attempts.count() + 1
        Message.objects.filter(id=message.id).update(attempts_made=message.attempts_made)
        return Attempt.objects.create(message=message, number=number, server=host, started_at=now)


def _answered(attempt: Attempt, outcome: str, reply: str, now: datetime) -> None:
    Attempt.objects.filter(id=attempt.id).update(outcome=outcome, reply=reply, finished_at=now)


def _sent(message: Message, reply: str, now: datetime) -> None:
    with transaction.atomic():
        attempt = message.attempts.order_by("-number")[0]
        _answered(attempt, "sent", reply, now)
        if _settle(message, State.SENT, now, error="", sent_at=now) and message.person_id:
            fact = MessageSent(message=message.id, purpose=message.purpose, template=message.template)
            _tell(fact, message, now)


def _refused(message: Message, attempt: Attempt, answer: server.Answer, now: datetime) -> None:
    again = replies.next_try(message.attempts_made, now) if answer.outcome == "later" else None
    with transaction.atomic():
        _answered(attempt, answer.outcome, answer.reply, now)
        if again is not None:
            Message.objects.filter(id=message.id, state=State.SENDING).update(
                state=State.WAITING, due_at=again, error=answer.reply, claimed_by="", claimed_at=None
            )
            return
        _settle(message, State.FAILED, now, error=answer.reply)
        if answer.hard:
            suppressions.add(email=message.to, reason="bounced", scope="all", at=now, by=answer.reply[:120])
        code = answer.reply[:3]
        _tell(MessageFailed(message=message.id, outcome="failed", error=code), message, now)


def _settle(message: Message, state: State, now: datetime, **fields: object) -> bool:
    """Give a message its final state, unless somebody else already did."""
    open_states = (State.SENDING, State.UNKNOWN)  # an answer may come after recovery gave it up
    return bool(
        Message.objects.filter(id=message.id, state__in=open_states).update(
            state=state, settled_at=now, claimed_by="", claimed_at=None, **fields
        )
    )


def _unknown(message: Message, error: str, now: datetime) -> None:
    if _settle(message, State.UNKNOWN, now, error=error):
        _tell(MessageFailed(message=message.id, outcome="unknown"), message, now)


def _tell(fact: MessageSent | MessageFailed | MessageSuppressed, message: Message, now: datetime) -> None:
    if message.person_id:
        outbox.publish(fact, at=now, person=message.person_id, lead=message.lead_id)


def _trouble(switch: Switch, what: str, now: datetime) -> None:
    """Stop trying for a while: half a minute at first, doubling up to ten."""
    wait = timedelta(seconds=min(30 * 2**switch.failures, 600))
    Switch.objects.filter(id=1).update(
        trouble=what,
        trouble_since=switch.trouble_since or now,
        retry_at=now + wait,
        failures=min(switch.failures + 1, 10),
    )
    log.warning("mail cannot be sent", extra={"trouble": what})


def recover(now: datetime) -> int:
    """Settle what a dead process left behind: with an attempt it is unknown, without one it waits again."""
    orphans = [message for message in Message.objects.filter(state=State.SENDING) if _orphaned(message, now)]
    for message in orphans:
        with transaction.atomic():
            if message.attempts.filter(finished_at=None).exists():
                _unknown(message, "The process ended while the server had it.", now)
            else:
                Message.objects.filter(id=message.id, state=State.SENDING).update(
                    state=State.WAITING, claimed_by="", claimed_at=None
                )
    return len(orphans)


def _orphaned(message: Message, now: datetime) -> bool:
    """A process sends one batch at a time, so what bears our own name at its start is left over too."""
    host, _, process = message.claimed_by.rpartition(":")
    if message.claimed_by == _me() or message.claimed_at is None or now - message.claimed_at > STALE:
        return True
    if host != _HOST:
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def pause(*, at: datetime, by: str) -> None:
    """Stop all sending; messages wait and nothing is lost."""
    Switch.get()
    Switch.objects.filter(id=1, paused_at=None).update(paused_at=at, paused_by=by)


def resume() -> None:
    """Send again, and try the mail server at once."""
    Switch.get()
    Switch.objects.filter(id=1).update(paused_at=None, paused_by="", retry_at=None)
