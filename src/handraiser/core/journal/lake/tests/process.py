"""A writer or a sealer in a process of its own, for tests that kill it.

`python process.py write HOME PREFIX COUNT` appends events of past days, some late and some sent again, and prints
each id after its commit. `python process.py seal HOME` seals what is over. HANDRAISER_TWIN=no_seen breaks the law
that message ids outlive their rows.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

from handraiser.core.journal.lake import sealing
from handraiser.core.journal.store import SqliteStore
from handraiser.core.journal.store.rows import DAY_MS
from handraiser.kit.envelope import Event

FIRST = 20_500
NOW_MS = (FIRST + 9) * DAY_MS


def opened(home: Path) -> SqliteStore:
    """The journal; the broken twin's knows an id only as long as its row is live."""
    store = SqliteStore(home / "journal.sqlite3")
    store.prepare()
    if os.environ.get("HANDRAISER_TWIN") == "no_seen":
        store._db.execute(
            "create temp trigger forget_seen after delete on main.event"
            " begin delete from seen where message_id = old.message_id; end"
        )
    return store


def _event(message_id: str) -> Event:
    # The day is part of what is sent, so a resend names the same one.
    chance = random.Random(message_id)
    moment = (FIRST + chance.randrange(8)) * DAY_MS + chance.randrange(DAY_MS)
    return Event(
        message_id=message_id,
        name="attract.page_viewed",
        occurred_at=moment,
        received_at=moment,
        visitor=f"v_{chance.randrange(50)}",
        body={"path": "/", "bot": "", "sent": message_id},
    )


def write(home: Path, prefix: str, count: int) -> None:
    """Append until killed or done. What is printed was acknowledged."""
    store = opened(home)
    chance = random.Random(prefix)
    sent: list[str] = []
    for number in range(count):
        batch = [f"{prefix}-{number}-{part}" for part in range(5)]
        sent += batch
        again = chance.sample(sent, min(3, len(sent)))  # as a client does that saw no answer
        store.append([_event(one) for one in (*batch, *again)])
        print("\n".join(batch), flush=True)


def resend(home: Path, ids: list[str]) -> None:
    """Send everything once more."""
    store = opened(home)
    for start in range(0, len(ids), 200):
        store.append([_event(one) for one in ids[start : start + 200]])


def seal(home: Path) -> None:
    """Seal all that is over, once."""
    store = opened(home)
    sealing.run(store, home / "lake", slowest=store.head(), at_ms=NOW_MS)


def _keep_sealing(home: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        seal(home)


if __name__ == "__main__":
    verb, place = sys.argv[1], Path(sys.argv[2])
    if verb == "write":
        write(place, sys.argv[3], int(sys.argv[4]))
    elif verb == "seal":
        seal(place)
    else:
        _keep_sealing(place)
