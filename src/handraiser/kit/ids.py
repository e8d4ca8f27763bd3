"""Public ids: `lead_01k…`. Prefixed, so that a log line explains itself; sortable by time of birth."""

from __future__ import annotations

import os
import time
from collections import deque

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_LETTER = (_ALPHABET * 8).encode()  # for each byte the letter of its lower five bits
_AT_ONCE = 64
# What the next ids end with: asking the system for each is half of the cost of an id. Threads may share it, two
# processes never.
_chances: deque[str] = deque()
os.register_at_fork(after_in_child=_chances.clear)


def new(prefix: str, *, at_ms: int | None = None) -> str:
    """Return a new id: the prefix, "_", and 26 characters (48 bits of milliseconds, 80 of chance).

    Pass `at_ms` to give a row of the past an id that sorts in its time.
    """
    ms = int(time.time() * 1000) if at_ms is None else at_ms
    try:
        chance = _chances.pop()
    except IndexError:
        letters = os.urandom(16 * _AT_ONCE).translate(_LETTER).decode()
        _chances.extend([letters[begin : begin + 16] for begin in range(16, len(letters), 16)])
        chance = letters[:16]
    two = _PAIRS
    return (
        f"{prefix}_{two[ms >> 40 & 1023]}{two[ms >> 30 & 1023]}{two[ms >> 20 & 1023]}{two[ms >> 10 & 1023]}"
        f"{two[ms & 1023]}{chance}"
    )


def is_id(text: str, prefix: str) -> bool:
    """True if `text` has the shape of an id with this prefix."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == 26 and all(c in _ALPHABET for c in tail)
