"""The doctor finds each thing that it is for, and says how to mend it."""

from __future__ import annotations

import os
import sqlite3
import time
from datetime import timedelta

import pytest
from django.db import connection

from handraiser.config import checks
from handraiser.core.journal import history, sharing
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor, ParkedEvent
from handraiser.core.journal.store import Sealed
from handraiser.kit import clock
from handraiser.kit.envelope import Event

pytestmark = pytest.mark.django_db


def bad() -> dict[str, str]:
    return {finding.what: finding.mend for finding in checks.run() if not finding.ok}


def view(number: int, *, seconds: int) -> Event:
    at = clock.ms(clock.now() + timedelta(seconds=seconds))
    return Event(
        message_id=f"m{number}", name="attract.page_viewed", occurred_at=at, received_at=at, visitor="v"
    )


@pytest.fixture
def well(mira, settings):
    """An instance with nothing to mend. The servers of tests give up durability for speed."""
    settings.DEMO = True
    settings.HOME.chmod(0o700)
    weak = "what is acknowledged survives a power cut"
    assert bad().keys() <= {weak} and (weak not in bad() or connection.vendor == "postgresql")


def test_it_works(well):
    found = {finding.what for finding in checks.run()}
    assert {"disk has room", "clock and file system agree", "readers keep up", "the loop turns"} <= found
    if connection.vendor == "sqlite":
        assert {
            "records are whole",
            "records survive a power cut",
            "the journal survives a power cut",
        } <= found


def test_a_reader_that_is_behind(well):
    before = journal().head()
    journal().append([view(1, seconds=-600)])
    assert f"attract.visits ({before + 1} events, 10 min)" in bad()["readers keep up"]


def test_a_clock_that_was_set_back(well):
    journal().append([view(1, seconds=600)])
    assert "in the future" in bad()["the clock runs forward"]


def test_a_parked_event(well):
    now = clock.now()
    row = {"reader": "attract.visits", "position": 1, "name": "x", "payload": "{}"}
    ParkedEvent.objects.create(**row, message_id="m", parked_at=now, next_try_at=now)
    assert "1 of attract.visits" in bad()["no event is parked"]


def test_a_cursor_of_another_journal(well):
    Cursor.objects.create(reader="attract.visits", epoch="of another", position=3)
    assert "attract.visits" in bad()["readers match the journal"]


def test_sealed_days_that_are_missing_or_damaged(well):
    history.folder().mkdir(exist_ok=True)
    torn = history.folder() / "torn.parquet"
    torn.write_bytes(b"PAR1 and no end")
    for day, name in ((20_000, "missing.parquet"), (20_001, torn.name)):
        journal().seal([], [Sealed(day, name, 1, 1)], at_ms=0, keep_ms=0)
    found = bad()
    torn.unlink()
    assert "missing.parquet" in found["every sealed day is there"]
    assert "torn.parquet" in found["every sealed day can be read"]


def test_a_loop_that_hangs(well):
    place = sharing.take()
    try:
        place.turned()
        assert "the loop turns" not in bad()
        long_ago = time.time() - 300
        os.utime(checks.settings.HOME / "run" / "loop.lock", (long_ago, long_ago))
        assert "300 s" in bad()["the loop turns"]
    finally:
        place.leave()
    assert "the loop turns" not in bad()  # who does not run does not hang


def test_a_mail_server_that_does_not_answer(well, organisation, settings):
    settings.DEMO, settings.OUTGOING_ALLOW = False, ["127.0.0.1"]
    organisation.smtp_host, organisation.smtp_port, organisation.smtp_security = "127.0.0.1", 9, "none"
    organisation.save()
    assert "127.0.0.1:9 does not answer" in bad()["mail can be sent"]


def test_a_damaged_file(tmp_path):
    path = tmp_path / "records.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("create table a(b)")
        db.executemany("insert into a values(?)", [("x" * 500,)] * 200)
    db.close()
    assert checks._whole("records are whole", path).ok
    content = bytearray(path.read_bytes())
    content[5_000:9_000] = b"\xff" * 4_000
    path.write_bytes(content)
    assert not checks._whole("records are whole", path).ok


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    assert "not a database" in checks._whole("the journal is whole", path).mend


def test_settings_that_lose_what_was_acknowledged():
    assert checks._durable("records", {"journal_mode": "wal", "synchronous": "2"}).ok
    assert (
        "synchronous NORMAL" in checks._durable("records", {"journal_mode": "wal", "synchronous": "1"}).mend
    )
    assert not checks._durable("records", {"journal_mode": "delete", "synchronous": "2"}).ok
