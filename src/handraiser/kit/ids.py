"""Public ids: `lead_01k…`. Prefixed, so that a log line explains itself; sortable by time of birth."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_SHIFTS = range(120, -1, -10)


def new(prefix: str, *, at_ms: int | None = None) -> str:
    """Return a new id: the prefix, "_", and 26 characters (48 bits of milliseconds, 80 of chance).

    Pass `at_ms` to give a row of the past an id that sorts in its time.
    """
    moment = int(time.time() * 1000) if at_ms is None else at_ms
    number = (moment << 80) | int.from_bytes(os.urandom(10), "big")
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"


def is_id(text: str, prefix: str) -> bool:
    """True if `text` has the shape of an id with this prefix."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == 26 and all(c in _ALPHABET for c in tail)
