"""Days of the journal into files of the lake: crash-safe, late events included, the forgotten left out.

A file is written beside its place, synced, renamed, its folder synced; then one change of the manifest says
that it counts. Killed before that, nothing has happened and the file is litter; killed after it, all has happened
and the rows in the journal are litter, which no reader sees. A file is never changed: late events, months and
forgetting make the next generation.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from handraiser.core.journal.lake import engine
from handraiser.core.journal.store import Sealed, Store, open_store
from handraiser.core.journal.store.rows import DAY_MS
from handraiser.kit import failpoints

log = logging.getLogger(__name__)

GRACE_MS = 3_600_000  # so long after midnight the relay may still bring events of yesterday
OPEN_DAY_ROWS = (
    50_000  # so many events of a day that is not over are sealed too: every question brings the rest over
)
MONTH_GRACE_DAYS = 3  # so long after its end a month waits for late events before it is sorted as one file
STILL_READ_MS = 3_600_000  # a question that began before a change may still read the file of before
SEEN_DAYS = 35  # so long at least a message that is sent again is known
_BUSY = 75  # sysexits.h: try again later
_LITTER_S = 3_600
_ROW_GROUP = 60_000
_LEVEL = 3
# By name first: a question reads the row groups of the names that it speaks of and skips all others; what is alike
# lies together and takes less room. Then by visitor, whose past is asked for when somebody becomes known.
_ORDER = "name, visitor, occurred_at, position"
_PRUNE_EVERY_DAYS = 7
_PRUNED = "seen_pruned_on"


class Busy(Exception):
    """Another process seals into this folder."""


@dataclass
class Done:
    """What a run did: files written, rows in them, rows deleted from the journal, message ids pruned."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    trimmed: int = 0
    pruned: int = 0


def today(at_ms: int) -> int:
    """The day of receipt that is open at this time, UTC."""
    return (at_ms - GRACE_MS) // DAY_MS


def due(store: Store, *, at_ms: int) -> bool:
    """Whether there is anything to seal, if the readers are far enough."""
    return bool(_full(store, before=today(at_ms)))


def run(store: Store, folder: Path, *, slowest: int, at_ms: int) -> Done:
    """Seal the days that are over and much of an open one, sort closed months, rewrite for the forgotten, tidy.

    `slowest` is the position of the reader that is furthest behind: nothing that it has not read is sealed.
    Raises Busy when another process is at it.
    """
    done = Done()
    with _alone(folder):
        tidy(store, folder, at_ms=at_ms)
        for days in _ready(store, slowest=slowest, before=today(at_ms)):
            _rewrite(store, folder, days, slowest=slowest, at_ms=at_ms, done=done)
        for days in _scattered_months(store, before=today(at_ms)):
            _rewrite(store, folder, days, slowest=slowest, at_ms=at_ms, done=done)
        _forget(store, folder, slowest=slowest, at_ms=at_ms, done=done)
        while removed := store.trim():
            done.trimmed += removed
            failpoints.reach("lake.trimmed")
        store.drop_emptied(before_day=today(at_ms))
        if int(store.meta(_PRUNED) or 0) <= today(at_ms) - _PRUNE_EVERY_DAYS:
            done.pruned = store.prune_seen(before_day=today(at_ms) - SEEN_DAYS)
            store.set_meta(_PRUNED, str(today(at_ms)))
    return done


def apart(*, path: str, conninfo: str, folder: Path, slowest: int, at_ms: int) -> Done:
    """`run` in a process of its own: the memory that the engine takes, and never gives back, goes with it.

    The journal is a path or a connection string. Raises Busy, and CalledProcessError for whatever ended it.
    """
    told = {"path": path, "conninfo": conninfo, "folder": str(folder), "slowest": slowest, "at_ms": at_ms}
    # By its input, for others see the words of a command.
    child = subprocess.run(
        [sys.executable, "-m", __name__], input=json.dumps(told), stdout=subprocess.PIPE, text=True
    )
    if child.returncode == _BUSY:
        raise Busy
    child.check_returncode()
    return Done(**json.loads(child.stdout))


def _main() -> int:
    told = json.load(sys.stdin)
    store = open_store(path=told["path"] or None, conninfo=told["conninfo"])
    try:
        done = run(store, Path(told["folder"]), slowest=told["slowest"], at_ms=told["at_ms"])
    except Busy:
        return _BUSY
    finally:
        store.close()
    json.dump(asdict(done), sys.stdout)
    return 0


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        yield


def _full(store: Store, *, before: int) -> dict[int, tuple[int, int]]:
    """Days with rows that are worth a file: {day: (lowest, highest position)}. Those of an open day are when they
    are many, also beside what its file holds by now, for that is written anew."""
    held = {one.day: one.rows for one in store.manifest()}
    return {
        day: (lowest, highest)
        for day, (rows, lowest, highest) in store.live_days().items()
        if day < before or rows >= max(OPEN_DAY_ROWS, held.get(day, 0) // 4)
    }


def _ready(store: Store, *, slowest: int, before: int) -> list[list[int]]:
    """Days to seal, each with those that share its file."""
    manifest = {one.day: one for one in store.manifest()}
    units: dict[str, list[int]] = {}
    for day, (lowest, highest) in _full(store, before=before).items():
        if lowest > slowest:
            continue
        known = manifest.get(day)
        if known is not None and known.file:
            units[known.file] = [one.day for one in manifest.values() if one.file == known.file]
        elif known is not None or highest <= slowest or day >= before:
            units[f"day {day}"] = [day]
    return list(units.values())


def _scattered_months(store: Store, *, before: int) -> list[list[int]]:
    """Closed months that lie in more than one file."""
    months: dict[str, list[Sealed]] = defaultdict(list)
    for one in store.manifest():
        months[_month(one.day)].append(one)
    waiting = {_month(day) for day in store.live_days()}
    closed = _month(before - MONTH_GRACE_DAYS)
    return [
        [one.day for one in days]
        for month, days in months.items()
        if month < closed and month not in waiting and len({one.file for one in days}) > 1
    ]


def _month(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY_MS / 1000, UTC):%Y-%m}"


def _name(days: Sequence[int], through: int) -> str:
    day = f"{datetime.fromtimestamp(days[0] * DAY_MS / 1000, UTC):%Y-%m-%d}"
    unit = day if len(days) == 1 else day[:7]
    return f"{unit}.{through}.{secrets.token_hex(4)}.parquet"


def _rewrite(
    store: Store,
    folder: Path,
    days: Sequence[int],
    *,
    slowest: int,
    at_ms: int,
    done: Done,
    keep_ms: int = STILL_READ_MS,
) -> None:
    """Write the next generation of these days as one file, and put it into the manifest."""
    before = [one for one in store.manifest() if one.day in set(days)]
    through = dict.fromkeys(days, 0) | {one.day: one.through for one in before}
    newest = dict(through)

    def live() -> Iterator[list[str]]:
        for day in days:
            for last, lines in store.of_day(day, after=through[day], through=slowest):
                newest[day] = last
                yield lines

    staging, unfinished = folder / "staging.tmp", folder / "file.tmp"
    with staging.open("wb") as opened:
        added = engine.write(live(), opened)
    name = _name(days, max(newest.values()))
    now = _write(
        unfinished,
        staging if added else None,
        sorted({folder / one.file for one in before if one.file}),
        forgotten=store.forgotten(),
        newest=newest,
        name=name,
    )
    staging.unlink()
    failpoints.reach("lake.written")
    if now:
        unfinished.rename(folder / name)
        _sync(folder)
    failpoints.reach("lake.renamed")
    kept = {one.day for one in now}
    # A day of which nothing is left keeps its row: what was live of it must stay covered.
    emptied = [Sealed(day, name if now else "", newest[day], 0) for day in days if day not in kept]
    store.seal(before, sorted([*now, *emptied], key=lambda one: one.day), at_ms=at_ms, keep_ms=keep_ms)
    failpoints.reach("lake.sealed")
    done.files.append(name)
    done.rows += sum(one.rows for one in now)


def _write(
    target: Path,
    staging: Path | None,
    files: Sequence[Path],
    *,
    forgotten: Sequence[tuple[str, int]],
    newest: dict[int, int],
    name: str,
) -> list[Sealed]:
    """One sorted, synced file of old files and new rows; returns what the manifest has to say of it.

    Raises RuntimeError if the file does not hold what went into it.
    """
    parts = [engine.in_files(files)] if files else []
    if staging is not None:
        parts.append(engine.staged(staging, for_file=True))
    if not parts:
        return []
    db = engine.connect(spill=target.parent / "spill")
    try:
        db.execute("create temp table forgotten(subject varchar, through bigint)")
        if forgotten:
            db.executemany("insert into forgotten values (?, ?)", list(forgotten))
        source = f"({' union all by name '.join(parts)}) e"
        wanted = f"from {source} {engine.NOT_FORGOTTEN if forgotten else ''}"
        copied = db.execute(
            f"copy (select e.* {wanted} order by {_ORDER}) to {engine.quoted(str(target))}"
            f" (format parquet, parquet_version v2, compression zstd, compression_level {_LEVEL},"
            f" row_group_size {_ROW_GROUP})"
        ).fetchall()[0][0]
        found = db.execute(
            f"select (occurred_at + lag) // {DAY_MS}, count(*), count(distinct position)"
            f" from read_parquet({engine.quoted(str(target))}) group by 1 order by 1"
        ).fetchall()
    finally:
        db.close()
    if sum(rows for _, rows, _ in found) != copied or any(rows != distinct for _, rows, distinct in found):
        raise RuntimeError(f"{name} does not hold each event once; the journal keeps these days")
    with target.open("rb") as written:
        os.fsync(written.fileno())
    return [Sealed(int(day), name, newest[int(day)], int(rows)) for day, rows, _ in found]


def _forget(store: Store, folder: Path, *, slowest: int, at_ms: int, done: Done) -> None:
    """Rewrite the files that hold somebody who is to be forgotten; the old ones go at once."""
    wanted = store.forgotten()
    if not wanted:
        return
    units: dict[str, list[int]] = defaultdict(list)
    for one in store.manifest():
        if one.file:
            units[one.file].append(one.day)
    db = engine.connect()
    try:
        db.execute("create temp table forgotten(subject varchar, through bigint)")
        db.executemany("insert into forgotten values (?, ?)", wanted)
        named = "(select subject from forgotten)"
        holding = [
            days
            for file, days in units.items()
            if db.execute(
                f"select 1 from ({engine.in_files([folder / file])})"
                f" where visitor in {named} or person in {named} limit 1"
            ).fetchall()
        ]
    finally:
        db.close()
    for days in holding:
        _rewrite(store, folder, days, slowest=slowest, at_ms=at_ms, done=done, keep_ms=0)
    tidy(store, folder, at_ms=at_ms)
    store.forgotten_everywhere(wanted)


def tidy(store: Store, folder: Path, *, at_ms: int) -> None:
    """Remove files that were replaced and are read no more, and what killed runs left lying."""
    for file in store.gone(at_ms=at_ms):
        (folder / file).unlink(missing_ok=True)
        _sync(folder)
        store.removed(file)
    known = {one.file for one in store.manifest()} | set(store.gone(at_ms=2**62))
    for path in folder.iterdir():
        if path.suffix == ".tmp":
            path.unlink()
        elif path.suffix in (".parquet", ".part") and path.name not in known and _age(path) > _LITTER_S:
            log.info("%s is in no manifest and was removed", path.name)
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # whoever asks removes its own
        return 0


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(_main())
