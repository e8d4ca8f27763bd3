"""What a mail server's answer means for the message, the person, and the rest of the queue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# RFC 3463: bad mailbox, bad domain, bad syntax, moved; null MX (RFC 7505).
_NOBODY_THERE = {("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10")}
WAITS = [timedelta(minutes=m) for m in (5, 15, 45, 120, 360, 720, 1440)]


@dataclass(frozen=True)
class Verdict:
    """`outcome`: sent, later, failed, or trouble (our side is at fault: the whole queue should wait).

    `hard`: nobody is at that address, so it must not be tried again.
    """

    outcome: str
    hard: bool = False


def judge(code: int, text: str, *, step: str) -> Verdict:
    """Read a reply to MAIL, RCPT or DATA (`step`)."""
    if 200 <= code < 400:
        return Verdict("sent")
    if code < 500:
        return Verdict("later")
    if step == "MAIL":
        return Verdict("trouble")
    match = _ENHANCED.search(text)
    hard = step == "RCPT" and bool(match) and (match[2], match[3]) in _NOBODY_THERE  # type: ignore[index]
    return Verdict("failed", hard=hard)


def next_try(attempts: int, at: datetime) -> datetime | None:
    """When to try again after this many attempts that were put off; None: give up."""
    return at + WAITS[attempts - 1] if attempts <= len(WAITS) else None
