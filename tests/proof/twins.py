"""The product with one law of the spine broken: `python -m tests.proof.twins LAW VERB`.

A kill test that its broken twins pass as well would prove nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from django.db import transaction

from handraiser import cli
from handraiser.core.journal.store import SqliteStore
from handraiser.core.journal.store.rows import row as _row
from handraiser.kit.envelope import Event


def no_unique_message_id() -> None:
    """The journal takes an event again when it is sent again."""

    def append(self: SqliteStore, events: Sequence[Event], *, patient: bool = True) -> int:
        self._db.execute("begin immediate")
        self._db.executemany(
            "insert into event(message_id, name, occurred_at, received_at, day, visitor, person, lead, cause,"
            " depth, body) values(?,?,?,?,?,?,?,?,?,?,?)",
            [_row(event) for event in events],
        )
        self._db.execute("commit")
        return len(events)

    SqliteStore.append = append  # type: ignore[method-assign]


def cursor_apart() -> None:
    """A reader commits its cursor before the effects, instead of together with them."""
    cli._django()
    from handraiser.core.journal import readers

    def take(this: readers.Reader, events: Sequence[Event], *, start: int, to: int, epoch: str) -> None:
        with transaction.atomic():
            readers._move(this, start=start, to=to, epoch=epoch)
        with transaction.atomic():
            this.apply(events)

    readers._take = take


if __name__ == "__main__":
    {"no_unique_message_id": no_unique_message_id, "cursor_apart": cursor_apart}[sys.argv.pop(1)]()
    cli.main()
