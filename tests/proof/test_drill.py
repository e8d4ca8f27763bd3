"""The restore drill on a firm where every form sets everything off: backups under traffic, a kill, a verdict."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import databases, drill, postgres, stores
from tests.product import Product
from tests.proof import business, verdict
from tests.proof.traffic import Traffic
from tests.proof.verdict import Verdict

pytestmark = pytest.mark.proof

BACKUPS = 3


def _drill(folder: Path, smtp_port: int) -> list[tuple[str, Verdict]]:
    allow = {"HANDRAISER_TRUSTED_PROXIES": "127.0.0.1", "HANDRAISER_OUTGOING_ALLOW": "127.0.0.1"}
    product = Product(home=folder / "home", **allow)
    form = business.prepare(product, smtp_port=smtp_port)
    key = product.command("keys", "create", "--name", "drill", "--scope", "leads:write").stdout.split()[-1]
    product.start()
    traffic = Traffic(product.port, key, random.Random(11))
    traffic.open_form(form)
    taken: list[tuple[Path, Traffic]] = []
    with traffic.flowing(traffic.post_events, traffic.post_lead, traffic.post_form):
        for number in range(BACKUPS):
            time.sleep(5)
            before = Traffic(product.port, key, random.Random(0))
            before.events, before.leads = set(traffic.events), set(traffic.leads)
            before.forms = set(traffic.forms)
            archive = folder / f"{number}.tar"
            product.command("backup", str(archive))
            taken.append((archive, before))
        product.process.kill()
        product.process.wait()
        traffic._stop.set()
    databases.sweep_away(product.home)
    judged = []
    for archive, before in taken:
        home = folder / archive.stem
        done = drill.restore(archive, home)
        assert done.returncode == 0, done.stderr
        with drill.product_at(home, **allow) as restored:
            restored.stop()
            restored.settle()
            # The servers of this run are gone by then; what was sent is known by its state alone.
            sent = stores.ask(
                home, "records", "select message_id from delivery_message where state <> 'unknown'"
            )
            found = verdict.of(home, before, set(), [row[0] for row in sent])
            line = (
                f"{len(before.events)} events, {len(before.leads)} leads, {len(before.forms)} forms acknowledged"
                f" before; {found}"
            )
            judged.append((line, found))
            assert stores.ask(home, "records", "select count(*) from journal_parked") == [(0,)]
            assert "Traceback" not in restored.log(), restored.log()
    return judged


def _judge(judged: list[tuple[str, Verdict]], report: Callable[[str], None], where: str) -> list[bool]:
    for line, _ in judged:
        report(f"restored from a backup under traffic{where}: {line}")
    return [found.clean for _, found in judged]


def test_every_restored_backup_holds_what_was_acknowledged_before_it(tmp_path, postbox, report):
    assert _judge(_drill(tmp_path, postbox.port), report, "") == [True] * BACKUPS


def test_the_same_on_postgresql(tmp_path, postbox, report, monkeypatch):
    with postgres.server() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        assert _judge(_drill(tmp_path, postbox.port), report, ", on PostgreSQL") == [True] * BACKUPS
