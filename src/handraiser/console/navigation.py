"""The entries of the side and of the phone's tab bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from handraiser.core.staff.roles import EDITORS, Role


@dataclass(frozen=True)
class Entry:
    """One line of the side: its icon, its address, who sees it, and an optional count `(n, is_due)`.

    `key` is the letter that opens it after G.
    """

    label: str
    icon: str
    url: str
    roles: tuple[str, ...]
    count: Callable[[Any], tuple[int | None, bool]] | None = None
    key: str = ""


@dataclass(frozen=True)
class Onward:
    """The next step of a newcomer, said at the head of every screen: `done` of `total` are behind them."""

    label: str
    url: str
    done: int
    total: int


OWNER = (Role.OWNER,)

SETTINGS: list[Entry] = [
    Entry("Organisation", "company", "/admin/settings/organisation/", OWNER),
    Entry("Mail", "mail", "/admin/settings/mail/", OWNER),
    Entry("Staff", "users", "/admin/settings/staff/", OWNER),
    Entry("API keys", "key", "/admin/settings/keys/", OWNER),
    Entry("Custom fields", "form", "/admin/settings/fields/", EDITORS),
    Entry("Journal", "server", "/admin/settings/journal/", EDITORS),
    Entry("Changes", "history", "/admin/settings/audit/", OWNER),
]
"""The tabs of Settings."""
