"""A minute of everything at once on one data folder: no lock is ever waited for in vain."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from tests.product import Product
from tests.proof import business
from tests.proof.traffic import Traffic

pytestmark = pytest.mark.proof

SECONDS = 60
PUBLIC = ["/", "/accounts/login/", "/healthz", "/readyz", "/nothing-here/"]


def test_a_minute_of_everything_at_once(tmp_path, report):
    with Product(home=tmp_path / "home", HANDRAISER_TRUSTED_PROXIES="127.0.0.1") as product:
        made = product.command("keys", "create", "--name", "soak", "--scope", "*")
        traffic = Traffic(product.port, made.stdout.split()[-1], random.Random(1))

        def read_pages() -> None:
            for path in PUBLIC:
                traffic.ask("GET", path)
            traffic.ask("GET", "/api/leads", authorization=f"Bearer {traffic.key}")

        imports = 0
        until = time.monotonic() + SECONDS
        with traffic.flowing(traffic.post_events, traffic.post_events, traffic.post_lead, read_pages):
            while time.monotonic() < until:
                business.start_imports(product, tmp_path, number=1, rows=1500, prefix=f"import{imports}.")
                imports += 1
                time.sleep(3)
        time.sleep(5)  # the tasks process ends its last import
        log = product.log()
        product.stop()
    by_status: Counter[int] = Counter()
    for (_, status), count in traffic.answers.items():
        by_status[status] += count
    report(
        f"soak of web, collector, loop and tasks, {SECONDS} s: {len(traffic.events)} events,"
        f" {len(traffic.leads)} leads, {imports} imports of 1500 rows, answers {dict(by_status)};"
        f" 'database is locked' {log.count('database is locked')} times"
    )
    assert "database is locked" not in log
    assert "Traceback" not in log, log
    assert not [answer for answer in traffic.answers if answer[1] >= 500], traffic.answers
    assert len(traffic.events) > 1000 and len(traffic.leads) > 50 and imports > 3
