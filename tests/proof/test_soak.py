"""A minute of everything at once on one data folder: no lock is ever waited for in vain."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from tests.product import Product
from tests.proof.traffic import Traffic

pytestmark = pytest.mark.proof

SECONDS = 60
PUBLIC = ["/", "/accounts/login/", "/healthz", "/readyz", "/nothing-here/"]
_IMPORT = """
import django; django.setup()
from pathlib import Path
from handraiser.capture.imports import tasks
from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.kit import clock
path = Path({path!r})
with path.open("rb") as opened:
    this = runs.receive(file=opened, name=path.name, kind="leads", at=clock.now(), by="soak")
runs.choose_columns(this=this, mapping=Mapping.from_dict(this.mapping))
runs.start(this=this, at=clock.now())
tasks.run_import.enqueue(this.id)
"""


def test_a_minute_of_everything_at_once(tmp_path):
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
                people = tmp_path / f"people{imports}.csv"
                lines = (f"import{imports}.{number}@halden.example.com\n" for number in range(1500))
                people.write_text("email\n" + "".join(lines))
                script = _IMPORT.format(path=str(people))
                settings = "handraiser.config.settings"
                task = product.spawn("-c", script, DJANGO_SETTINGS_MODULE=settings)
                assert task.wait(60) == 0, product.log()
                imports += 1
                time.sleep(3)
        time.sleep(5)  # the tasks process ends its last import
        log = product.log()
        product.stop()
    by_status: Counter[int] = Counter()
    for (_, status), count in traffic.answers.items():
        by_status[status] += count
    print(
        f"\n{SECONDS} s: {len(traffic.events)} events, {len(traffic.leads)} leads, {imports} imports,"
        f" answers {dict(by_status)}, 'database is locked' {log.count('database is locked')}"
    )
    assert "database is locked" not in log
    assert "Traceback" not in log, log
    assert not [answer for answer in traffic.answers if answer[1] >= 500], traffic.answers
    assert len(traffic.events) > 1000 and len(traffic.leads) > 50 and imports > 3
