"""The one harness of kills: a filled journal, clients that insist, processes that die, and a verdict.

Each process lives a random while or until it reaches an armed failpoint, whichever comes first, dies without a
word and is started again, while the others go on. All of them live and die at the same time.
"""

from __future__ import annotations

import http.client
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from handraiser.core.journal.store.rows import DAY_MS
from handraiser.kit.envelope import Event
from tests import databases, stores
from tests.journeys.conftest import Postbox
from tests.product import Product
from tests.proof import business, verdict
from tests.proof.traffic import Traffic
from tests.proof.verdict import Verdict

FILLED = 200_000
KILLS = {"web": 30, "loop": 35, "tasks": 10, "sealer": 25}
KILLS_OF_A_TWIN = {"web": 3, "loop": 8, "sealer": 5}
ROUNDS_OF_A_TWIN = 6  # chance decides when a twin is caught; this often it has to escape to pass
TWINS = ("no_unique_message_id", "cursor_apart", "no_seen")

_ALLOW = {"HANDRAISER_TRUSTED_PROXIES": "127.0.0.1", "HANDRAISER_OUTGOING_ALLOW": "127.0.0.1"}
_SEALED_SHARE, _DAYS, _VIEWS_OF_A_VISIT = 0.85, 40, 20
_FAILPOINTS = {
    "web": ("collector.committed",),
    "loop": (
        "relay.copied",
        "relay.deleted",
        "reader.applied",
        "reader.committed",
        "smtp.before",
        "smtp.after",
    ),
    "tasks": ("import.chunk", "import.committed"),
    "sealer": ("lake.written", "lake.renamed", "lake.sealed", "lake.trimmed"),
}
_ARMED_SHARE = 0.6
_LONGEST_LIFE_S, _LONGEST_ARMED_LIFE_S = 1.2, 2.0
# Long enough to import Django; these two say nothing of themselves.
_WARMING_S = {"tasks": 1.5, "sealer": 1.5}
_ROOT = str(Path(__file__).resolve().parents[2])
_REVIVE = """
import django; django.setup()
from datetime import timedelta
from handraiser.capture.imports import tasks
from handraiser.kit import clock
print(tasks.revive(clock.now() + timedelta(minutes=5)))
"""


@dataclass(frozen=True)
class Firm:
    """A data folder that was filled and read to the end, to be copied for each run."""

    home: Path
    form: str
    key: str
    filled: int
    sealed: int


@dataclass(frozen=True)
class Run:
    """What became of one run of kills."""

    who: str
    seed: int
    kills: Counter[str]
    at_failpoints: int
    acknowledged: int
    found: Verdict

    def __str__(self) -> str:
        by_process = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        return (
            f"kills of {self.who}, seed {self.seed}: {self.kills.total()} ({by_process}; {self.at_failpoints} at"
            f" failpoints), {self.acknowledged} acknowledged; {self.found}"
        )


def fill(home: Path, *, smtp_port: int, events: int = FILLED) -> Firm:
    """Make the firm, and a past for it: page views over forty days, nearly all sealed, read by every reader."""
    product = Product(home=home, **_ALLOW)
    form = business.prepare(product, smtp_port=smtp_port)
    key = product.command("keys", "create", "--name", "kills", "--scope", "leads:write").stdout.split()[-1]
    journal = stores.journal(home)
    past = list(_past(events, now=int(time.time() * 1000)))
    for start in range(0, len(past), 2_000):
        journal.append(past[start : start + 2_000])
    journal.close()
    product.settle()
    product.command("seal")
    journal = stores.journal(home)
    sealed = sum(day.rows for day in journal.manifest())
    journal.close()
    return Firm(home, form, key, events, sealed)


def _past(events: int, *, now: int) -> list[Event]:
    """Visits one after the other; the last of them are of today and stay in the journal."""
    old = int(events * _SEALED_SHARE)
    first = (now // DAY_MS - 2 - _DAYS) * DAY_MS
    made = []
    for number in range(events):
        at = first + number * (_DAYS * DAY_MS // old) if number < old else now - (events - number) * 10
        made.append(
            Event(
                message_id=f"filled-{number}",
                name="attract.page_viewed",
                occurred_at=at,
                received_at=at,
                visitor=f"b_{number // _VIEWS_OF_A_VISIT:032x}",
                body={
                    "url": "http://127.0.0.1/pricing/",
                    "path": f"/page/{number % 50}/",
                    "title": f"filled-{number}",
                    "consent": True,
                    "bot": "",
                },
            )
        )
    return made


class Victim:
    """One process of a product, over its many lives. `twin` names a law that it breaks."""

    def __init__(self, product: Product, name: str, kills: int, chance: random.Random, twin: str) -> None:
        self.product, self.name, self.left, self.chance, self.twin = product, name, kills, chance, twin
        self.at_failpoints = 0
        # Each of them has its turn: a law may be broken at one seam alone.
        points = list(_FAILPOINTS[name])
        chance.shuffle(points)
        self.points = itertools.cycle(points)
        self.start()

    def start(self) -> None:
        """Begin a life; most end at a failpoint, if the process reaches it in time."""
        armed = self.left > 0 and self.chance.random() < _ARMED_SHARE
        self.armed = f"{next(self.points)}:{self.chance.randint(1, 4)}" if armed else ""
        self.begun = time.time()
        self.dies_at: float | None = None
        # The sealer is no verb of the product, which has it done by `tasks` at night.
        plain = not self.twin and self.name != "sealer"
        verb = ["-m", "handraiser.cli"] if plain else ["-m", "tests.proof.twins", self.twin or "lawful"]
        self.process = self.product.spawn(*verb, self.name, PYTHONPATH=_ROOT, HANDRAISER_FAILPOINT=self.armed)

    def ready(self) -> bool:
        """True when it works."""
        if self.name == "web":
            connection = http.client.HTTPConnection("127.0.0.1", self.product.port, timeout=1)
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False
            finally:
                connection.close()
        if self.name == "loop":
            try:  # it takes the old socket away first
                return (self.product.home / "run" / "loop.sock").stat().st_mtime >= self.begun
            except FileNotFoundError:
                return False
        return time.time() > self.begun + _WARMING_S[self.name]

    def tick(self) -> None:
        """Kill it when its time has come, and start it again whenever it died."""
        if self.process.poll() is not None:
            assert self.process.returncode == -signal.SIGKILL and self.armed, self.product.log()[-8_000:]
            self.at_failpoints += 1
            self.left -= 1
            self.start()
        elif self.dies_at is None:
            assert time.time() < self.begun + 120, self.product.log()[-8_000:]
            if self.ready():
                longest = _LONGEST_ARMED_LIFE_S if self.armed else _LONGEST_LIFE_S
                self.dies_at = time.time() + (longest if self.armed else self.chance.uniform(0, longest))
        elif self.left > 0 and time.time() >= self.dies_at:
            self.end()
            self.left -= 1
            self.start()

    def end(self) -> None:
        """Without a word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def _end_imports(product: Product) -> None:
    """What a kill interrupted is taken up again after a minute, which has passed here."""
    unfinished = "select count(*) from imports_import where state != 'done'"
    product.script(_REVIVE)
    tasks = product.spawn("-m", "handraiser.cli", "tasks")
    until = time.monotonic() + 120
    while stores.ask(product.home, "records", unfinished) != [(0,)]:
        assert tasks.poll() is None and time.monotonic() < until, product.log()[-8_000:]
        time.sleep(0.2)
    tasks.kill()
    tasks.wait()


def run(
    firm: Firm,
    home: Path,
    postbox: Postbox,
    announce: Callable[[str], None],
    *,
    kills: dict[str, int],
    twin: str = "",
) -> Run:
    """Kill that often on a copy of this firm, while clients write; then let all come to rest and judge."""
    seed = random.randrange(10**6)
    who = twin or "the product"
    announce(f"kills of {who}: seed {seed}")
    chance = random.Random(seed)
    postbox.mails.clear()
    product = Product(home=databases.lay(home, like=firm.home), **_ALLOW)
    traffic = Traffic(product.port, firm.key, random.Random(seed + 1))
    number, rows = (business.IMPORTS, business.ROWS) if "tasks" in kills else (0, 0)
    imported = business.start_imports(product, home.parent / "csv", number=number, rows=rows, prefix="row")
    victims = [Victim(product, name, 0, chance, twin) for name in dict.fromkeys(("web", "loop", *kills))]
    try:
        while not all(victim.ready() for victim in victims):
            time.sleep(0.05)
        traffic.open_form(firm.form)
        for victim in victims:
            victim.left = kills.get(victim.name, 0)
        acts = [traffic.post_events, traffic.post_events, traffic.post_lead, traffic.post_form]
        with traffic.flowing(*acts, traffic.post_again):
            while any(victim.left > 0 for victim in victims):
                for victim in victims:
                    victim.tick()
                time.sleep(0.02)
        for victim in victims:
            victim.end()
        if imported:
            _end_imports(product)
    finally:
        for victim in victims:
            victim.end()
    product.settle()
    mails = [str(mail["Message-ID"]) for mail in postbox.mails]
    found = verdict.of(home, traffic, imported, mails, filled=firm.filled)
    assert not [status for _, status in traffic.answers if status >= 500 and status != 503], traffic.answers
    acknowledged = len(traffic.events) + len(traffic.leads) + len(traffic.forms)
    at_failpoints = sum(victim.at_failpoints for victim in victims)
    return Run(who, seed, Counter(kills), at_failpoints, acknowledged, found)


def caught(
    firm: Firm, folder: Path, postbox: Postbox, announce: Callable[[str], None], twin: str
) -> tuple[Run, int]:
    """Rounds of kills until the twin does harm: the last round, and its number."""
    for number in range(1, ROUNDS_OF_A_TWIN + 1):
        home = folder / f"{twin}-{number}"
        done = run(firm, home, postbox, announce, kills=KILLS_OF_A_TWIN, twin=twin)
        databases.sweep_away(home)
        if not done.found.clean:
            break
    return done, number
