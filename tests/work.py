"""Data folders with work left to do, for tests that end a process in the middle of it."""

from __future__ import annotations

import time
from pathlib import Path

from handraiser.kit.envelope import Event
from tests import databases, stores
from tests.product import Product


def left(folder: Path, *, leads: int, views: int, visitors: int) -> tuple[Path, dict[str, int]]:
    """A data folder in which the relay and every reader have work, and what that comes to when done in peace."""
    home = folder / "home"
    product = Product(home=home)
    people = folder / "people.csv"
    people.write_text("email\n" + "".join(f"person{number}@halden.example.com\n" for number in range(leads)))
    mapping = folder / "map.toml"
    mapping.write_text('[columns]\nemail = "email"\n')
    product.command("import", "leads", str(people), "--map", str(mapping))
    now = int(time.time() * 1000)
    journal = stores.journal(home)
    journal.append(
        [
            Event(
                message_id=f"view-{number}",
                name="attract.page_viewed",
                occurred_at=now + number,
                received_at=now + number,
                visitor=f"visitor-{number % visitors}",
                body={"url": "http://127.0.0.1/pricing/", "path": "/pricing/", "consent": True},
            )
            for number in range(views)
        ]
    )
    journal.close()
    unharmed = folder / "unharmed"
    databases.lay(unharmed, like=home)
    Product(home=unharmed).settle()
    return home, stores.effects(unharmed)
