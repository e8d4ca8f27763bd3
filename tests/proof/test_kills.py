"""Real processes killed at random moments while clients write: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import postgres, stores
from tests.journeys.conftest import Postbox
from tests.product import Product
from tests.proof import business, verdict
from tests.proof.traffic import Traffic
from tests.proof.verdict import Verdict

pytestmark = pytest.mark.proof

KILLS = 50
KILLS_ON_POSTGRES = 20
KILLS_OF_A_TWIN = 10
ROUNDS_OF_A_TWIN = 6  # chance decides when a twin is caught; this often it has to escape to pass
VICTIMS = ("web", "web", "loop", "loop", "tasks")
ROOT = str(Path(__file__).resolve().parents[2])


class Victims:
    """The processes of one product; `twin` names a law they break."""

    def __init__(self, product: Product, twin: str = "") -> None:
        self.product = product
        self.verb = ["-m", "tests.proof.twins", twin] if twin else ["-m", "handraiser.cli"]
        self.running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        """Start one and wait until it works; `tasks` says nothing of itself, so it is not waited for."""
        begun = time.time()
        process = self.running[name] = self.product.spawn(*self.verb, name, PYTHONPATH=ROOT)
        if name == "web":
            self.product.wait_for(process)
            return
        while name == "loop" and self._listened_at() < begun:
            assert process.poll() is None and time.time() < begun + 120, self.product.log()
            time.sleep(0.01)

    def _listened_at(self) -> float:
        """When a loop last began to listen; it takes the old socket away first."""
        try:
            return (self.product.home / "run" / "loop.sock").stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def kill(self, name: str) -> None:
        """Without a word."""
        process = self.running[name]
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, self.product.log()

    def stop(self) -> None:
        """Kill all for good."""
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def _end_imports(victims: Victims) -> None:
    """What a kill interrupted is taken up again after a minute."""
    unfinished = "select count(*) from imports_import where state != 'done'"
    victims.start("loop")
    victims.start("tasks")
    until = time.monotonic() + 240
    while stores.ask(victims.product.home, "records", unfinished) != [(0,)]:
        assert time.monotonic() < until, victims.product.log()
        time.sleep(0.5)
    victims.stop()


def _run(
    home: Path,
    postbox: Postbox,
    announce: Callable[[str], None],
    *,
    kills: int,
    among: tuple[str, ...],
    twin: str = "",
) -> tuple[Verdict, str]:
    """Kill that often; returns the verdict and the whole in one line."""
    seed = random.randrange(10**6)
    who = twin or "the product"
    announce(f"kills of {who}: seed {seed}")
    chance = random.Random(seed)
    postbox.mails.clear()
    allow = {"HANDRAISER_TRUSTED_PROXIES": "127.0.0.1", "HANDRAISER_OUTGOING_ALLOW": "127.0.0.1"}
    product = Product(home=home, **allow)
    form = business.prepare(product, smtp_port=postbox.port)
    key = product.command("keys", "create", "--name", "kills", "--scope", "leads:write").stdout.split()[-1]
    traffic = Traffic(product.port, key, random.Random(seed + 1))
    number, rows = (business.IMPORTS, business.ROWS) if "tasks" in among else (0, 0)
    imported = business.start_imports(product, home.parent / "csv", number=number, rows=rows, prefix="row")
    victims = Victims(product, twin)
    counts: Counter[str] = Counter()
    acts = [traffic.post_events, traffic.post_events, traffic.post_lead, traffic.post_form]
    try:
        for name in dict.fromkeys(("web", "loop", *among)):
            victims.start(name)
        traffic.open_form(form)
        with traffic.flowing(*acts):
            for _ in range(kills):
                time.sleep(chance.uniform(0.0, 1.2))
                name = chance.choice(among)
                victims.kill(name)
                counts[name] += 1
                victims.start(name)
        victims.stop()
        if imported:
            _end_imports(victims)
    finally:
        victims.stop()
    product.settle()
    found = verdict.of(home, traffic, imported, [str(mail["Message-ID"]) for mail in postbox.mails])
    assert len(traffic.events) > 200 and len(traffic.leads) > 20 and len(traffic.forms) > 20, seed
    assert not [status for _, status in traffic.answers if status >= 500 and status != 503], traffic.answers
    line = (
        f"kills of {who}, seed {seed}: {kills} ({', '.join(f'{n} {name}' for name, n in counts.items())});"
        f" acknowledged {len(traffic.events)} events, {len(traffic.leads)} leads,"
        f" {len(traffic.forms)} forms, {len(imported)} imported rows; {found}"
    )
    return found, line


def test_fifty_kills_lose_nothing_and_double_nothing(tmp_path, postbox, announce, report):
    found, line = _run(tmp_path / "home", postbox, announce, kills=KILLS, among=VICTIMS)
    report(line)
    assert found.clean


def test_kills_on_postgresql_lose_nothing_and_double_nothing(
    tmp_path, postbox, announce, report, monkeypatch
):
    with postgres.server() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        home = tmp_path / "home"
        found, line = _run(home, postbox, announce, kills=KILLS_ON_POSTGRES, among=VICTIMS)
    report(f"on PostgreSQL, {line}")
    assert found.clean


def _caught(
    tmp_path: Path, postbox: Postbox, announce: Callable[[str], None], twin: str, among: tuple[str, ...]
) -> tuple[Verdict, str]:
    """Rounds of kills until the twin does harm. The last round's verdict counts."""
    for number in range(1, ROUNDS_OF_A_TWIN + 1):
        home = tmp_path / str(number)
        found, line = _run(home, postbox, announce, kills=KILLS_OF_A_TWIN, among=among, twin=twin)
        if not found.clean:
            break
    return found, f"caught in round {number}: {line}"


def test_without_unique_message_ids_events_are_doubled(tmp_path, postbox, announce, report):
    found, line = _caught(tmp_path, postbox, announce, "no_unique_message_id", ("web", "loop"))
    report(line)
    assert found.doubled["events"] > 0


def test_with_the_cursor_apart_from_the_effects_some_are_lost(tmp_path, postbox, announce, report):
    found, line = _caught(tmp_path, postbox, announce, "cursor_apart", ("loop",))
    report(line)
    assert found.lost.total() > 0
