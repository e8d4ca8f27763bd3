"""Find or do: what the command palette looks through. Each folder adds a finder in `config/wiring.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Found:
    """One line of the palette. `kind` is the word at its end ("Company", "Screen"); `key` its shortcut."""

    label: str
    url: str
    kind: str
    icon: str
    detail: str = ""
    key: str = ""


Finder = Callable[[Any, str], list[Found]]
"""`finder(user, words)`: at most a handful of lines this user may open; without words, the recent ones."""
