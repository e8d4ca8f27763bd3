"""The entries of the side and of the phone's tab bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One line of the side: its icon, its address, who sees it, and an optional count `(n, is_due)`.

    `key` is the letter that opens it after G.
    """

    label: str
    icon: str
    url: str
    roles: tuple[str, ...]
    count: Callable[[Any], tuple[int, bool]] | None = None
    key: str = ""
