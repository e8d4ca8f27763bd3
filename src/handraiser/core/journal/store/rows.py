"""What both homes of the journal share: the columns of an event, and the words of the lake's bookkeeping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from handraiser.kit.envelope import Event

DAY_MS = 86_400_000
COLUMNS = "position, message_id, name, occurred_at, received_at, visitor, person, lead, cause, depth, body"
INTO = "message_id, name, occurred_at, received_at, day, visitor, person, lead, cause, depth, body"
NUMBERS = frozenset({"position", "occurred_at", "received_at", "depth"})
QUOTE = "\x01"  # around text in a line; JSON holds none, so that a body need not be searched for it
CHUNK = 500  # rows that one delete takes away: a writer waits for no longer than that

encode = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(dict[str, Any]).decode
Row = tuple[Any, ...]


class Busy(Exception):
    """Somebody else is writing, and the caller did not want to wait."""


def row(event: Event) -> Row:
    """An event as the journal's tables hold it, in the order of `INTO`."""
    return (
        event.message_id,
        event.name,
        event.occurred_at,
        event.received_at,
        event.received_at // DAY_MS,
        event.visitor,
        event.person,
        event.lead,
        event.cause,
        event.depth,
        encode(event.body).decode(),
    )


def event(of: Sequence[Any]) -> Event:
    """The event of a row in the order of `COLUMNS`."""
    return Event(
        position=of[0],
        message_id=of[1],
        name=of[2],
        occurred_at=of[3],
        received_at=of[4],
        visitor=of[5],
        person=of[6],
        lead=of[7],
        cause=of[8],
        depth=of[9],
        body=_decode_body(of[10]),
    )


def line(columns: Sequence[str], of: str = "") -> str:
    """The SQL, for both homes, of one line of a file with these columns; `of` is put before each name.

    Numbers stand bare, text between two QUOTE, null is nothing. The database writes the line, because an object for
    every cell costs more than all the rest.
    """
    return "||','||".join(of + name if name in NUMBERS else _in_line(of + name) for name in columns)


def _in_line(name: str) -> str:
    text = name if name.endswith("body") else f"replace({name}, '{QUOTE}', '{QUOTE}{QUOTE}')"
    return f"coalesce('{QUOTE}'||{text}||'{QUOTE}', '')"


@dataclass(frozen=True)
class Sealed:
    """One day of receipt in the lake: the events up to the position `through` lie in `file`, the later ones are
    live. A month's file holds many days; `rows` are those of this day, and without any `file` may be ""."""

    day: int
    file: str
    through: int
    rows: int


@dataclass(frozen=True)
class Snapshot:
    """Lake and tail at one moment, read in one transaction of the journal: together every event, once.

    `tail` holds, as lines of these `columns`, the rows that no file of the manifest holds. Events whose visitor or
    person is in `forgotten` still lie in a file and must not be shown.
    """

    sealed: list[Sealed]
    forgotten: list[Row]
    columns: tuple[str, ...]
    tail: list[str]

    @property
    def files(self) -> list[str]:
        """Each file once."""
        return sorted({one.file for one in self.sealed if one.file})
