"""An acknowledgement means that the bytes are on the disk: seen in the system calls of a real process."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from handraiser.core.journal.live import journal
from tests.product import Product
from tests.proof.traffic import Traffic

pytestmark = pytest.mark.proof

CALLS = "trace=fdatasync,fsync,recvfrom,recvmsg,read,sendto,sendmsg,write,writev"


@pytest.fixture
def traced(tmp_path) -> Iterator[tuple[Product, Path]]:
    """The web process under strace, and what strace writes."""
    strace = shutil.which("strace")
    assert strace, "strace is missing. Install it with: apt-get install strace"
    product = Product(home=tmp_path / "home", HANDRAISER_TRUSTED_PROXIES="127.0.0.1")
    calls = tmp_path / "calls"
    words = [strace, "-f", "-y", "-s", "60", "-e", CALLS, "-o", str(calls)]
    web = subprocess.Popen(
        [*words, sys.executable, "-m", "handraiser.cli", "web"],
        env=product._environment(),
        start_new_session=True,
    )
    try:
        product.wait_for(web)
        yield product, calls
    finally:
        os.killpg(web.pid, signal.SIGTERM)  # strace alone would let go and leave the web process running
        web.wait(30)


def _synced_between(lines: list[str], request: str, store: str) -> tuple[int, int]:
    """(acknowledgements of this request, those before which a sync of the store's log had ended)."""
    acknowledged = durable = 0
    waiting, synced = False, False
    begun: set[str] = set()
    for line in lines:
        process = line.split(maxsplit=1)[0]
        if f'"{request} ' in line:
            waiting, synced = True, False
            begun.clear()
        elif re.search(rf"f(data)?sync\(\d+<[^>]*{store}\.sqlite3-wal>", line):
            if "unfinished" in line:
                begun.add(process)
            else:
                synced = synced or line.rstrip().endswith("= 0")
        elif "sync resumed>" in line and process in begun:
            synced = synced or line.rstrip().endswith("= 0")
        elif waiting and re.search(r'"HTTP/1\.1 20[01] ', line):
            acknowledged += 1
            durable += synced
            waiting = False
    return acknowledged, durable


def test_every_acknowledgement_comes_after_a_sync(traced, report):
    product, calls = traced
    key = product.command("keys", "create", "--name", "disk", "--scope", "leads:write").stdout.split()[-1]
    client = Traffic(product.port, key, random.Random(1))
    client.repeats = 0  # what is known already needs no disk
    for _ in range(10):
        client.post_events()
        client.post_lead()
    lines = calls.read_text(errors="replace").splitlines()
    events = _synced_between(lines, "POST /e", "journal")
    leads = _synced_between(lines, "POST /api/leads", "records")
    report(
        f"strace: fdatasync had ended before {events[1]} of {events[0]} acknowledged bodies of events"
        f" and {leads[1]} of {leads[0]} acknowledged leads"
    )
    assert events == (10, 10) and leads == (10, 10)


def test_a_missing_sync_would_be_noticed():
    lines = [
        '7 recvfrom(9<socket:[1]>, "POST /e HTTP/1.1", 60) = 60',
        '7 sendto(9<socket:[1]>, "HTTP/1.1 200 OK", 60) = 60',
        '7 recvfrom(9<socket:[1]>, "POST /e HTTP/1.1", 60) = 60',
        "8 fdatasync(5</home/journal.sqlite3-wal> <unfinished ...>",
        '7 sendto(9<socket:[1]>, "HTTP/1.1 200 OK", 60) = 60',
        "8 <... fdatasync resumed>) = 0",
        '7 recvfrom(9<socket:[1]>, "POST /e HTTP/1.1", 60) = 60',
        "8 fdatasync(5</home/journal.sqlite3-wal>) = 0",
        '7 sendto(9<socket:[1]>, "HTTP/1.1 200 OK", 60) = 60',
    ]
    assert _synced_between(lines, "POST /e", "journal") == (3, 1)


@pytest.mark.django_db
def test_both_stores_say_that_they_sync_fully(report):
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for name in ("fsync", "synchronous_commit"):
                cursor.execute(f"show {name}")
                assert cursor.fetchone() == ("on",)
        return
    with connection.cursor() as cursor:
        cursor.execute("pragma synchronous")
        (records,) = cursor.fetchone()
    (events,) = journal()._db.execute("pragma synchronous").fetchone()
    names = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
    report(f"pragma synchronous: records {names[records]}, journal {names[events]}")
    assert (records, events) == (2, 2)
