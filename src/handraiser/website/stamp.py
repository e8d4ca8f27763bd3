"""The site's stamp: a word that changes, in the same transaction, with everything public pages are made of.

Triggers of the database write it, so no way of changing a page is forgotten: editors, forms that go live, settings,
bulk updates, another process. Equal stamps mean equal pages. A random word, not a count: what was rolled back and
done otherwise must not meet its own number again.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import DatabaseError, connection
from django.http import HttpRequest
from wagtail.contrib.redirects.models import Redirect
from wagtail.models import Locale, Page, PageViewRestriction, Site, get_page_models

from handraiser.capture.models import Form
from handraiser.core.staff.models import Organisation
from handraiser.website.models import SiteDocument, SitePicture, SiteStamp

T = TypeVar("T")

_TABLE = SiteStamp._meta.db_table
_MOST = 2_000  # values kept in memory: pages by address, and a few others
LOOK_AGAIN_SECONDS = 0.5  # on PostgreSQL


def _tables() -> list[str]:
    """What public pages are made of. Versions of forms are immutable: their form says which one is live."""
    models = {Page, *get_page_models(), Site, Locale, PageViewRestriction, Redirect}
    models |= {SitePicture, SiteDocument, Form, Organisation}
    return sorted(model._meta.db_table for model in models)


def watch() -> None:
    """Have the database change the stamp from now on. Doing it twice changes nothing."""
    SiteStamp.objects.get_or_create(id=1, defaults={"word": "0"})
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for table in _tables():
                for change in ("insert", "update", "delete"):
                    cursor.execute(
                        f"create trigger if not exists {_TABLE}_{table}_{change} after {change} on {table}"
                        f" begin update {_TABLE} set word = lower(hex(randomblob(16))); end"
                    )
            return
        cursor.execute(
            f"create or replace function {_TABLE}() returns trigger language plpgsql as"
            f" $$ begin update {_TABLE} set word = gen_random_uuid()::text; return null; end $$"
        )
        for table in _tables():
            cursor.execute(
                f"create or replace trigger {_TABLE} after insert or update or delete on {table}"
                f" for each statement execute function {_TABLE}()"
            )


def current() -> str:
    """The stamp as this thread's connection sees it; "" before the stores are prepared."""
    with connection.cursor() as cursor:
        cursor.execute(f"select word from {_TABLE} where id = 1")
        row = cursor.fetchone()
    return str(row[0]) if row else ""


class Known:
    """Values that were made from the records and hold as long as the stamp does."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, tuple[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, stamp: str, key: Hashable, make: Callable[[], T]) -> T:
        """The value under this key, made anew when the site changed since. `stamp` was read before."""
        with self._lock:
            found = self._values.get(key)
            if found is not None and found[0] == stamp:
                self._values.move_to_end(key)
                return found[1]  # type: ignore[no-any-return]
        value = make()
        with self._lock:
            self._values[key] = (stamp, value)
            self._values.move_to_end(key)
            if len(self._values) > _MOST:
                self._values.popitem(last=False)
        return value


_known = Known()


def kept(request: HttpRequest, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, kept in memory until the site changes; the stamp is read once a request."""
    if not hasattr(request, "site_stamp"):
        request.site_stamp = current()  # type: ignore[attr-defined]
    return _known.get(request.site_stamp, key, make)  # type: ignore[attr-defined]


class Watcher:
    """Reads the stamp for the door in front of Django, from its event loop.

    On SQLite a look at the file's change counter costs microseconds, so what was just published is served with the
    next request. On PostgreSQL the stamp may be half a second old.
    """

    def __init__(self, *, path: str = "") -> None:
        """`path` of the records if they are a SQLite file."""
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._version = -1
        self._word = ""
        self._looked = float("-inf")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stamp")

    async def __call__(self) -> str:
        """The stamp; "" if it cannot be read, and then nothing may be kept."""
        if self._path:
            try:
                return self._from_file()
            except sqlite3.Error:
                self._close_file()
                return ""
        if time.monotonic() - self._looked > LOOK_AGAIN_SECONDS:
            looked = time.monotonic()
            self._word = await asyncio.get_running_loop().run_in_executor(self._thread, _asked)
            self._looked = looked
        return self._word

    def _from_file(self) -> str:
        if self._db is None:
            self._db = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=0.1)
        version = self._db.execute("pragma data_version").fetchone()[0]
        if version != self._version:
            row = self._db.execute(f"select word from {_TABLE} where id = 1").fetchone()
            # A change between the two looks shows at the next one.
            self._word, self._version = (str(row[0]) if row else ""), version
        return self._word

    def _close_file(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db, self._version = None, -1

    def close(self) -> None:
        """Release what is open."""
        self._close_file()
        self._thread.submit(connection.close)
        self._thread.shutdown()


def _asked() -> str:
    try:
        return current()
    except DatabaseError:
        connection.close()  # the next look opens it anew
        return ""
