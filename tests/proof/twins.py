"""The product with one law of the spine broken: `python -m tests.proof.twins LAW VERB`.

A kill test that its broken twins pass as well would prove nothing. `lawful` breaks none; it is there for the verb
`sealer`, which seals again and again as if two days had passed, so that what is acknowledged now is sealed now.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from handraiser import cli
from handraiser.core.journal.store import SqliteStore
from handraiser.core.journal.store.rows import INTO, row
from handraiser.kit.envelope import Event


def lawful() -> None:
    """Break nothing."""


def no_unique_message_id() -> None:
    """The journal takes an event again when it is sent again."""

    def append(self: SqliteStore, events: Sequence[Event], *, patient: bool = True) -> int:
        with self._writing():
            self._insert(f"insert into event({INTO}) values", [row(event) for event in events])
        return len(events)

    SqliteStore.append = append  # type: ignore[method-assign]


def no_seen() -> None:
    """The journal knows a message only as long as its row is live: sealing forgets the id with the row."""
    prepare = SqliteStore.prepare

    def prepared(self: SqliteStore) -> None:
        prepare(self)
        self._db.execute(
            "create temp trigger if not exists forget_seen after delete on main.event"
            " begin delete from seen where message_id = old.message_id; end"
        )

    SqliteStore.prepare = prepared  # type: ignore[method-assign]


def cursor_apart() -> None:
    """A reader commits its cursor before the effects, instead of together with them."""
    cli.load_django()
    from handraiser.core.journal import readers

    move = readers._move

    def moved(*args: Any, **values: Any) -> None:
        move(*args, **values)
        with connection.cursor() as cursor:
            cursor.execute("commit")
            cursor.execute("begin immediate")

    readers._move = moved


def sealer() -> None:
    """Seal until killed."""
    cli.load_django()
    from handraiser.core.journal.lake import tasks
    from handraiser.kit import clock

    while True:
        tasks.seal(at=clock.now() + timedelta(days=2))
        time.sleep(0.2)  # the others are worth killing too


LAWS = {law.__name__: law for law in (lawful, no_unique_message_id, no_seen, cursor_apart)}

if __name__ == "__main__":
    LAWS[sys.argv.pop(1)]()
    sealer() if sys.argv[1] == "sealer" else cli.main()
