"""Real processes killed at random moments while clients write: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import stores
from tests.product import Product
from tests.proof.traffic import Traffic

pytestmark = pytest.mark.proof

OPENED = "people.lead_opened"
KILLS = 50
KILLS_OF_A_TWIN = 12
ROOT = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True)
class Verdict:
    """What is wrong after everything came to rest: rows too few (lost) or too many (doubled)."""

    lost_events: int
    doubled_events: int
    lost_leads: int
    doubled_leads: int
    lost_effects: int
    doubled_effects: int


def _verdict(home: Path, traffic: Traffic) -> Verdict:
    stored = stores.message_ids(home)
    views = stores.ask(
        home,
        "journal",
        "select count(*) from event where name = 'attract.page_viewed' and visitor is not null",
    )[0][0]
    pages = stores.effects(home)["pages in visits"]
    people = Counter(row[0] for row in stores.ask(home, "records", "select email from people_person"))
    per_lead = Counter(
        row[0]
        for row in stores.ask(home, "records", "select lead_id from identity_timeline where name = ?", OPENED)
    )
    leads = [row[0] for row in stores.ask(home, "records", "select id from people_lead")]
    opened = Counter(
        row[0] for row in stores.ask(home, "journal", "select lead from event where name = ?", OPENED)
    )
    sent = {_sent_as(name) for name in traffic.events}
    return Verdict(
        lost_events=len(sent - stored.keys()),
        doubled_events=sum(count - 1 for count in stored.values()),
        lost_leads=len(traffic.leads - people.keys()) + len(set(leads) - opened.keys()),
        doubled_leads=sum(count - 1 for count in people.values()) + len(leads) - len(people),
        lost_effects=max(0, views - pages) + sum(not per_lead[lead] for lead in leads),
        doubled_effects=max(0, pages - views) + sum(max(0, per_lead[lead] - 1) for lead in leads),
    )


def _sent_as(name: str) -> str:
    """The message id that the collector gives to an event of our tracker."""
    from handraiser.collector.shapes import _message_id

    own, _, at = name.partition("@")
    return _message_id("e", own, int(at))


class Victims:
    """The web and the loop process of one product; `twin` names a law they break."""

    def __init__(self, product: Product, twin: str = "") -> None:
        self.product = product
        self.verb = ["-m", "tests.proof.twins", twin] if twin else ["-m", "handraiser.cli"]
        self.running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        """Start one and wait until it works."""
        begun = time.time()
        process = self.running[name] = self.product.spawn(*self.verb, name, PYTHONPATH=ROOT)
        if name == "web":
            self.product.wait_for(process)
            return
        knocker = self.product.home / "run" / "loop.sock"
        while not knocker.exists() or knocker.stat().st_mtime < begun:
            assert process.poll() is None and time.time() < begun + 120, self.product.log()
            time.sleep(0.01)

    def kill(self, name: str) -> None:
        """Without a word."""
        process = self.running[name]
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, self.product.log()

    def stop(self) -> None:
        """Kill both for good."""
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def _run(home: Path, *, kills: int, victims: tuple[str, ...], twin: str = "") -> Verdict:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    product = Product(home=home, HANDRAISER_TRUSTED_PROXIES="127.0.0.1")
    key = product.command("keys", "create", "--name", "kills", "--scope", "leads:write").stdout.split()[-1]
    traffic = Traffic(product.port, key, random.Random(seed + 1))
    both = Victims(product, twin)
    counts: Counter[str] = Counter()
    try:
        both.start("web")
        both.start("loop")
        with traffic.flowing(traffic.post_events, traffic.post_events, traffic.post_lead, traffic.post_lead):
            for _ in range(kills):
                time.sleep(chance.uniform(0.0, 1.2))
                name = chance.choice(victims)
                both.kill(name)
                counts[name] += 1
                both.start(name)
    finally:
        both.stop()
    product.settle()
    verdict = _verdict(home, traffic)
    print(
        f"\n{twin or 'the product'}: seed {seed}, kills {dict(counts)},"
        f" {len(traffic.events)} events and {len(traffic.leads)} leads acknowledged, {verdict}"
    )
    assert len(traffic.events) > 200 and len(traffic.leads) > 20, seed
    assert not [status for _, status in traffic.answers if status >= 500 and status != 503], traffic.answers
    return verdict


def test_fifty_kills_lose_nothing_and_double_nothing(tmp_path):
    verdict = _run(tmp_path / "home", kills=KILLS, victims=("web", "loop"))
    assert verdict == Verdict(0, 0, 0, 0, 0, 0)


def test_without_unique_message_ids_events_are_doubled(tmp_path):
    twin = "no_unique_message_id"
    verdict = _run(tmp_path / "home", kills=KILLS_OF_A_TWIN, victims=("web", "loop"), twin=twin)
    assert verdict.doubled_events > 0


def test_with_the_cursor_apart_from_the_effects_some_are_lost(tmp_path):
    verdict = _run(tmp_path / "home", kills=KILLS_OF_A_TWIN, victims=("loop",), twin="cursor_apart")
    assert verdict.lost_effects > 0
