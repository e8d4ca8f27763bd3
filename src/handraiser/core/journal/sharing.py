"""How many loops may work on one instance: on SQLite one, on PostgreSQL as many as there are.

On SQLite a second loop could only wait for the first one's writes, so it is refused. On PostgreSQL loops share
the work folder by folder: who holds a folder ("qualify") runs its readers and its sweeps, so that inside a folder
things happen one after the other, as in one loop, and the others take another folder meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from handraiser.kit.errors import DomainError

log = logging.getLogger(__name__)

_TRIES = 5
_KIND = 0x6C6F6F70  # "loop": advisory locks of two numbers, apart from the journal's own of one


def _path() -> Path:
    return Path(settings.HOME) / "run" / "loop.lock"


class Place:
    """A loop's place in its data folder. Held from `take` to `leave`; the kernel lets go of it when we die."""

    def __init__(self, handle: int, *, first: bool) -> None:
        self._handle = handle
        self.first = first

    def turned(self) -> None:
        """Leave the mark of a turn, which `last_turn` reads."""
        if self.first:
            os.utime(self._handle)

    def leave(self) -> None:
        """Let the next one in."""
        os.close(self._handle)


def take() -> Place:
    """Take the loop's place in this data folder.

    On PostgreSQL a later loop works beside the first. Raises DomainError("second_loop") on SQLite.
    """
    handle = os.open(_path(), os.O_RDWR | os.O_CREAT, 0o600)
    if not _locked(handle):
        if connection.vendor == "postgresql":
            return Place(handle, first=False)
        holder = os.read(handle, 20).decode().strip()
        os.close(handle)
        raise DomainError("second_loop", _sentence(holder), kind="conflict")
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return Place(handle, first=True)


def _locked(handle: int) -> bool:
    for _ in range(_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.05)  # who only asks whether a loop works holds the file for a moment, too
    return False


def _sentence(holder: str) -> str:
    who = f" (process {holder})" if holder else ""
    return (
        f"A loop already works on {settings.HOME}{who}. On SQLite one loop does all the work: stop that one first,"
        " or give this one a data folder of its own with HANDRAISER_HOME. On PostgreSQL loops share the work."
    )


def refuse_a_second() -> None:
    """Raise what `take` would raise now, and hold nothing."""
    take().leave()


def is_working() -> bool:
    """True while a loop holds its place in this data folder."""
    try:
        handle = os.open(_path(), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def last_turn() -> float | None:
    """When the loop of this data folder last ended a turn, in seconds since 1970; None if there never was one."""
    try:
        return _path().stat().st_mtime
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def folder_of(name: str) -> Iterator[bool]:
    """Hold the folder of a reader or sweep ("qualify" of "qualify.scores"); False if another loop holds it."""
    if connection.vendor != "postgresql":
        yield True
        return
    number = zlib.crc32(name.partition(".")[0].encode()) - 2**31
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, %s)", (_KIND, number))
        got = bool(cursor.fetchone()[0])
    try:
        yield got
    finally:
        if got:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("select pg_advisory_unlock(%s, %s)", (_KIND, number))
            except DatabaseError:  # the connection broke, and the lock went with it
                log.warning("the folder of %s was let go with its connection", name)
