"""The shapes of visitor ids that more than one stage has to know."""

from __future__ import annotations

import hashlib
import re

# Given by our tracker after consent; made by the browser.
_BROWSER = re.compile(r"b_[0-9a-f]{32}")


def is_browser_id(text: str) -> bool:
    """True if `text` has the shape of the first-party id in the cookie `hr_v`."""
    return bool(_BROWSER.fullmatch(text))


def user_subject(user_id: str, *, secret: str) -> str:
    """`u_…`, which stands in the journal for the user id of another system: that may well be an address."""
    return "u_" + keyed(user_id, secret.encode()[:64])


def keyed(text: str, key: bytes) -> str:
    """A hash of 32 hex digits that nobody can make without the key (at most 64 bytes)."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16, key=key).hexdigest()


# A page that only a link which people cannot see leads to: who looks at it is a machine.
TRAP_PATH = "/members-of-the-register/"
