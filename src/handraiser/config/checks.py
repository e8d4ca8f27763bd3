"""What `handraiser doctor` looks at. It changes nothing, and may be asked while the product runs."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from handraiser.config import wiring
from handraiser.core.delivery import server
from handraiser.core.journal import health, history, sharing
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor
from handraiser.core.staff.models import Organisation, User
from handraiser.kit import clock

LEAST_FREE = 1 << 30
APART_SECONDS = 2.0
SILENT_SECONDS = 60
OLDEST_POSTGRES = 15
_SYNCHRONOUS = {"0": "OFF", "1": "NORMAL", "2": "FULL", "3": "EXTRA"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is fine, and what to do when it is not."""

    what: str
    ok: bool
    mend: str = ""


def run() -> list[Finding]:
    """Look at everything that an operator can get wrong, and at what time does to disks and clocks."""
    findings = [*_folder(), *_looked_at("the databases answer and are whole", _databases)]
    if not all(finding.ok for finding in findings if finding.what in _FIRST):
        return findings
    for what, look in (
        ("records are up to date", _migrations),
        ("the journal can be read", _spine),
        ("the product is set up", _product),
    ):
        findings += _looked_at(what, look)
        if not findings[-1].ok and look is _migrations:
            break
    return findings


_FIRST = ("the databases answer and are whole", "records are whole", "the journal is whole")


def _looked_at(what: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """A look that fails is a finding itself."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except (DatabaseError, sqlite3.Error, OSError) as error:
        found.append(Finding(what, False, f"{type(error).__name__}: {error}"))
    except Exception as error:  # what a driver says has no common name
        if type(error).__module__.partition(".")[0] not in ("psycopg", "duckdb"):
            raise
        found.append(Finding(what, False, f"{type(error).__name__}: {error}"))
    return found


def _folder() -> Iterator[Finding]:
    home = settings.HOME
    mode = home.stat().st_mode & 0o777
    yield Finding("data folder is private", mode == 0o700, f"chmod 700 {home} (it is {mode:o})")
    free = shutil.disk_usage(home).free
    yield Finding("disk has room", free > LEAST_FREE, f"only {free >> 20} MiB are free at {home}")
    yield Finding("debug is off", not settings.DEBUG, "unset HANDRAISER_DEBUG on a public machine")
    probe = home / "run" / "clock.probe"
    try:
        probe.write_bytes(b"")
        apart = probe.stat().st_mtime - time.time()
        probe.unlink()
    except OSError as error:
        yield Finding("data folder can be written", False, f"{error.strerror} at {home}")
        return
    yield Finding(
        "clock and file system agree",
        abs(apart) < APART_SECONDS,
        f"the clock of {home} is {apart:+.0f} s from this machine's: set both by NTP",
    )


def _databases() -> Iterator[Finding]:
    if connection.vendor == "sqlite":
        for name, path in (("records are whole", _path("default")), ("the cache is whole", _path("cache"))):
            yield _whole(name, path)
        yield _whole("the journal is whole", Path(settings.JOURNAL_PATH))
        with connection.cursor() as cursor:
            found = {name: str(cursor.execute(f"pragma {name}").fetchone()[0]) for name in _WANTED}
        yield _durable("records", found)
        yield _durable("the journal", journal().durability())
        return
    with connection.cursor() as cursor:
        cursor.execute("select extract(epoch from clock_timestamp()), current_setting('server_version_num')")
        told, version = cursor.fetchone()
    apart = float(told) - time.time()
    yield Finding(
        "clock and database agree",
        abs(apart) < APART_SECONDS,
        f"the database's clock is {apart:+.0f} s from this machine's: set both by NTP",
    )
    major = int(version) // 10_000
    yield Finding(
        "PostgreSQL is new enough",
        major >= OLDEST_POSTGRES,
        f"it is {major}; Handraiser needs {OLDEST_POSTGRES} or newer",
    )
    weak = {name: value for name, value in journal().durability().items() if value == "off"}
    yield Finding(
        "what is acknowledged survives a power cut",
        not weak,
        f"set {', '.join(f'{name}=on' for name in weak)} in postgresql.conf",
    )


_WANTED = ("journal_mode", "synchronous")


def _path(alias: str) -> Path:
    return Path(str(connections[alias].settings_dict["NAME"]))


def _whole(what: str, path: Path) -> Finding:
    if not path.exists():
        return Finding(
            what, False, f"{path} is missing: restore it from a backup, or run: handraiser migrate"
        )
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=20)
        ) as db:
            said = [row[0] for row in db.execute("pragma quick_check(3)")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    return Finding(what, said == ["ok"], f"{path}: {said[0]}. Stop the product and restore a backup")


def _durable(name: str, found: dict[str, str]) -> Finding:
    synchronous = _SYNCHRONOUS.get(found["synchronous"], found["synchronous"])
    mode = found["journal_mode"].upper()
    return Finding(
        f"{name} survive{'s' if name.startswith('the') else ''} a power cut",
        mode == "WAL" and synchronous in ("FULL", "EXTRA"),
        f"journal_mode is {mode} and synchronous {synchronous}, not WAL and FULL:"
        " put the data folder on a local file system",
    )


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    yield Finding("records are up to date", not plan, "run: handraiser upgrade")


def _spine() -> Iterator[Finding]:
    store = journal()
    now = clock.now()
    head, epoch = store.head(), store.epoch()
    strangers = [
        cursor.reader for cursor in Cursor.objects.all() if cursor.epoch != epoch or cursor.position > head
    ]
    yield Finding(
        "readers match the journal",
        not strangers,
        f"{', '.join(strangers)} read another journal: restore records and journal from one backup",
    )
    newest = store.read(after=head - 1, limit=1) if head else []
    ahead = (clock.from_ms(newest[0].received_at) - now).total_seconds() if newest else 0
    yield Finding(
        "the clock runs forward",
        ahead < APART_SECONDS,
        f"the newest event is {ahead:.0f} s in the future: the clock was set back. Set it by NTP",
    )
    lags = health.lags(wiring.READERS, at=now)
    late = [lag for lag in lags if lag.seconds > health.LATE.total_seconds()]
    told = ", ".join(f"{lag.reader} ({lag.events} events, {lag.seconds / 60:.0f} min)" for lag in late)
    yield Finding(
        "readers keep up", not late, f"behind: {told}. Is the loop running? See: handraiser journal"
    )
    parked = {lag.reader: lag.parked for lag in lags if lag.parked}
    yield Finding(
        "no event is parked",
        not parked,
        f"{', '.join(f'{n} of {reader}' for reader, n in parked.items())} wait at /admin/settings/journal/",
    )
    turned = sharing.last_turn()
    silent = time.time() - turned if turned is not None and sharing.is_working() else 0
    yield Finding(
        "the loop turns",
        silent < SILENT_SECONDS,
        f"it has not ended a turn for {silent:.0f} s: look at its log, then start it anew",
    )
    gone = history.missing()
    yield Finding(
        "every sealed day is there",
        not gone,
        f"restore {', '.join(gone[:3])} in {settings.LAKE_ROOT} from a backup",
    )
    torn = history.damaged()
    yield Finding(
        "every sealed day can be read",
        not torn,
        f"restore {', '.join(torn[:3])} in {settings.LAKE_ROOT} from a backup: damaged",
    )


def _product() -> Iterator[Finding]:
    organisation = Organisation.get()
    yield Finding(
        "somebody can sign in",
        User.objects.filter(role="owner", is_active=True).exists(),
        "run: handraiser up, which makes the first owner",
    )
    yield Finding(
        "marketing mail names its sender",
        settings.DEMO or bool(organisation.postal_address and organisation.sender_email),
        "set sender and postal address at /admin/settings/organisation/",
    )
    yield _mail(organisation)


def _mail(organisation: Organisation) -> Finding:
    what = "mail can be sent"
    if settings.DEMO:
        return Finding(what, True)
    if not organisation.smtp_host:
        return Finding(what, False, "set the mail server at /admin/settings/mail/")
    try:
        with server.Session(server.of(organisation)):
            return Finding(what, True)
    except server.Unreachable as error:
        return Finding(what, False, f"{error} See /admin/settings/mail/")
